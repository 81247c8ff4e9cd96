"""What is known of companies and worksites, for their own people, for officials, and for later features."""

from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from applicant.companies import store
from applicant.companies.domain import Company, CompanyNotFound, SizeClass, Worksite, WorksiteNotFound
from applicant.companies.store import WorksiteRow
from common.auth import Principal
from common.db import Transaction
from common.web import View
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, Role

__all__ = [
    "Company",
    "CompanyNotFound",
    "SizeClass",
    "Worksite",
    "check_own",
    "company_view",
    "contacts_of",
    "get_company",
    "get_own_worksite",
    "own_company_id",
    "seen_by",
    "view_company",
    "view_worksites",
]

contacts_of = store.contacts_of
"""Where notices go, by company: for the worker that delivers them, and nobody else."""

get_company = store.get_company
"""One company, whoever asks: for the commands of later features."""


class CompanyView(View):
    id: UUID
    business_number: str
    corporate_number: str | None
    name: str
    representative_name: str
    size_class: SizeClass
    ksic_code: str
    ksic_revision: str
    annual_sales_won: int
    employees: int
    supported_before: bool
    head_office_address: str
    contact_email: str | None
    version: int


class WorksiteView(View):
    id: UUID
    company_id: UUID
    name: str
    municipality_code: str
    code_as_written: str
    address: str
    factory_registration_number: str | None
    manufacturing_floor_m2: int
    in_industrial_complex: bool
    version: int


class WorksiteList(View):
    """All worksites of one company; there are few, so the list has no pages."""

    items: list[WorksiteView]


def own_company_id(by: Principal) -> UUID:
    """The company that a company's person speaks for: the tenant of the token."""
    try:
        return UUID(by.tenant or "")
    except ValueError:
        raise CompanyNotFound from None


def check_own(company_id: UUID, by: Principal) -> None:
    """Raise CompanyNotFound unless the caller's token speaks for this company."""
    if company_id != own_company_id(by):
        raise CompanyNotFound


def seen_by(
    by: Principal,
    company_id: ColumnElement[UUID] | InstrumentedAttribute[UUID],
    municipality_code: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
    *supplier_numbers: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
) -> ColumnElement[bool]:
    """Of rows that belong to a firm, a municipality and perhaps a supplier: each its own, the programme's staff all."""
    if by.role in COMPANY_ROLES:
        return company_id == own_company_id(by)
    if by.role in MUNICIPALITY_ROLES:
        return municipality_code == by.tenant
    if by.role == Role.SUPPLIER and supplier_numbers:
        return or_(*(number == by.tenant for number in supplier_numbers))
    return true()


async def get_own_worksite(tx: Transaction, company_id: UUID, worksite_id: UUID) -> Worksite:
    """A worksite of this company; another company's does not exist for it."""
    worksite = await store.get_worksite(tx, worksite_id)
    if worksite.company_id != company_id:
        raise WorksiteNotFound
    return worksite


async def view_company(tx: Transaction, company_id: UUID, *, by: Principal) -> CompanyView:
    """One company, if it is the caller's own, in the caller's municipality, or the caller is the programme's staff."""
    await _check_visible(tx, company_id, by)
    return company_view(await store.get_company(tx, company_id))


async def view_worksites(tx: Transaction, company_id: UUID, *, by: Principal) -> WorksiteList:
    """The company's worksites; a municipality sees those in its own area only."""
    await _check_visible(tx, company_id, by)
    worksites = await store.worksites_of(tx, company_id)
    if by.role in MUNICIPALITY_ROLES:
        worksites = tuple(each for each in worksites if each.facts.municipality_code == by.tenant)
    return WorksiteList(items=[worksite_view(each) for each in worksites])


def company_view(company: Company) -> CompanyView:
    facts = company.facts
    return CompanyView(
        id=company.id,
        business_number=facts.business_number,
        corporate_number=facts.corporate_number,
        name=facts.name,
        representative_name=facts.representative_name,
        size_class=facts.size_class,
        ksic_code=facts.ksic_code,
        ksic_revision=facts.ksic_revision,
        annual_sales_won=facts.annual_sales_won,
        employees=facts.employees,
        supported_before=facts.supported_before,
        head_office_address=facts.head_office_address,
        contact_email=facts.contact_email,
        version=company.version,
    )


def worksite_view(worksite: Worksite) -> WorksiteView:
    facts = worksite.facts
    return WorksiteView(
        id=worksite.id,
        company_id=worksite.company_id,
        name=facts.name,
        municipality_code=facts.municipality_code,
        code_as_written=facts.code_as_written,
        address=facts.address,
        factory_registration_number=facts.factory_registration_number,
        manufacturing_floor_m2=facts.manufacturing_floor_m2,
        in_industrial_complex=facts.in_industrial_complex,
        version=worksite.version,
    )


async def _check_visible(tx: Transaction, company_id: UUID, by: Principal) -> None:
    if by.role in COMPANY_ROLES:
        check_own(company_id, by)
    if by.role in MUNICIPALITY_ROLES:
        in_area = (WorksiteRow.company_id == company_id) & (WorksiteRow.municipality_code == by.tenant)
        if not (await tx.execute(select(exists().where(in_area)))).scalar_one():
            raise CompanyNotFound
    await store.get_company(tx, company_id)
