"""Past supports as the rules ask about them and as those see them whom they concern."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from applicant.companies.queries import get_company, own_company_id
from applicant.past_supports import store
from applicant.past_supports.domain import PastSupportNotFound
from applicant.past_supports.store import PastSupportRow
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES
from contracts.types import parse_business_number


class PastSupportView(View):
    """One support that a scheme gave before this system; a withdrawn one counts for nothing."""

    id: UUID
    business_number: str
    company_name: str
    worksite_name: str
    municipality_code: str
    code_as_written: str
    scheme: str
    fiscal_year: int
    supported_on: date
    supported_won: int
    imported_at: datetime
    withdrawn_at: datetime | None
    withdrawal_reason: str | None
    version: int


async def known_supports(tx: Transaction, business_number: str, *, at: datetime) -> list[UUID]:
    """The supports that a firm had had by then: rule R-08 and the tie-break for first-timers ask."""
    return await store.of_firm(tx, business_number, until=at.astimezone(KST).date())


async def list_supports(
    tx: Transaction, page: PageRequest, *, by: Principal, business_number: str | None
) -> Page[PastSupportView]:
    """As they were imported: a firm its own, a municipality its area's, the staff all."""
    statement = select(*PastSupportRow.__table__.columns).where(await _visible(tx, by))
    if business_number is not None:
        statement = statement.where(PastSupportRow.business_number == parse_business_number(business_number))
    return await page_of(PastSupportView, tx, statement, page, by=[PastSupportRow.id])


async def view_support(tx: Transaction, support_id: UUID, *, by: Principal) -> PastSupportView:
    """One of them, if it is the caller's to see."""
    statement = select(*PastSupportRow.__table__.columns).where(PastSupportRow.id == support_id)
    row = (await tx.execute(statement.where(await _visible(tx, by)))).one_or_none()
    if row is None:
        raise PastSupportNotFound
    return PastSupportView.model_validate(row)


async def _visible(tx: Transaction, by: Principal) -> ColumnElement[bool]:
    if by.role in MUNICIPALITY_ROLES:
        return PastSupportRow.municipality_code == by.tenant
    if by.role in COMPANY_ROLES:
        company = await get_company(tx, own_company_id(by))
        return PastSupportRow.business_number == company.facts.business_number
    return true()
