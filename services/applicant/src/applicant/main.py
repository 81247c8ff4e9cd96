"""The applicant service put together: its features' routes, its handlers, its jobs, its tables."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from applicant.applications.commands import pass_over_supplement
from applicant.applications.jobs import Registers, ask_registers
from applicant.consumers import HANDLERS
from applicant.deadlines.commands import DeadlineKind
from applicant.deadlines.jobs import work_deadlines
from applicant.documents.jobs import SweepDocuments
from applicant.inspections.jobs import fail_overdue_inspections
from applicant.notices.jobs import Mail, deliver_notices
from applicant.projects.commands import lapse_project
from applicant.selections.jobs import work_decisions, work_rankings
from applicant.settings import Settings
from applicant.standings.jobs import ask_standings
from applicant.tables import Tables
from common.errors import Text
from common.jobs import Job
from common.objects import FolderObjects
from common.parked import ParkedEventRoles
from common.service import Service, run
from contracts.documents import DOCUMENTS
from contracts.roles import PARKED_EVENT_MENDERS, PARKED_EVENT_READERS, tenant_fits

if TYPE_CHECKING:
    from fastapi import APIRouter


ACTS = {
    DeadlineKind.SUPPLEMENT: pass_over_supplement,
    DeadlineKind.AGREEMENT_SIGNATURES: lapse_project,
}
"""What the passing of a deadline does to its case, where it does anything."""


def _jobs(settings: Settings) -> Sequence[Job]:
    registers = Registers(settings)
    return (
        partial(ask_registers, registers, settings),
        partial(ask_standings, registers, settings),
        partial(work_deadlines, ACTS),
        partial(deliver_notices, Mail(settings), settings),
        fail_overdue_inspections,
        work_rankings,
        work_decisions,
        SweepDocuments(FolderObjects(settings.documents()), settings),
    )


def _routers() -> "Sequence[APIRouter]":
    from applicant.routes import ROUTERS  # noqa: PLC0415  a worker serves none, and holds none in memory

    return ROUTERS


SERVICE = Service(
    name="applicant",
    title=Text(
        ko="신청 서비스: 기업, 모집공고, 신청, 요건검토, 평가, 선정, 협약, 점검, 이의신청, 기한과 통지",
        en="Applicant: companies, calls, applications, screening, evaluation, selection, agreements, inspections,"
        " objections, deadlines and notices",
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
    """`applicant api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
