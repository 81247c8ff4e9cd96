"""Site visits and support tickets in PostgreSQL."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, RowMapping, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from applicant.support.domain import (
    SiteVisit,
    SiteVisitHasChanged,
    SiteVisitNotFound,
    Ticket,
    TicketHasChanged,
    TicketKind,
    TicketNotFound,
    TicketState,
    VisitState,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next


class SiteVisitRow(Tables):
    __tablename__ = "site_visit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    company_id: Mapped[UUID]
    municipality_code: Mapped[str]
    purpose: Mapped[str]
    place: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    state: Mapped[str]
    planned_by: Mapped[str]
    changed_at: Mapped[datetime]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="times"),
        Index("site_visit_municipality_code_starts_at_id_idx", "municipality_code", "starts_at", "id"),
        Index("site_visit_company_id_starts_at_id_idx", "company_id", "starts_at", "id"),
    )


class SupportTicketRow(Tables):
    __tablename__ = "support_ticket"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"))
    company_id: Mapped[UUID]
    municipality_code: Mapped[str]
    kind: Mapped[str]
    request: Mapped[str]
    due_on: Mapped[date]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    state: Mapped[str]
    owner_subject: Mapped[str | None]
    owned_by: Mapped[str | None]
    owned_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    closed_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("closed_by = owned_by", name="owner_closes"),
        Index("support_ticket_municipality_code_id_idx", "municipality_code", "id"),
        Index("support_ticket_company_id_id_idx", "company_id", "id"),
    )


async def add_visit(tx: Transaction, visit: SiteVisit) -> None:
    await tx.execute(insert(SiteVisitRow).values(_columns(visit)))


async def get_visit(tx: Transaction, visit_id: UUID) -> SiteVisit:
    """One visit; raises SiteVisitNotFound."""
    statement = select(*SiteVisitRow.__table__.columns).where(SiteVisitRow.id == visit_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise SiteVisitNotFound
    return _visit(row)


async def save_visit(tx: Transaction, visit: SiteVisit) -> None:
    """Write a visit as its next version; raises SiteVisitHasChanged when somebody else was first."""
    values = {
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "place": visit.place,
        "state": visit.state.value,
        "changed_at": visit.changed_at,
    }
    if not await save_next(tx, SiteVisitRow, visit.id, visit.version, values):
        raise SiteVisitHasChanged(current_version=(await get_visit(tx, visit.id)).version)


async def add_ticket(tx: Transaction, ticket: Ticket) -> None:
    await tx.execute(insert(SupportTicketRow).values(_columns(ticket)))


async def get_ticket(tx: Transaction, ticket_id: UUID, *, lock: bool = False) -> Ticket:
    """One ticket; raises TicketNotFound."""
    statement = select(*SupportTicketRow.__table__.columns).where(SupportTicketRow.id == ticket_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise TicketNotFound
    return _ticket(row)


async def save_ticket(tx: Transaction, ticket: Ticket) -> None:
    """Write a ticket as its next version; raises TicketHasChanged when somebody else was first."""
    values = {
        "state": ticket.state.value,
        "owner_subject": ticket.owner_subject,
        "owned_by": ticket.owned_by,
        "owned_at": ticket.owned_at,
        "outcome": ticket.outcome,
        "closed_by": ticket.closed_by,
        "closed_at": ticket.closed_at,
    }
    if not await save_next(tx, SupportTicketRow, ticket.id, ticket.version, values):
        raise TicketHasChanged(current_version=(await get_ticket(tx, ticket.id)).version)


def _columns(thing: SiteVisit | Ticket) -> dict[str, Any]:
    return {field.name: getattr(thing, field.name) for field in fields(thing)}


def _visit(row: RowMapping) -> SiteVisit:
    return SiteVisit(**{**row, "state": VisitState(row["state"])})


def _ticket(row: RowMapping) -> Ticket:
    return Ticket(**{**row, "state": TicketState(row["state"]), "kind": TicketKind(row["kind"])})
