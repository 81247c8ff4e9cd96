"""Sessions and improvement items of a residency (domain.md section 2.4).

A session is recorded by the mentors' side and confirmed by the firm's; its hours are know-how in kind, never money. An
item is found by mentors, agreed by the firm, worked on, and closed on evidence or rejected with a reason.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text


class Place(StrEnum):
    """Where a session was held."""

    AT_FIRM = "AT_FIRM"
    ONLINE = "ONLINE"
    ELSEWHERE = "ELSEWHERE"


class Kpi(StrEnum):
    """What an item is to improve."""

    PRODUCTIVITY = "PRODUCTIVITY"
    DEFECTS = "DEFECTS"
    ON_TIME_DELIVERY = "ON_TIME_DELIVERY"
    COST = "COST"
    INVENTORY = "INVENTORY"
    SAFETY = "SAFETY"


class ItemState(StrEnum):
    """The last two are final."""

    FOUND = "FOUND"
    AGREED = "AGREED"
    IN_PROGRESS = "IN_PROGRESS"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"


class RejectReason(StrEnum):
    """Why a firm does not want an item done."""

    NOT_FEASIBLE = "NOT_FEASIBLE"
    TOO_COSTLY = "TOO_COSTLY"
    ALREADY_DONE = "ALREADY_DONE"
    NO_BENEFIT = "NO_BENEFIT"


class SessionUnknown(NotFound):
    """There is no such session, or it is not the caller's to see."""

    code = "mentor-session-unknown"
    title = Text("방문 기록을 찾을 수 없습니다", "No such session")
    detail = Text("방문 기록 {session_id}을(를) 찾을 수 없습니다.", "There is no session {session_id}.")


