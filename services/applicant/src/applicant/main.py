"""The applicant service put together: its features' routes, its handlers, its jobs, its tables."""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from applicant.accounts.api.appointments import routes as appointments
from applicant.accounts.api.revocations import routes as revocations
from applicant.accounts.api.staff import routes as staff
from applicant.agreements.api import routes as agreements
from applicant.applications.api.company import routes as applying
from applicant.applications.api.company import withdrawal_routes
from applicant.applications.api.operator import routes as screening
from applicant.applications.api.reading import reading_routes
from applicant.applications.jobs import Registers, ask_registers
from applicant.calls.api import publishing_routes
from applicant.calls.api import routes as calls
from applicant.companies.api import routes as companies
from applicant.consumers import HANDLERS
from applicant.disclosures.api import routes as disclosures
from applicant.evaluations.api import routes as evaluations
from applicant.evaluations.queries import assigned_cases
from applicant.projects.api import routes as projects
from applicant.projects.commands import AgreementInForce, withdraw_project_of
from applicant.projects.jobs import lapse_agreements
from applicant.seat_offers.api import routes as seat_offers
from applicant.seat_offers.queries import confirmed_seats
from applicant.selections.api import routes as selections
from applicant.settings import Settings
from applicant.tables import Tables
from common.errors import Text
from common.jobs import Job
from common.service import Service, run
from common.web.parked_events import ParkedEventRoles
from contracts.documents import DOCUMENTS
from contracts.roles import PARKED_EVENT_MENDERS, PARKED_EVENT_READERS, tenant_fits


def _jobs(settings: Settings) -> Sequence[Job]:
    return (partial(ask_registers, Registers(settings), settings), lapse_agreements)


SERVICE = Service(
    name="applicant",
    title=Text(
        ko="신청 서비스: 기업, 모집공고, 신청, 요건검토, 평가, 선정, 협약",
        en="Applicant: companies, calls, applications, screening, evaluation, selection, agreements",
    ),
    settings=Settings,
    routers=(
        disclosures,
        revocations,
        appointments,
        staff,
        companies,
        calls,
        publishing_routes(confirmed_seats),
        seat_offers,
        applying,
        withdrawal_routes(withdraw_project_of, AgreementInForce),
        reading_routes(assigned_cases),
        screening,
        evaluations,
        agreements,
        projects,
        selections,
    ),
    handlers=HANDLERS,
    jobs=_jobs,
    migrations=Path(__file__).parents[2] / "migrations",
    tables=Tables.metadata,
    parked_event_roles=ParkedEventRoles(read=PARKED_EVENT_READERS, mend=PARKED_EVENT_MENDERS),
    tenant_fits=tenant_fits,
    documents=DOCUMENTS,
)


def cli() -> int:
    """`applicant api | worker | migrate`."""
    return run(SERVICE)


if __name__ == "__main__":
    sys.exit(cli())
