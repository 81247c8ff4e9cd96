"""The funding service put together: its features' routes, its handlers, its tables."""

import sys
from pathlib import Path

from common.errors import Text
from common.service import Service, run
from common.web.parked_events import ParkedEventRoles
from contracts.documents import DOCUMENTS
from contracts.roles import PARKED_EVENT_MENDERS, PARKED_EVENT_READERS, tenant_fits
from funding.budgets.api import routes as budgets
from funding.commitments.api import routes as commitments
from funding.consumers import HANDLERS
from funding.coverages.api import routes as coverages
from funding.ledger.api import routes as ledger
from funding.self_payments.api import routes as self_payments
from funding.settings import Settings
from funding.splits.api import routes as splits
from funding.tables import Tables

SERVICE = Service(
    name="funding",
    title=Text(
        ko="예산 서비스: 재원별 예산, 분담 규칙, 예산 확정, 재원 확보, 자부담, 원장",
        en="Funding: budgets by source, split rules, commitments, coverage, self-pay, the ledger",
    ),
    settings=Settings,
    routers=(ledger, budgets, splits, commitments, coverages, self_payments),
    handlers=HANDLERS,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    parked_event_roles=ParkedEventRoles(read=PARKED_EVENT_READERS, mend=PARKED_EVENT_MENDERS),
    tenant_fits=tenant_fits,
    documents=DOCUMENTS,
)


def cli() -> int:
    """`funding api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
