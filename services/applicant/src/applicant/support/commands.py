"""A municipality plans and moves site visits; a firm asks for a permit or help, an officer takes and closes that."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from applicant.agreements import queries as agreements
from applicant.builds import commands as builds
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import DeadlineKind, DeadlineState, Subject
from applicant.support import domain, store
from applicant.support.domain import Outcome, Place, SiteVisit, Ticket, TicketKind
from common import journal
from common.acting import as_service
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue

__all__ = [
    "Outcome",
    "TicketKind",
    "VisitTime",
    "cancel_visit",
    "close_ticket",
    "move_visit",
    "open_ticket",
    "plan_visit",
    "take_ticket",
]


@dataclass(frozen=True, slots=True)
class VisitTime:
    """When and where."""

    starts_at: datetime
    ends_at: datetime
    place: str


async def plan_visit(
    tx: Transaction, project_id: UUID, when: VisitTime, *, purpose: str, by: Principal, now: datetime
) -> UUID:
    """Put a visit to a build of the own area on the calendar."""
    build = await _place(tx, project_id, by=by)
    domain.check_times(starts_at=when.starts_at, ends_at=when.ends_at, now=now)
    visit = SiteVisit(
        id=new_id(),
        project_id=project_id,
        company_id=build.company_id,
        municipality_code=build.municipality_code,
        purpose=purpose,
        place=when.place,
        starts_at=when.starts_at,
        ends_at=when.ends_at,
        planned_by=by.person,
        changed_at=now,
    )
    await store.add_visit(tx, visit)
    facts = {"visit_id": str(visit.id), "starts_at": when.starts_at.astimezone(UTC).isoformat()}
    await _journal(tx, project_id, "site-visit-planned", facts, by=by, now=now)
    return visit.id


async def move_visit(
    tx: Transaction, visit_id: UUID, when: VisitTime, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Another time or place for a visit of the own area; the calendars that follow it see it move."""
    visit = domain.move_visit(
        await _own_visit(tx, visit_id, by),
        starts_at=when.starts_at,
        ends_at=when.ends_at,
        place=when.place,
        read_version=read_version,
        now=now,
    )
    await store.save_visit(tx, visit)
    facts = {"visit_id": str(visit_id), "starts_at": visit.starts_at.astimezone(UTC).isoformat()}
    await _journal(tx, visit.project_id, "site-visit-moved", facts, by=by, now=now)


async def cancel_visit(tx: Transaction, visit_id: UUID, *, read_version: int, by: Principal, now: datetime) -> None:
    """Call a visit of the own area off."""
    visit = domain.cancel_visit(await _own_visit(tx, visit_id, by), read_version=read_version, now=now)
    await store.save_visit(tx, visit)
    await _journal(tx, visit.project_id, "site-visit-cancelled", {"visit_id": str(visit_id)}, by=by, now=now)


async def open_ticket(
    tx: Transaction, project_id: UUID, kind: TicketKind, *, request: str, due_on: date, by: Principal, now: datetime
) -> UUID:
    """Ask the municipality of one's plant for a permit or help, until a day; the day is watched from here on."""
    build, today = await _place(tx, project_id, by=by), now.astimezone(KST).date()
    domain.check_due(due_on, today=today)
    ticket = Ticket(
        id=new_id(),
        project_id=project_id,
        company_id=build.company_id,
        municipality_code=build.municipality_code,
        kind=kind,
        request=request,
        due_on=due_on,
        opened_by=by.person,
        opened_at=now,
    )
    await store.add_ticket(tx, ticket)
    subject = Subject(
        id=ticket.id,
        application_id=build.application_id,
        company_id=build.company_id,
        call_id=build.call_id,
        municipality_code=build.municipality_code,
        project_id=project_id,
    )
    async with as_service(tx):
        await deadlines.open_deadline(tx, DeadlineKind.SUPPORT_TICKET, subject, now=now, days=(due_on - today).days)
    facts = {"ticket_id": str(ticket.id), "kind": kind.value, "due_on": due_on.isoformat()}
    await _journal(tx, project_id, "support-ticket-opened", facts, by=by, now=now)
    return ticket.id


async def take_ticket(tx: Transaction, ticket_id: UUID, *, read_version: int, by: Principal, now: datetime) -> None:
    """Become the owner of a ticket of the own area."""
    ticket = await _own_ticket(tx, ticket_id, by)
    taken = domain.take_ticket(ticket, read_version=read_version, by=by.person, by_subject=by.subject, now=now)
    await store.save_ticket(tx, taken)
    await _journal(tx, taken.project_id, "support-ticket-owned", {"ticket_id": str(ticket_id)}, by=by, now=now)


async def close_ticket(
    tx: Transaction,
    ticket_id: UUID,
    outcome: Outcome,
    *,
    words: str,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Say what came of one's own ticket; its deadline is met with that."""
    ticket = await _own_ticket(tx, ticket_id, by)
    closed = domain.close_ticket(ticket, outcome, words=words, read_version=read_version, by=by.person, now=now)
    await store.save_ticket(tx, closed)
    async with as_service(tx):
        await deadlines.settle_deadline(tx, ticket_id, DeadlineKind.SUPPORT_TICKET, DeadlineState.MET, at=now)
    facts = {"ticket_id": str(ticket_id), "outcome": outcome.value}
    await _journal(tx, closed.project_id, "support-ticket-closed", facts, by=by, now=now)


async def _place(tx: Transaction, project_id: UUID, *, by: Principal) -> Place:
    """The project with an agreement that the caller may see, and that has not ended."""
    view = await agreements.view_agreement(tx, project_id, by=by)
    domain.check_live(view.state)
    build = await builds.see_build(tx, project_id, by=by)
    if build is not None:
        domain.check_live(build.state)
    return Place(project_id, view.application_id, view.company_id, view.call_id, view.municipality_code)


async def _own_visit(tx: Transaction, visit_id: UUID, by: Principal) -> SiteVisit:
    visit = await store.get_visit(tx, visit_id)
    if visit.municipality_code != by.tenant:
        raise domain.SiteVisitNotFound
    return visit


async def _own_ticket(tx: Transaction, ticket_id: UUID, by: Principal) -> Ticket:
    ticket = await store.get_ticket(tx, ticket_id, lock=True)
    if ticket.municipality_code != by.tenant:
        raise domain.TicketNotFound
    return ticket


async def _journal(
    tx: Transaction, project_id: UUID, decision: str, facts: Mapping[str, JsonValue], *, by: Principal, now: datetime
) -> None:
    await journal.record(tx, chain=f"project/{project_id}", decision=decision, by=by, at=now, facts=facts)
