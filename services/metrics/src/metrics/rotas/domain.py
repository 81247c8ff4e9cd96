"""Which team is where in which weeks, what does not fit together, and which weeks nobody uses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

_OPEN = frozenset({"ASSIGNED", "ACCEPTED", "STARTED"})
_NOT_BEGUN = frozenset({"ASSIGNED", "ACCEPTED"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a project is suspended; it lasts while `resumed_on` is none."""

    suspended_on: date
    resumed_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Residency:
    """A team's weeks at a firm, as the mentoring service tells them; what else it tells is passed over."""

    id: UUID
    project_id: UUID
    team_id: UUID
    municipality_code: str
    first_week: date
    weeks: int
    state: str
    answer_due_at: datetime
    started_on: date | None
    ended_on: date | None
    pauses: tuple[Pause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Weeks in which a team can be at a firm, and at whose project, if it is given to one."""

    first_week: date
    weeks: int
    project_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team and its calendar."""

    id: UUID
    title: str
    base_municipality_code: str
    state: str
    mentor_ids: tuple[UUID, ...]
    rotations: tuple[Rotation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingProject:
    """A project without a team, and since when."""

    project_id: UUID
    type_code: str
    municipality_code: str
    waiting_since: datetime


class Trouble(StrEnum):
    """What does not fit in a residency that is not over."""

    CLASH = "CLASH"
    """It has days in common with another one of its team that is not over either."""
    OVERRUN = "OVERRUN"
    """Its weeks are over, and the team is still there."""
    NOT_BEGUN = "NOT_BEGUN"
    """Its weeks have begun, and nobody has said that the team is there."""
    SUSPENDED = "SUSPENDED"
    """Its project is suspended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A residency that has or had its weeks: from its first day until before `ends_before`."""

    residency: Residency
    first: date
    ends_before: date
    troubles: tuple[Trouble, ...] = ()

    @property
    def last(self) -> date:
        """Its last day."""
        return self.ends_before - _DAY


@dataclass(frozen=True, slots=True)
class FreeWeeks:
    """Weeks of a team's calendar that no firm has."""

    first: date
    ends_before: date

    @property
    def last(self) -> date:
        """The last day of them."""
        return self.ends_before - _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One team's part of the calendar; `team` is none where the reader is not told of teams."""

    team_id: UUID
    team: Team | None
    stays: tuple[Stay, ...]
    free: tuple[FreeWeeks, ...]


def calendar_of(
    residencies: Iterable[Residency], teams: Sequence[Team], *, first: date, ends_before: date, today: date
) -> list[Row]:
    """The calendar of a span of days by team: those of which the reader is told by their titles, then the others.

    A team that was disbanded stands in it only for what it did. Free weeks are those that are not over yet.
    """
    stays: dict[UUID, list[Stay]] = {}
    for residency in residencies:
        stay = _stay(residency, today=today)
        if stay is not None:
            stays.setdefault(residency.team_id, []).append(stay)
    known = {team.id: team for team in teams if team.state == "ACTIVE" or team.id in stays}
    rows = [
        Row(
            team_id=team_id,
            team=known.get(team_id),
            stays=tuple(_within(_judged(stays.get(team_id, []), today=today), first, ends_before)),
            free=tuple(_free(known.get(team_id), max(first, today), ends_before)),
        )
        for team_id in known.keys() | stays.keys()
    ]
    kept = [row for row in rows if row.stays or (row.team is not None and row.team.state == "ACTIVE")]
    return sorted(kept, key=lambda row: (row.team is None, row.team.title if row.team else "", row.team_id))


def by_due_day(unanswered: Iterable[Residency]) -> list[Residency]:
    """What Samsung has not answered yet, the soonest due first."""
    return sorted(unanswered, key=lambda each: (each.answer_due_at, each.id))


def titles_of(teams: Iterable[Team]) -> Mapping[UUID, str]:
    """What the teams are called."""
    return {team.id: team.title for team in teams}


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def _stay(residency: Residency, *, today: date) -> Stay | None:
    """The days that it has or had; none of one that fell away before anybody came."""
    planned = residency.first_week + timedelta(weeks=residency.weeks)
    if residency.state == "STARTED":
        return Stay(residency=residency, first=residency.first_week, ends_before=max(planned, today + _DAY))
    if residency.state in _OPEN:
        return Stay(residency=residency, first=residency.first_week, ends_before=planned)
    if residency.ended_on is not None:
        # The day on which a team left is a day on which it was there.
        left = max(residency.ended_on, residency.first_week)
        return Stay(residency=residency, first=residency.first_week, ends_before=left + _DAY)
    return None


def _judged(stays: Sequence[Stay], *, today: date) -> Iterator[Stay]:
    in_order = sorted(stays, key=lambda stay: (stay.first, stay.ends_before, stay.residency.id))
    for stay in in_order:
        if stay.residency.state not in _OPEN:
            yield stay
            continue
        others = (each for each in in_order if each is not stay and each.residency.state in _OPEN)
        clashes = any(each.first < stay.ends_before and stay.first < each.ends_before for each in others)
        found = (
            *([Trouble.CLASH] if clashes else []),
            *_of_its_own(stay.residency, today=today),
        )
        yield Stay(residency=stay.residency, first=stay.first, ends_before=stay.ends_before, troubles=found)


def _of_its_own(residency: Residency, *, today: date) -> Iterator[Trouble]:
    planned = residency.first_week + timedelta(weeks=residency.weeks)
    if residency.state == "STARTED" and planned <= today:
        yield Trouble.OVERRUN
    if residency.state in _NOT_BEGUN and residency.first_week <= today:
        yield Trouble.NOT_BEGUN
    if any(pause.resumed_on is None for pause in residency.pauses):
        yield Trouble.SUSPENDED


def _within(stays: Iterable[Stay], first: date, ends_before: date) -> Iterator[Stay]:
    return (stay for stay in stays if stay.first < ends_before and stay.ends_before > first)


def _free(team: Team | None, first: date, ends_before: date) -> Iterator[FreeWeeks]:
    for rotation in team.rotations if team is not None and team.state == "ACTIVE" else ():
        until = rotation.first_week + timedelta(weeks=rotation.weeks)
        if rotation.project_id is None and rotation.first_week < ends_before and until > first:
            yield FreeWeeks(rotation.first_week, until)
