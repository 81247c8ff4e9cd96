"""What a company does about itself: register, add a worksite, give a worksite its factory registration."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from applicant.accounts.commands import record_owner
from applicant.companies import domain, store
from applicant.companies.domain import (
    Company,
    CompanyFacts,
    Worksite,
    WorksiteFacts,
    checked_business_number,
    checked_contact_email,
    checked_corporate_number,
    checked_ksic_code,
    counted_municipality,
)
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id

__all__ = [
    "CompanyFacts",
    "WorksiteFacts",
    "add_worksite",
    "change_contact",
    "checked_business_number",
    "checked_contact_email",
    "checked_corporate_number",
    "checked_ksic_code",
    "counted_municipality",
    "record_factory_registration",
    "register_company",
]


async def register_company(
    tx: Transaction, company_id: UUID, facts: CompanyFacts, *, by: Principal, now: datetime
) -> Company:
    """Register the company that the owner's token speaks for."""
    company = Company(company_id, facts, version=1)
    await store.add_company(tx, company)
    await record_owner(tx, company.id, by=by, now=now)
    await journal.record(
        tx,
        chain=f"company/{company.id}",
        decision="company-registered",
        by=by,
        at=now,
        facts={"size_class": facts.size_class.value, "ksic_code": facts.ksic_code, "employees": facts.employees},
    )
    return company


async def change_contact(
    tx: Transaction, company_id: UUID, email: str, *, read_version: int, by: Principal, now: datetime
) -> Company:
    """Change where the company's notices go; the journal keeps that it was done, not what was written."""
    company = await store.get_company(tx, company_id)
    domain.check_version(company, read_version)
    facts = replace(company.facts, contact_email=checked_contact_email(email))
    saved = await store.save_contact(tx, replace(company, facts=facts))
    await journal.record(
        tx,
        chain=f"company/{company_id}",
        decision="contact-changed",
        by=by,
        at=now,
        facts={"company_version": saved.version},
    )
    return saved


async def add_worksite(
    tx: Transaction, company_id: UUID, facts: WorksiteFacts, *, by: Principal, now: datetime
) -> Worksite:
    """Add a plant of the company; where it stands decides which municipality may fund it."""
    await store.get_company(tx, company_id)
    worksite = Worksite(new_id(), company_id, facts, version=1)
    await store.add_worksite(tx, worksite)
    await journal.record(
        tx,
        chain=f"company/{company_id}",
        decision="worksite-added",
        by=by,
        at=now,
        facts={
            "worksite_id": str(worksite.id),
            "code_as_written": facts.code_as_written,
            "municipality_code": facts.municipality_code,
        },
    )
    return worksite


async def record_factory_registration(
    tx: Transaction, worksite_id: UUID, number: str, *, by: Principal, now: datetime
) -> Worksite:
    """Put a factory registration on a worksite that had none, or another one (rule R-13, answered by a supplement)."""
    worksite = await store.get_worksite(tx, worksite_id, lock=True)
    changed = replace(worksite, facts=replace(worksite.facts, factory_registration_number=number))
    saved = await store.save_worksite(tx, changed)
    await journal.record(
        tx,
        chain=f"company/{worksite.company_id}",
        decision="factory-registration-recorded",
        by=by,
        at=now,
        facts={"worksite_id": str(worksite.id), "worksite_version": saved.version},
    )
    return saved