class SessionStale(StaleVersion):
    """The session has changed since the caller read it."""

    code = "mentor-session-stale"
    title = Text("방문 기록이 그 사이 변경되었습니다", "The session has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class SessionConfirmed(RuleRefused):
    """A session is confirmed once."""

    code = "mentor-session-confirmed"
    title = Text("이미 확인된 방문 기록입니다", "The session is confirmed")
    detail = Text(
        "방문 기록 {session_id}은(는) 이미 확인되었습니다. 바뀐 것은 없습니다.",
        "Session {session_id} is already confirmed. Nothing was changed.",
    )


class NotAtTheFirm(RuleRefused):
    """A team works at a firm from the day on which its residency started until it ended, and not in advance."""

    code = "mentor-not-at-the-firm"
    title = Text("상주 기간이 아닙니다", "Not in the time of the residency")
    detail = Text(
        "상주 {residency_id}의 상태는 {state}이며, {held_on}에는 상주하지 않았습니다. 저장된 것은 없습니다.",
        "Residency {residency_id} is {state}, and the team was not there on {held_on}. Nothing was stored.",
    )


class SuspendedThen(RuleRefused):
    """Nobody works at a firm while its project is suspended."""

    code = "mentor-project-suspended"
    title = Text("과제가 중지된 기간입니다", "The project was suspended")
    detail = Text(
        "과제가 {suspended_on}에 중지되어 {held_on}의 방문은 기록할 수 없습니다. 저장된 것은 없습니다.",
        "The project was suspended on {suspended_on}, so there was no visit on {held_on}. Nothing was stored.",
    )


class NotOfTheTeam(InvalidInput):
    """Only mentors of the team that resides there were there."""

    code = "mentor-not-of-the-team"
    title = Text("해당 팀의 멘토가 아닙니다", "Not a mentor of this team")
    detail = Text(
        "멘토 {mentor_id}은(는) 이 상주의 팀원이 아닙니다. 저장된 것은 없습니다.",
        "Mentor {mentor_id} is not of the team that resides there. Nothing was stored.",
    )


class ItemUnknown(NotFound):
    """There is no such item, or it is not the caller's to see."""

    code = "improvement-item-unknown"
    title = Text("개선 과제를 찾을 수 없습니다", "No such improvement item")
    detail = Text("개선 과제 {item_id}을(를) 찾을 수 없습니다.", "There is no item {item_id}.")


class ItemStale(StaleVersion):
    """The item has changed since the caller read it."""

    code = "improvement-item-stale"
    title = Text("개선 과제가 그 사이 변경되었습니다", "The item has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class ItemNotInState(RuleRefused):
    """What was asked for does not follow from the state in which the item is."""

    code = "improvement-item-not-in-state"
    title = Text("지금 상태에서는 할 수 없습니다", "Not in this state")
    detail = Text(
        "개선 과제 {item_id}의 상태는 {state}입니다. 바뀐 것은 없습니다.",
        "Item {item_id} is {state}. Nothing was changed.",
    )


class Rest(Protocol):
    """A time in which the project is suspended."""

    @property
    def suspended_on(self) -> date: ...

    def covers(self, day: date) -> bool:
        """Whether nobody was to work there on that day."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """What recording needs to know of a residency."""

    residency_id: UUID
    state: str
    members: Collection[UUID]
    started_on: date | None
    ended_on: date | None
    rests: Sequence[Rest] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Mentors who were at a firm for so long; both sides said so once it is confirmed."""

    id: UUID
    residency_id: UUID
    held_on: date
    minutes: int
    place: Place
    mentor_ids: tuple[UUID, ...]
    recorded_by: str
    recorded_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to improve. Evidence is by hash: how it looked before, and how it does now."""

    id: UUID
    residency_id: UUID
    kpi: Kpi
    before_sha256: str
    found_by: str
    found_at: datetime
    state: ItemState = ItemState.FOUND
    after_sha256: str | None = None
    reject_reason: RejectReason | None = None
    changed_by: str
    changed_at: datetime
    version: int = 1


def record_session(session: Session, stay: Stay, *, today: date) -> Session:
    """A session that can have been; raises NotAtTheFirm, SuspendedThen or NotOfTheTeam."""
    check_there(stay, session.held_on, today=today)
    for mentor_id in session.mentor_ids:
        if mentor_id not in stay.members:
            raise NotOfTheTeam(mentor_id=mentor_id, field="/mentor_ids")
    return session


def check_there(stay: Stay, day: date, *, today: date) -> None:
    """The team was at the firm on that day; raises NotAtTheFirm or SuspendedThen."""
    there = stay.started_on is not None and stay.started_on <= day <= min(today, stay.ended_on or today)
    if not there:
        raise NotAtTheFirm(residency_id=stay.residency_id, state=stay.state, held_on=day)
    for rest in stay.rests:
        if rest.covers(day):
            raise SuspendedThen(suspended_on=rest.suspended_on, held_on=day)


def confirm_session(session: Session, *, version: int, by: str, now: datetime) -> Session:
    """The firm's side says so too; raises SessionStale or SessionConfirmed."""
    if session.version != version:
        raise SessionStale(session_id=session.id, current_version=session.version)
    if session.confirmed_at is not None:
        raise SessionConfirmed(session_id=session.id)
    return replace(session, confirmed_by=by, confirmed_at=now, version=session.version + 1)


def agree_item(item: Item, *, version: int, by: str, now: datetime) -> Item:
    """The firm wants it done."""
    return _next(item, ItemState.AGREED, {ItemState.FOUND}, version, by, now)


def begin_item(item: Item, *, version: int, by: str, now: datetime) -> Item:
    """It is worked on."""
    return _next(item, ItemState.IN_PROGRESS, {ItemState.AGREED}, version, by, now)


def close_item(item: Item, *, after_sha256: str, version: int, by: str, now: datetime) -> Item:
    """It is done, on evidence."""
    closed = _next(item, ItemState.CLOSED, {ItemState.IN_PROGRESS}, version, by, now)
    return replace(closed, after_sha256=after_sha256)


def reject_item(item: Item, reason: RejectReason, *, version: int, by: str, now: datetime) -> Item:
    """The firm does not want it, or no more."""
    open_states = {ItemState.FOUND, ItemState.AGREED, ItemState.IN_PROGRESS}
    return replace(_next(item, ItemState.REJECTED, open_states, version, by, now), reject_reason=reason)


def _next(item: Item, state: ItemState, before: Collection[ItemState], version: int, by: str, now: datetime) -> Item:
    if item.version != version:
        raise ItemStale(item_id=item.id, current_version=item.version)
    if item.state not in before:
        raise ItemNotInState(item_id=item.id, state=item.state)
    return replace(item, state=state, changed_by=by, changed_at=now, version=item.version + 1)
