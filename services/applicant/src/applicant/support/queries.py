"""Site visits and tickets: a firm its own, a municipality its area's, the programme's staff all."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from applicant.companies import queries as companies
from applicant.support.domain import SiteVisitNotFound, TicketKind, TicketNotFound, TicketState, VisitState
from applicant.support.store import SiteVisitRow, SupportTicketRow
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of

__all__ = ["SiteVisitView", "TicketKind", "TicketState", "TicketView", "VisitState"]

_MOST_IN_A_FEED = 2000


class SiteVisitView(View):
    """One visit of a municipality to a build."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    purpose: str
    place: str
    starts_at: datetime
    ends_at: datetime
    state: VisitState
    changed_at: datetime
    version: int


class TicketView(View):
    """A permit or help that a firm asked its municipality for, with its owner and its day."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    kind: TicketKind
    request: str
    due_on: date
    opened_at: datetime
    state: TicketState
    owner_subject: str | None
    owned_at: datetime | None
    outcome: str | None
    closed_at: datetime | None
    version: int


async def list_visits(tx: Transaction, page: PageRequest, *, by: Principal) -> Page[SiteVisitView]:
    """Visits by their time."""
    row = SiteVisitRow
    statement = select(*row.__table__.columns).where(companies.seen_by(by, row.company_id, row.municipality_code))
    return await page_of(SiteVisitView, tx, statement, page, by=[row.starts_at, row.id])


async def view_visit(tx: Transaction, visit_id: UUID, *, by: Principal) -> SiteVisitView:
    row = SiteVisitRow
    statement = select(*row.__table__.columns).where(
        row.id == visit_id, companies.seen_by(by, row.company_id, row.municipality_code)
    )
    found = (await tx.execute(statement)).one_or_none()
    if found is None:
        raise SiteVisitNotFound
    return SiteVisitView.model_validate(found)


async def visits_of(tx: Transaction, municipality_code: str, *, since: datetime) -> Sequence[SiteVisitView]:
    """The visits of an area that end after a moment, for its calendar."""
    return await _visits(tx, SiteVisitRow.municipality_code == municipality_code, since=since)


async def visits_to(tx: Transaction, company_id: UUID, *, since: datetime) -> Sequence[SiteVisitView]:
    """The visits to a firm's builds that end after a moment, for its calendar."""
    return await _visits(tx, SiteVisitRow.company_id == company_id, since=since)


async def _visits(tx: Transaction, whose: ColumnElement[bool], *, since: datetime) -> Sequence[SiteVisitView]:
    row = SiteVisitRow
    statement = (
        select(*row.__table__.columns)
        .where(whose, row.ends_at > since)
        # What is cut off lies furthest ahead.
        .order_by(row.starts_at, row.id)
        .limit(_MOST_IN_A_FEED)
    )
    return [SiteVisitView.model_validate(each) for each in await tx.execute(statement)]


async def list_tickets(
    tx: Transaction, page: PageRequest, *, by: Principal, state: TicketState | None
) -> Page[TicketView]:
    """Tickets in the order they were opened."""
    row = SupportTicketRow
    statement = select(*row.__table__.columns).where(companies.seen_by(by, row.company_id, row.municipality_code))
    if state is not None:
        statement = statement.where(row.state == state.value)
    return await page_of(TicketView, tx, statement, page, by=[row.id])


async def view_ticket(tx: Transaction, ticket_id: UUID, *, by: Principal) -> TicketView:
    row = SupportTicketRow
    statement = select(*row.__table__.columns).where(
        row.id == ticket_id, companies.seen_by(by, row.company_id, row.municipality_code)
    )
    found = (await tx.execute(statement)).one_or_none()
    if found is None:
        raise TicketNotFound
    return TicketView.model_validate(found)


async def visits_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[SiteVisitView]:
    """A part of the visits to one build, in the order they were planned."""
    row = SiteVisitRow
    seen = companies.seen_by(by, row.company_id, row.municipality_code)
    statement = select(*row.__table__.columns).where(row.project_id == project_id, seen).order_by(row.id)
    return [SiteVisitView.model_validate(each) for each in await tx.execute(portion.of(statement))]


async def tickets_of_project(tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal) -> list[TicketView]:
    """A part of what one project asked its municipality for, oldest first."""
    row = SupportTicketRow
    seen = companies.seen_by(by, row.company_id, row.municipality_code)
    statement = select(*row.__table__.columns).where(row.project_id == project_id, seen).order_by(row.id)
    return [TicketView.model_validate(each) for each in await tx.execute(portion.of(statement))]
