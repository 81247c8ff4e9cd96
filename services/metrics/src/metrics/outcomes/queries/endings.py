"""Which waves have had their last day by a moment, and whether the firm had answered in each by its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from common.db import Transaction
from metrics.outcomes import store
from metrics.outcomes.domain.changes import answered_by
from metrics.outcomes.domain.definitions import Wave, WaveAfter
from metrics.outcomes.domain.waves import Window, day_of, end_of, window_of

_WAVES = tuple(Wave(each.value) for each in WaveAfter)


@dataclass(frozen=True, slots=True)
class Completions:
    """A day in Korea and the completions that were known: as long as both stand, the same waves have ended."""

    day: date
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedWave:
    """One wave whose last day is over; `ended_at` is the first moment that is late, `answered` is as of then."""

    project_id: UUID
    municipality_code: str
    type_code: str
    wave: Wave
    due_on: date
    ended_at: datetime
    answered: bool
    rule_version: str


def windows_of(completed_at: datetime) -> Sequence[tuple[Wave, Window]]:
    """Every wave of a project that was completed then, in the order of their last days; none without rules."""
    rules = store.rules_in_force(day_of(completed_at))
    if rules is None:
        return ()
    return [(wave, window_of(completed_at, rules.wave(wave), store.is_working_day)) for wave in _WAVES]


async def completions_known(tx: Transaction, *, at: datetime) -> Completions:
    """What ended waves are a function of; one small statement."""
    return Completions(day_of(at), await store.completions_state(tx))


async def ended_part(
    tx: Transaction, *, at: datetime, after: UUID | None, most: int
) -> tuple[Sequence[tuple[UUID, str]], UUID | None]:
    """The ended waves of the next `most` projects, and behind which those after them begin; none after the last.

    Whoever was completed is due in every wave, whatever became of the firm since.
    """
    projects = await store.completed_projects(tx, at=at, after=after, most=most)
    ended = [
        (project.project_id, wave.value)
        for project in projects
        if project.completed_at is not None
        for wave, window in windows_of(project.completed_at)
        if window.due_at <= at
    ]
    return ended, projects[-1].project_id if len(projects) == most else None


async def ended_waves(tx: Transaction, project_id: UUID, *, at: datetime) -> Sequence[EndedWave]:
    """Every wave of one project whose last day is over, in the order of those days."""
    project = await store.find_project(tx, project_id)
    if project is None or project.completed_at is None:
        return ()
    rules = store.rules_in_force(day_of(project.completed_at))
    reports = await store.reports_of(tx, waves=_WAVES, project_ids=[project_id])
    return [
        EndedWave(
            project_id=project_id,
            municipality_code=project.municipality_code,
            type_code=project.type_code,
            wave=wave,
            due_on=window.due_on,
            ended_at=window.due_at,
            answered=answered_by([each for each in reports if each.wave is wave], end_of(window.due_on)),
            rule_version=rules.version,
        )
        for wave, window in windows_of(project.completed_at)
        if rules is not None and window.due_at <= at
    ]
