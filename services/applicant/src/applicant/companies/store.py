"""Companies and worksites in PostgreSQL. The names and addresses here never leave this service."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, bindparam, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from applicant.companies.domain import (
    Company,
    CompanyAlreadyRegistered,
    CompanyFacts,
    CompanyHasChanged,
    CompanyNotFound,
    SizeClass,
    Worksite,
    WorksiteAlreadyRegistered,
    WorksiteFacts,
    WorksiteNotFound,
)
from applicant.tables import Tables
from common.db import Transaction
from common.prepared import Prepared, Row
from common.versions import save_locked, save_next_row
from contracts.types import BusinessNumber, MunicipalityCode, Won


class CompanyRow(Tables):
    __tablename__ = "company"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    business_number: Mapped[str] = mapped_column(unique=True)
    corporate_number: Mapped[str | None]
    name: Mapped[str]
    representative_name: Mapped[str]
    size_class: Mapped[str]
    ksic_code: Mapped[str]
    ksic_revision: Mapped[str]
    annual_sales_won: Mapped[int]
    employees: Mapped[int]
    supported_before: Mapped[bool]
    head_office_address: Mapped[str]
    contact_email: Mapped[str | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("size_class IN ('SMALL', 'MEDIUM', 'MID_SIZED', 'LARGE')", name="size_class"),
        CheckConstraint("annual_sales_won >= 0", name="annual_sales"),
        CheckConstraint("employees >= 0", name="employees"),
    )


class WorksiteRow(Tables):
    __tablename__ = "worksite"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("company.id"))
    name: Mapped[str]
    code_as_written: Mapped[str]
    recorded_on: Mapped[date]
    municipality_code: Mapped[str] = mapped_column(index=True)
    address: Mapped[str]
    factory_registration_number: Mapped[str | None]
    manufacturing_floor_m2: Mapped[int]
    in_industrial_complex: Mapped[bool]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("company_id", "name"),
        CheckConstraint("municipality_code LIKE '52___'", name="municipality_code"),
        CheckConstraint("manufacturing_floor_m2 >= 0", name="manufacturing_floor"),
    )


async def add_company(tx: Transaction, company: Company) -> None:
    """Store a new company; raises CompanyAlreadyRegistered when its id or business number has one."""
    facts = company.facts
    statement = insert_or_skip(CompanyRow).values(
        id=company.id,
        business_number=facts.business_number,
        corporate_number=facts.corporate_number,
        name=facts.name,
        representative_name=facts.representative_name,
        size_class=facts.size_class.value,
        ksic_code=facts.ksic_code,
        ksic_revision=facts.ksic_revision,
        annual_sales_won=facts.annual_sales_won,
        employees=facts.employees,
        supported_before=facts.supported_before,
        head_office_address=facts.head_office_address,
        contact_email=facts.contact_email,
        version=company.version,
    )
    added = await tx.execute(statement.on_conflict_do_nothing().returning(CompanyRow.id))
    if added.one_or_none() is None:
        raise CompanyAlreadyRegistered


async def get_company(tx: Transaction, company_id: UUID) -> Company:
    """One company; raises CompanyNotFound."""
    row = await _GET_COMPANY.first(tx, {"id": company_id})
    if row is None:
        raise CompanyNotFound
    return _company(row)


async def save_contact(tx: Transaction, company: Company) -> Company:
    """Write a company's contact as its next version; raises CompanyHasChanged when somebody else was first."""
    values = {"contact_email": company.facts.contact_email}
    row = await save_next_row(tx, CompanyRow, company.id, company.version, values)
    if row is None:
        raise CompanyHasChanged(current_version=(await get_company(tx, company.id)).version)
    return _company(row)


async def contacts_of(tx: Transaction, company_ids: Collection[UUID]) -> dict[UUID, str]:
    """Where the notices of these companies go, of those that said so."""
    statement = select(CompanyRow.id, CompanyRow.contact_email).where(
        CompanyRow.id.in_(company_ids), CompanyRow.contact_email.is_not(None)
    )
    return {row.id: row.contact_email for row in await tx.execute(statement)}


async def add_worksite(tx: Transaction, worksite: Worksite) -> None:
    """Store a new worksite; raises WorksiteAlreadyRegistered when the company has one of that name."""
    statement = insert_or_skip(WorksiteRow).values(
        id=worksite.id, company_id=worksite.company_id, version=worksite.version, **_columns(worksite.facts)
    )
    added = await tx.execute(statement.on_conflict_do_nothing().returning(WorksiteRow.id))
    if added.one_or_none() is None:
        raise WorksiteAlreadyRegistered


async def get_worksite(tx: Transaction, worksite_id: UUID, *, lock: bool = False) -> Worksite:
    """One worksite; raises WorksiteNotFound."""
    statement = select(*WorksiteRow.__table__.columns).where(WorksiteRow.id == worksite_id)
    found = await tx.execute(statement.with_for_update() if lock else statement)
    row = found.mappings().one_or_none()
    if row is None:
        raise WorksiteNotFound
    return _worksite(row)


async def worksites_of(tx: Transaction, company_id: UUID) -> tuple[Worksite, ...]:
    """All worksites of a company, oldest first; a company has a handful."""
    statement = select(*WorksiteRow.__table__.columns).where(WorksiteRow.company_id == company_id)
    found = await tx.execute(statement.order_by(WorksiteRow.id))
    return tuple(_worksite(row) for row in found.mappings())


async def save_worksite(tx: Transaction, worksite: Worksite) -> Worksite:
    """Write a locked worksite's facts as its next version."""
    values = _columns(worksite.facts)
    return _worksite(await save_locked(tx, WorksiteRow, worksite.id, worksite.version, values))


def _columns(facts: WorksiteFacts) -> Mapping[str, object]:
    return {
        "name": facts.name,
        "code_as_written": facts.code_as_written,
        "recorded_on": facts.recorded_on,
        "municipality_code": facts.municipality_code,
        "address": facts.address,
        "factory_registration_number": facts.factory_registration_number,
        "manufacturing_floor_m2": facts.manufacturing_floor_m2,
        "in_industrial_complex": facts.in_industrial_complex,
    }


def _company(row: Row) -> Company:
    facts = CompanyFacts(
        business_number=BusinessNumber(row["business_number"]),
        corporate_number=row["corporate_number"],
        name=row["name"],
        representative_name=row["representative_name"],
        size_class=SizeClass(row["size_class"]),
        ksic_code=row["ksic_code"],
        ksic_revision=row["ksic_revision"],
        annual_sales_won=Won(row["annual_sales_won"]),
        employees=row["employees"],
        supported_before=row["supported_before"],
        head_office_address=row["head_office_address"],
        contact_email=row["contact_email"],
    )
    return Company(row["id"], facts, row["version"])


def _worksite(row: Row) -> Worksite:
    facts = WorksiteFacts(
        name=row["name"],
        code_as_written=row["code_as_written"],
        recorded_on=row["recorded_on"],
        municipality_code=MunicipalityCode(row["municipality_code"]),
        address=row["address"],
        factory_registration_number=row["factory_registration_number"],
        manufacturing_floor_m2=row["manufacturing_floor_m2"],
        in_industrial_complex=row["in_industrial_complex"],
    )
    return Worksite(row["id"], row["company_id"], facts, row["version"])


_GET_COMPANY = Prepared(select(*CompanyRow.__table__.columns).where(CompanyRow.id == bindparam("id")))
