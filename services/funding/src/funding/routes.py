"""The routes that the API of this service serves, feature after feature."""

from collections.abc import Sequence

from fastapi import APIRouter

from funding.archives.api import routes as archives
from funding.budgets.api import routes as budgets
from funding.carry_overs.api import routes as carry_overs
from funding.commitments.api import routes as commitments
from funding.coverages.api import routes as coverages
from funding.lapse_warnings.api import routes as lapse_warnings
from funding.ledger.api import routes as ledger
from funding.lookbacks.api import routes as lookbacks
from funding.memoranda.api import routes as memoranda
from funding.recoveries.api import routes as recoveries
from funding.releases.api import routes as releases
from funding.repayments.api import routes as repayments
from funding.self_payments.api import routes as self_payments
from funding.settlements.api import routes as settlements
from funding.splits.api import routes as splits
from funding.standings.api import routes as standings

ROUTERS: Sequence[APIRouter] = (
    ledger,
    budgets,
    splits,
    memoranda,
    carry_overs,
    lapse_warnings,
    commitments,
    coverages,
    self_payments,
    standings,
    releases,
    repayments,
    settlements,
    recoveries,
    lookbacks,
    archives,
)
