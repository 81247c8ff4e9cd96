"""A company writes its application."""

from datetime import datetime
from uuid import UUID

from applicant.applications.commands.accounts import record_decision
from applicant.applications.domain import case
from applicant.applications.domain.case import Application, ApplicationStatus, Plan
from applicant.applications.store import cases
from applicant.calls import queries as calls
from applicant.companies import queries as companies
from common.auth import Principal
from common.db import Transaction
from common.event import new_id


async def draft_application(
    tx: Transaction,
    *,
    call_id: UUID,
    type_code: str,
    worksite_id: UUID,
    plan: Plan,
    by: Principal,
    now: datetime,
) -> Application:
    """Start an application of one worksite to one type of a published call, before its window closes."""
    company_id = companies.own_company_id(by)
    worksite = await companies.get_own_worksite(tx, company_id, worksite_id)
    call = await calls.get_published_call(tx, call_id)
    calls.project_type(call.terms, type_code)
    application = case.draft(
        Application(
            id=new_id(),
            company_id=company_id,
            call_id=call.id,
            fiscal_year=call.terms.fiscal_year,
            type_code=type_code,
            worksite_id=worksite.id,
            municipality_code=worksite.facts.municipality_code,
            plan=plan,
            status=ApplicationStatus.DRAFT,
            created_at=now,
            version=1,
        ),
        closes_at=call.terms.closes_at,
        now=now,
    )
    await cases.add_application(tx, application)
    await record_decision(tx, application, "application-drafted", by=by, now=now, facts={"call_id": str(call.id)})
    return application


async def revise_application(
    tx: Transaction,
    application_id: UUID,
    changes: dict[str, object],
    *,
    read_version: int,
    by: Principal,
    now: datetime,
) -> Application:
    """Change some fields of a draft's plan."""
    application = await lock_own(tx, application_id, by)
    case.check_version(application, read_version)
    saved = await cases.save_application(tx, case.revise(application, changes))
    await record_decision(tx, saved, "application-revised", by=by, now=now, facts={"changed": sorted(changes)})
    return saved


async def lock_own(tx: Transaction, application_id: UUID, by: Principal) -> Application:
    """The caller's own company's application under its row lock; another company's does not exist for the caller."""
    application = await cases.get_application(tx, application_id, lock=True)
    check_own(application, by)
    return application


def check_own(application: Application, by: Principal) -> None:
    """Raise ApplicationNotFound unless it is the caller's own company's."""
    if application.company_id != companies.own_company_id(by):
        raise case.ApplicationNotFound
