"""A site visit (PLANNED -> CANCELLED) and a ticket for a permit or help (OPEN -> OWNED -> DONE | DECLINED).

A ticket has an owner and a day; that day is a legal deadline of the programme, told of and escalated like every other.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text

LONGEST_DAYS = 366
"""How far ahead a day is taken for one that is meant: a bound of what is typed, no rule of the programme."""

_ENDED = frozenset({"LAPSED", "WITHDRAWN", "TERMINATED"})


class VisitState(StrEnum):
    PLANNED = "PLANNED"
    CANCELLED = "CANCELLED"


class TicketKind(StrEnum):
    """What the firm needs of its municipality."""

    PERMIT = "PERMIT"
    HELP = "HELP"


class TicketState(StrEnum):
    OPEN = "OPEN"
    OWNED = "OWNED"
    DONE = "DONE"
    DECLINED = "DECLINED"


class Outcome(StrEnum):
    DONE = "DONE"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Place:
    """Whose build it is, and where."""

    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    municipality_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVisit:
    """One visit of a municipality to a build; a moved one keeps its id, so that calendars follow."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    purpose: str
    place: str
    starts_at: datetime
    ends_at: datetime
    planned_by: str
    changed_at: datetime
    state: VisitState = VisitState.PLANNED
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What a firm needs. Its owner is the officer who took it, known by issuer and subject, shown by subject."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    kind: TicketKind
    request: str
    due_on: date
    opened_by: str
    opened_at: datetime
    state: TicketState = TicketState.OPEN
    owner_subject: str | None = None
    owned_by: str | None = None
    owned_at: datetime | None = None
    outcome: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    version: int = 1


class SiteVisitNotFound(NotFound):
    code = "site-visit-not-found"
    title = Text("현장 방문을 찾을 수 없습니다", "There is no such site visit")
    detail = Text("방문 번호를 확인해 주세요.", "Check the visit's id.")


class SiteVisitHasChanged(StaleVersion):
    code = "site-visit-has-changed"
    title = Text("현장 방문이 그 사이에 바뀌었습니다", "The site visit has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽어 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class SiteVisitCancelled(RuleRefused):
    code = "site-visit-cancelled"
    title = Text("취소된 방문입니다", "The visit is cancelled")
    detail = Text("새 방문을 잡아 주세요. 바뀐 것은 없습니다.", "Plan another one. Nothing was changed.")


class SiteVisitTimesWrong(InvalidInput):
    code = "site-visit-times-wrong"
    title = Text("방문 시간이 올바르지 않습니다", "The visit's times are wrong")
    detail = Text(
        "방문은 1년 안의 앞으로의 시각이고, 시작한 뒤 하루 안에 끝나야 합니다. 저장된 것은 없습니다.",
        "A visit lies ahead, within a year, and ends within a day after it begins. Nothing was stored.",
    )


class SupportHasEnded(RuleRefused):
    code = "support-has-ended"
    title = Text("협약이 끝난 과제입니다", "The project's agreement has ended")
    detail = Text(
        "상태가 {state}인 과제에는 새 방문이나 지원 요청을 등록하지 않습니다. 저장된 것은 없습니다.",
        "It is {state}: no visit is planned and no ticket opened for it. Nothing was stored.",
    )


class TicketNotFound(NotFound):
    code = "support-ticket-not-found"
    title = Text("지원 요청을 찾을 수 없습니다", "There is no such support ticket")
    detail = Text("지원 요청 번호를 확인해 주세요.", "Check the ticket's id.")


class TicketHasChanged(StaleVersion):
    code = "support-ticket-has-changed"
    title = Text("지원 요청이 그 사이에 바뀌었습니다", "The ticket has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽어 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class TicketClosed(RuleRefused):
    code = "support-ticket-closed"
    title = Text("끝난 지원 요청입니다", "The ticket is closed")
    detail = Text("상태가 {state}입니다. 바뀐 것은 없습니다.", "It is {state}. Nothing was changed.")


class TicketDueWrong(InvalidInput):
    code = "support-ticket-due-wrong"
    title = Text("기한이 올바르지 않습니다", "The due day is wrong")
    detail = Text(
        "기한은 {today}보다 뒤, 1년 안이어야 합니다. 저장된 것은 없습니다.",
        "It lies after {today} and within a year. Nothing was stored.",
    )


class TicketNotYours(NotPermitted):
    code = "support-ticket-not-yours"
    title = Text("담당자가 아닙니다", "Another officer owns the ticket")
    detail = Text(
        "담당자가 처리합니다. 담당이 없으면 먼저 맡아 주세요. 바뀐 것은 없습니다.",
        "Its owner closes it; take it first. Nothing was changed.",
    )


def check_live(state: str) -> None:
    """Support is for a build whose agreement has not ended; one that is completed may still be visited."""
    if state in _ENDED:
        raise SupportHasEnded(state=state)


def check_times(*, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """A visit is ahead, and no longer than a day."""
    far = starts_at - now > timedelta(days=LONGEST_DAYS)
    if far or not now < starts_at < ends_at or ends_at - starts_at > timedelta(days=1):
        raise SiteVisitTimesWrong(field="/starts_at")


def move_visit(
    visit: SiteVisit, *, starts_at: datetime, ends_at: datetime, place: str, read_version: int, now: datetime
) -> SiteVisit:
    """Another time or place."""
    _check_visit(visit, read_version)
    check_times(starts_at=starts_at, ends_at=ends_at, now=now)
    return replace(visit, starts_at=starts_at, ends_at=ends_at, place=place, changed_at=now)


def cancel_visit(visit: SiteVisit, *, read_version: int, now: datetime) -> SiteVisit:
    """It will not take place; calendars show it as cancelled."""
    _check_visit(visit, read_version)
    return replace(visit, state=VisitState.CANCELLED, changed_at=now)


def check_due(due_on: date, *, today: date) -> None:
    """A ticket's day is ahead, within a year."""
    if not 0 < (due_on - today).days <= LONGEST_DAYS:
        raise TicketDueWrong(today=today.isoformat(), field="/due_on")


def take_ticket(ticket: Ticket, *, read_version: int, by: str, by_subject: str, now: datetime) -> Ticket:
    """Whoever takes it owns it, from a colleague too: nobody is made an owner who did not say so."""
    _check_ticket(ticket, read_version)
    return replace(ticket, state=TicketState.OWNED, owner_subject=by_subject, owned_by=by, owned_at=now)


def close_ticket(ticket: Ticket, outcome: Outcome, *, words: str, read_version: int, by: str, now: datetime) -> Ticket:
    """Its owner says what came of it."""
    _check_ticket(ticket, read_version)
    if ticket.owned_by != by:
        raise TicketNotYours
    return replace(ticket, state=TicketState(outcome.value), outcome=words, closed_by=by, closed_at=now)


def _check_visit(visit: SiteVisit, read_version: int) -> None:
    if visit.version != read_version:
        raise SiteVisitHasChanged(current_version=visit.version)
    if visit.state is VisitState.CANCELLED:
        raise SiteVisitCancelled


def _check_ticket(ticket: Ticket, read_version: int) -> None:
    if ticket.version != read_version:
        raise TicketHasChanged(current_version=ticket.version)
    if ticket.closed_at is not None:
        raise TicketClosed(state=ticket.state)
