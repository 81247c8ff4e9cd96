"""The mentoring service, put together: which features, which handlers, and the processes they become."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from common.consumer.projection import Projection
from common.errors import Text
from common.jobs import Job
from common.parked import ParkedEventRoles
from common.service import Service, run
from contracts.documents import DOCUMENTS
from contracts.roles import PARKED_EVENT_MENDERS, PARKED_EVENT_READERS, tenant_fits
from mentoring.consumers import HANDLERS, PROJECTED
from mentoring.plans.jobs import answer_what_ifs, match_plans
from mentoring.residencies.jobs import lapse_residencies
from mentoring.settings import Settings
from mentoring.tables import Tables

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routers() -> "Sequence[APIRouter]":
    from mentoring.routes import ROUTERS  # noqa: PLC0415  a worker serves none, and holds none in memory

    return ROUTERS


def _jobs(settings: Settings) -> Sequence[Job]:
    return (partial(match_plans, settings), partial(answer_what_ifs, settings), lapse_residencies)


SERVICE = Service(
    name="mentoring",
    title=Text("멘토링", "Mentoring"),
    settings=Settings,
    routers=_routers,
    handlers=HANDLERS,
    jobs=_jobs,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    projection=Projection(tables=("waiting_project", "project_pause"), events=PROJECTED),
    parked_event_roles=ParkedEventRoles(read=PARKED_EVENT_READERS, mend=PARKED_EVENT_MENDERS),
    tenant_fits=tenant_fits,
    documents=DOCUMENTS,
    openapi=Path(__file__).with_name("openapi.json"),
)


def cli() -> int:
    """`mentoring api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
