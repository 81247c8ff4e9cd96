"""What counts toward 300: the rule as data, and how it counts the projects known on a day.

A unit is a worksite, counted once however many projects it has, where it has come furthest. A terminated project leaves
the count on the day of its termination, and says so.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Stage(StrEnum):
    """How far a unit has come; the later one in this order counts for it."""

    WITHDRAWN = "WITHDRAWN"
    TERMINATED = "TERMINATED"
    PLANNED = "PLANNED"
    AGREED = "AGREED"
    COMPLETED = "COMPLETED"


class Unit(StrEnum):
    """What is counted once."""

    WORKSITE = "WORKSITE"
    PROJECT = "PROJECT"


class UseEvidence(StrEnum):
    """By which evidence a completed factory is known to be in use."""

    OUTCOME_SURVEY = "OUTCOME_SURVEY"


_ORDER = {stage: place for place, stage in enumerate(Stage)}


@dataclass(frozen=True, slots=True)
class Alternate:
    """Another target year that somebody published."""

    target_year: int
    source: str
    source_ko: str


@dataclass(frozen=True, slots=True)
class PlannedTotal:
    """How many there should be by a day."""

    by: date
    total: int
    source: str
    source_ko: str


@dataclass(frozen=True, slots=True)
class GaugeRule:
    """A version of the rule, in force from a day on."""

    version: str
    valid_from: date
    note: str
    target_total: int
    target_year: int
    target_source: str
    target_source_ko: str
    alternates: tuple[Alternate, ...]
    unit: Unit
    counts: tuple[Stage, ...]
    tracks: tuple[str, ...]
    in_use: UseEvidence
    plan: tuple[PlannedTotal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One project with the moments that matter; the worksite is unknown for applications from before it was told."""

    project_id: UUID
    worksite_id: UUID | None
    track: str | None
    type_code: str
    municipality_code: str
    selected_at: datetime | None
    ended_at: datetime | None
    agreed_at: datetime | None
    inspected_at: datetime | None
    suspended_at: datetime | None
    resumed_at: datetime | None
    completed_at: datetime | None
    terminated_at: datetime | None
    termination_cause: str | None
    fault_party: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A unit: its project that counts for it and how far that has come, and all of its projects."""

    stage: Stage
    site: Site
    projects: Sequence[tuple[Stage, Site]]


@dataclass(slots=True, kw_only=True)
class Counts:
    """Units by stage; `inspected` and `suspended` are parts of `agreed`, `in_use` is one of `completed`."""

    planned: int = 0
    agreed: int = 0
    inspected: int = 0
    suspended: int = 0
    completed: int = 0
    in_use: int = 0
    withdrawn: int = 0
    terminated: int = 0
    counted: int = 0


@dataclass(frozen=True, slots=True)
class Correction:
    """A completed project that left the count."""

    project_id: UUID
    municipality_code: str
    track: str | None
    counted_from: datetime
    left_at: datetime
    cause: str | None
    fault_party: str | None


def stage_of(site: Site, at: datetime) -> Stage | None:
    """How far a project had come by a moment; None before it was selected."""
    for stage, moment in (
        (Stage.TERMINATED, site.terminated_at),
        (Stage.WITHDRAWN, site.ended_at),
        (Stage.COMPLETED, site.completed_at),
        (Stage.AGREED, site.agreed_at),
        (Stage.PLANNED, site.selected_at),
    ):
        if moment is not None and moment <= at:
            return stage
    return None


def count(
    sites: Iterable[Site], rule: GaugeRule, *, at: datetime, in_use: Collection[UUID] = ()
) -> dict[tuple[str, str], Counts]:
    """Units by municipality and track, each where its furthest project is; of two equally far, the first completed.

    `in_use` are the projects that are known to be used: a completed unit is if one of its completed projects is.
    """
    return count_units(units_of(sites, rule, at=at), rule, at=at, in_use=in_use)


def units_of(sites: Iterable[Site], rule: GaugeRule, *, at: datetime) -> list[Counted]:
    """What is counted once, of the projects that were selected by a moment."""
    found: dict[UUID, list[tuple[Stage, Site]]] = defaultdict(list)
    for site in sites:
        stage = stage_of(site, at)
        if stage is not None:
            unit = site.worksite_id if rule.unit is Unit.WORKSITE else None
            found[unit or site.project_id].append((stage, site))
    return [Counted(*max(projects, key=_furthest), projects) for projects in found.values()]


def count_units(
    units: Iterable[Counted], rule: GaugeRule, *, at: datetime, in_use: Collection[UUID] = ()
) -> dict[tuple[str, str], Counts]:
    """The same of units that are known."""
    found: dict[tuple[str, str], Counts] = defaultdict(Counts)
    for unit in units:
        counts = found[unit.site.municipality_code, unit.site.track or "?"]
        _add(counts, unit.stage, unit.site, rule, at)
        counts.in_use += any(built is Stage.COMPLETED and each.project_id in in_use for built, each in unit.projects)
    return dict(found)


def leaves_few(reached: Collection[Site], confirmed: Iterable[Site], *, minimum: int) -> bool:
    """Whether a line's count, beside how many were confirmed in it, tells of fewer than the minimum that did not come
    so far, or of fewer who came so far without having been confirmed.

    Calls follow each other, and whoever was selected later than all that got so far says nothing of those: so this is
    asked of the confirmed up to each moment from then on, and not of all of them alone.
    """
    selected = sorted(site.selected_at for site in confirmed if site.selected_at is not None)
    latest = max((site.selected_at for site in reached if site.selected_at is not None), default=None)
    if latest is None or not selected:
        return False
    known = {bisect_right(selected, moment) for moment in {latest, *selected} if moment >= latest}
    return any(0 < abs(count - len(reached)) < minimum for count in known)


def corrections(sites: Iterable[Site], *, at: datetime) -> list[Correction]:
    """Completed projects that were terminated by a moment, in the order in which they left the count."""
    left = [
        Correction(
            project_id=site.project_id,
            municipality_code=site.municipality_code,
            track=site.track,
            counted_from=site.completed_at,
            left_at=site.terminated_at,
            cause=site.termination_cause,
            fault_party=site.fault_party,
        )
        for site in sites
        if site.completed_at is not None and site.terminated_at is not None and site.terminated_at <= at
    ]
    return sorted(left, key=lambda each: (each.left_at, each.project_id))


def planned_by(plan: Sequence[PlannedTotal], day: date) -> PlannedTotal | None:
    """The last total that should have been reached by a day; None before the first."""
    return max((each for each in plan if each.by <= day), key=lambda each: each.by, default=None)


def _furthest(project: tuple[Stage, Site]) -> tuple[int, float, int]:
    stage, site = project
    completed = site.completed_at.timestamp() if site.completed_at else 0.0
    return (_ORDER[stage], -completed, -site.project_id.int)


def _add(counts: Counts, stage: Stage, site: Site, rule: GaugeRule, at: datetime) -> None:
    match stage:
        case Stage.PLANNED:
            counts.planned += 1
        case Stage.AGREED:
            counts.agreed += 1
            counts.inspected += site.inspected_at is not None and site.inspected_at <= at
            counts.suspended += _is_suspended(site, at)
        case Stage.COMPLETED:
            counts.completed += 1
        case Stage.WITHDRAWN:
            counts.withdrawn += 1
        case Stage.TERMINATED:
            counts.terminated += 1
    counts.counted += stage in rule.counts


def _is_suspended(site: Site, at: datetime) -> bool:
    if site.suspended_at is None or site.suspended_at > at:
        return False
    return site.resumed_at is None or site.resumed_at > at or site.resumed_at < site.suspended_at
