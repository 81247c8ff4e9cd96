"""Every project that is due in a wave, with all that was said of it by a moment: what each aggregate is made of."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.db import Transaction
from metrics.outcomes import store
from metrics.outcomes.domain.changes import Case, as_of
from metrics.outcomes.domain.definitions import Kpi, OutcomeRules, Wave
from metrics.outcomes.domain.reports import Project, Report
from metrics.outcomes.domain.waves import Window, day_of, window_of
from metrics.outcomes.queries.definitions import rules_on

_PART = 500


@dataclass(frozen=True, slots=True)
class WaveOf:
    """One wave as it stood at a moment: the rules then, and each due case with its window."""

    wave: Wave
    at: datetime
    rules: OutcomeRules
    versions: Mapping[str, OutcomeRules]
    cases: Sequence[tuple[Case, Window]]

    @property
    def kpis(self) -> Sequence[Kpi]:
        return self.rules.kpis


async def due_cases(tx: Transaction, wave: Wave, *, at: datetime) -> WaveOf:
    """All that the caller sees. Whoever was completed stays due, whatever became of the firm since."""
    return await _known(tx, wave, await store.completed_projects(tx, at=at), at=at, project_ids=None)


async def due_parts(
    tx: Transaction, wave: Wave, *, at: datetime, municipality_code: str | None = None
) -> AsyncIterator[WaveOf]:
    """The same, or one municipality's, in parts one after the other: no more than one of them is held at once."""
    after: UUID | None = None
    while projects := await store.completed_projects(
        tx, at=at, after=after, most=_PART, municipality_code=municipality_code
    ):
        yield await _known(tx, wave, projects, at=at, project_ids=[each.project_id for each in projects])
        after = projects[-1].project_id


async def _known(
    tx: Transaction,
    wave: Wave,
    projects: Sequence[Project],
    *,
    at: datetime,
    project_ids: Collection[UUID] | None,
) -> WaveOf:
    rules = rules_on(day_of(at))
    said = await store.reports_of(tx, waves=[Wave.BASELINE, wave], project_ids=project_ids)
    silences = await store.silences_of(tx, waves=[wave], at=at, project_ids=project_ids)
    by_wave: dict[tuple[UUID, Wave], list[Report]] = defaultdict(list)
    for report in said:
        known = as_of(report, at)
        if known is not None:
            by_wave[known.project_id, known.wave].append(known)
    cases = []
    for project in projects:
        window = window_in(project, wave)
        if window is not None and window.due_at <= at:
            place = (project.project_id, wave)
            baselines = by_wave.get((project.project_id, Wave.BASELINE), [])
            case = Case(
                project=project, baselines=baselines, reports=by_wave.get(place, []), silence=silences.get(place)
            )
            cases.append((case, window))
    return WaveOf(wave, at, rules, store.rule_versions(), cases)


def window_in(project: Project, wave: Wave) -> Window | None:
    """When a project's wave is, by the rules of the day of its completion; none before it, or without rules."""
    if project.completed_at is None:
        return None
    rules = store.rules_in_force(day_of(project.completed_at))
    return None if rules is None else window_of(project.completed_at, rules.wave(wave), store.is_working_day)


async def due_part(
    tx: Transaction, wave: Wave, *, at: datetime, after: UUID | None, most: int
) -> tuple[WaveOf, UUID | None]:
    """The due ones of the next `most` projects, and behind which those after them begin; none after the last."""
    projects = await store.completed_projects(tx, at=at, after=after, most=most)
    found = await _known(tx, wave, projects, at=at, project_ids=[each.project_id for each in projects])
    return found, projects[-1].project_id if len(projects) == most else None
