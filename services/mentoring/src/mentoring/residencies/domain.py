"""A residency's life: assigned by a plan, accepted or declined by Samsung in time, started, ended.

Until it has started it may also be moved by another plan, or fall away with the firm's place.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text


class ResidencyState(StrEnum):
    """The first three have the team's weeks; of the others only one that ended keeps them."""

    ASSIGNED = "ASSIGNED"
    ACCEPTED = "ACCEPTED"
    STARTED = "STARTED"
    ENDED = "ENDED"
    DECLINED = "DECLINED"
    LAPSED = "LAPSED"
    MOVED = "MOVED"
    RELEASED = "RELEASED"


OPEN = frozenset({ResidencyState.ASSIGNED, ResidencyState.ACCEPTED, ResidencyState.STARTED})
"""In these states a residency has the weeks."""

MOVABLE = frozenset({ResidencyState.ASSIGNED, ResidencyState.ACCEPTED})
"""In these it may be declined, moved or released without anybody having worked."""


class DeclineReason(StrEnum):
    """Why Samsung declines. The first two bar the team from the firm, the others only these weeks."""

    CONFLICT_OF_INTEREST = "CONFLICT_OF_INTEREST"
    SKILLS_DO_NOT_FIT = "SKILLS_DO_NOT_FIT"
    DATES_DO_NOT_FIT = "DATES_DO_NOT_FIT"
    TEAM_UNAVAILABLE = "TEAM_UNAVAILABLE"


BARS_THE_TEAM = frozenset({DeclineReason.CONFLICT_OF_INTEREST, DeclineReason.SKILLS_DO_NOT_FIT})


class ReleaseReason(StrEnum):
    """Why the weeks of a project that is no more went back to its team."""

    PROJECT_WITHDRAWN = "PROJECT_WITHDRAWN"
    AGREEMENT_TERMINATED = "AGREEMENT_TERMINATED"


class ResidencyUnknown(NotFound):
    """There is no such residency, or it is not the caller's to see."""

    code = "residency-unknown"
    title = Text("상주를 찾을 수 없습니다", "No such residency")
    detail = Text("상주 {residency_id}을(를) 찾을 수 없습니다.", "There is no residency {residency_id}.")


