"""The funding service put together: its features' routes, its handlers, its tables."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import Text
from common.jobs import Job
from common.parked import ParkedEventRoles
from common.service import Service, run
from contracts.documents import DOCUMENTS
from contracts.roles import PARKED_EVENT_MENDERS, PARKED_EVENT_READERS, tenant_fits
from funding.consumers import HANDLERS
from funding.lapse_warnings.jobs import warn_of_lapses
from funding.recoveries.jobs import close_recoveries
from funding.releases.jobs import (
    Bank,
    end_overtaken_findings,
    end_unpayable_releases,
    post_payments,
    settle_orders,
)
from funding.settings import Settings
from funding.settlements.jobs import close_settlements
from funding.tables import Tables

if TYPE_CHECKING:
    from fastapi import APIRouter


def _jobs(settings: Settings) -> Sequence[Job]:
    return (
        partial(settle_orders, Bank(settings), settings),
        post_payments,
        end_overtaken_findings,
        end_unpayable_releases,
        close_settlements,
        close_recoveries,
        warn_of_lapses,
    )


def _routers() -> "Sequence[APIRouter]":
    from funding.routes import ROUTERS  # noqa: PLC0415  a worker serves none, and holds none in memory

    return ROUTERS


SERVICE = Service(
    name="funding",
    title=Text(
        ko="예산 서비스: 재원별 예산, 분담 규칙, 예산 확정, 재원 확보, 자부담, 지급, 정산, 환수, 원장",
        en="Funding: budgets, split rules, commitments, coverage, self-pay, releases, settlements, clawbacks, ledger",
    ),
    settings=Settings,
    routers=_routers,
    handlers=HANDLERS,
    jobs=_jobs,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    parked_event_roles=ParkedEventRoles(read=PARKED_EVENT_READERS, mend=PARKED_EVENT_MENDERS),
    tenant_fits=tenant_fits,
    documents=DOCUMENTS,
    openapi=Path(__file__).with_name("openapi.json"),
)


def cli() -> int:
    """`funding api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