class ResidencyStale(StaleVersion):
    """The residency has changed since the caller read it."""

    code = "residency-stale"
    title = Text("상주가 그 사이 변경되었습니다", "The residency has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class ResidencyNotInState(RuleRefused):
    """What was asked for does not follow from the state in which the residency is."""

    code = "residency-not-in-state"
    title = Text("지금 상태에서는 할 수 없습니다", "Not in this state")
    detail = Text(
        "상주 {residency_id}의 상태는 {state}입니다. 바뀐 것은 없습니다.",
        "Residency {residency_id} is {state}. Nothing was changed.",
    )


class AnswerTooLate(RuleRefused):
    """The time to answer is over; the weeks go to others."""

    code = "residency-answer-too-late"
    title = Text("회신 기한이 지났습니다", "The time to answer is over")
    detail = Text(
        "상주 {residency_id}의 회신 기한은 {due_at}이었습니다. 바뀐 것은 없습니다.",
        "Residency {residency_id} was to be answered before {due_at}. Nothing was changed.",
    )


class ResidencyNotYet(RuleRefused):
    """A residency starts in its weeks, and ends on or after the day on which it started."""

    code = "residency-not-yet"
    title = Text("아직 할 수 없습니다", "Not yet")
    detail = Text(
        "이 상주의 기간은 {first_week}부터입니다. 오늘은 {today}이며, 바뀐 것은 없습니다.",
        "The weeks of this residency begin on {first_week}. Today is {today}. Nothing was changed.",
    )


class ResidencyPaused(RuleRefused):
    """Nobody goes to a firm whose project is suspended."""

    code = "residency-project-suspended"
    title = Text("중지된 과제입니다", "The project is suspended")
    detail = Text(
        "과제 {project_id}은(는) {suspended_on}부터 중지되어 있습니다. 재개된 뒤 시작할 수 있으며, 바뀐 것은 없습니다.",
        "Project {project_id} is suspended since {suspended_on}. The residency starts once it is resumed. Nothing was"
        " changed.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Residency:
    """A team's weeks at one firm. `answer_due_at` is when Samsung's time to answer is over."""

    id: UUID
    rotation_id: UUID
    project_id: UUID
    team_id: UUID
    plan_id: UUID
    municipality_code: str
    first_week: date
    weeks: int
    assigned_at: datetime
    answer_due_at: datetime
    rule_version: str
    state: ResidencyState = ResidencyState.ASSIGNED
    answered_by: str | None = None
    answered_at: datetime | None = None
    decline_reason: DeclineReason | None = None
    release_reason: ReleaseReason | None = None
    started_on: date | None = None
    ended_on: date | None = None
    changed_at: datetime
    version: int = 1

    @property
    def ends_before(self) -> date:
        """The Monday after its last week."""
        return self.first_week + timedelta(weeks=self.weeks)


def accept(residency: Residency, *, version: int, by: str, now: datetime) -> Residency:
    """Samsung sends the team; raises ResidencyStale, ResidencyNotInState or AnswerTooLate."""
    _check(residency, version, ResidencyState.ASSIGNED)
    if now >= residency.answer_due_at:
        raise AnswerTooLate(residency_id=residency.id, due_at=residency.answer_due_at.isoformat())
    return _next(residency, ResidencyState.ACCEPTED, now, answered_by=by, answered_at=now)


def decline(residency: Residency, reason: DeclineReason, *, version: int, by: str, now: datetime) -> Residency:
    """Samsung does not send it, even after it said that it would, until the residency has started."""
    _check(residency, version, *MOVABLE)
    return _next(residency, ResidencyState.DECLINED, now, answered_by=by, answered_at=now, decline_reason=reason)


def lapse(residency: Residency, *, now: datetime) -> Residency | None:
    """Nobody answered in time; None if somebody has, or there still is time."""
    if residency.state is not ResidencyState.ASSIGNED or now < residency.answer_due_at:
        return None
    return _next(residency, ResidencyState.LAPSED, now)


def move(residency: Residency, *, now: datetime) -> Residency:
    """Another plan gives the firm other weeks."""
    _check(residency, residency.version, *MOVABLE)
    return _next(residency, ResidencyState.MOVED, now)


def release(residency: Residency, reason: ReleaseReason, *, today: date, now: datetime) -> Residency:
    """The project is no more; a team that was there leaves."""
    left = None if residency.started_on is None else max(today, residency.started_on)
    return _next(residency, ResidencyState.RELEASED, now, release_reason=reason, ended_on=left)


def start(residency: Residency, *, suspended_on: date | None, version: int, today: date, now: datetime) -> Residency:
    """The team is at the firm; raises ResidencyStale, ResidencyNotInState, ResidencyPaused or ResidencyNotYet."""
    _check(residency, version, ResidencyState.ACCEPTED)
    if suspended_on is not None:
        raise ResidencyPaused(project_id=residency.project_id, suspended_on=suspended_on)
    if today < residency.first_week:
        raise ResidencyNotYet(first_week=residency.first_week, today=today)
    return _next(residency, ResidencyState.STARTED, now, started_on=today)


def end(residency: Residency, *, version: int, today: date, now: datetime) -> Residency:
    """The team leaves the firm; raises ResidencyStale, ResidencyNotInState or ResidencyNotYet."""
    _check(residency, version, ResidencyState.STARTED)
    if residency.started_on is None or today < residency.started_on:
        raise ResidencyNotYet(first_week=residency.first_week, today=today)
    return _next(residency, ResidencyState.ENDED, now, ended_on=today)


def _check(residency: Residency, version: int, *states: ResidencyState) -> None:
    if residency.version != version:
        raise ResidencyStale(residency_id=residency.id, current_version=residency.version)
    if residency.state not in states:
        raise ResidencyNotInState(residency_id=residency.id, state=residency.state)


def _next(residency: Residency, state: ResidencyState, now: datetime, **changes: object) -> Residency:
    return replace(residency, state=state, changed_at=now, version=residency.version + 1, **changes)  # type: ignore[arg-type]  # own fields
