"""The gauge as those who run the programme see it, zeros shown, and as everybody does, small cells hidden."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from uuid import UUID

from common.acting import as_service
from common.clock import KST
from common.db import Transaction
from common.errors import NotFound, Text
from common.kept import Kept
from common.web import View
from contracts.types import MUNICIPALITIES
from metrics.gauge import domain, store
from metrics.gauge.domain import Counts, GaugeRule, Site, Stage, Unit, UseEvidence
from metrics.outcomes.queries.use import projects_in_use, state_of_use
from metrics.progress.queries.cases import confirmed_projects
from metrics.progress.queries.hiding import hide_small, hide_small_parts, hide_small_total

_KEPT_AT_MOST = 32


class NoGaugeRule(NotFound):
    """The programme counts nothing on a day before its first rule."""

    code = "gauge-rule-not-in-force"
    title = Text("그날의 집계 기준이 없습니다", "No rule counts on that day")
    detail = Text(
        "{on}에 적용되는 집계 기준이 없습니다. 더 늦은 날짜를 적어 주세요.",
        "No rule of what counts is in force on {on}. Ask for a later day.",
    )


class AlternateTarget(View):
    """Another target year that was published, and where."""

    target_year: int
    source: str
    source_ko: str


class Target(View):
    """What is aimed at, by which source, and what the plan says of the day asked about.

    A source is said in English, and in Korean where its name ends in `_ko`.
    """

    rule_version: str
    target_total: int
    target_year: int
    target_source: str
    target_source_ko: str
    alternates: list[AlternateTarget]
    unit: Unit
    counts: list[domain.Stage]
    in_use_evidence: UseEvidence
    plan_total: int | None
    plan_source: str | None
    plan_source_ko: str | None


class GaugeCounts(View):
    """Units by how far they have come; `counted` is what counts.

    `in_use` are those completed whose figures after completion were verified, and whose firm has not closed since; it
    is null until anything was verified.
    """

    planned: int
    agreed: int
    inspected: int
    suspended: int
    completed: int
    in_use: int | None
    withdrawn: int
    terminated: int
    counted: int


class GaugeRow(GaugeCounts):
    """One municipality's units of one track, zeros included."""

    municipality_code: str
    track: str


class GaugeCorrection(View):
    """A completed project that left the count, with its day and cause."""

    project_id: UUID
    municipality_code: str
    track: str | None
    counted_from: datetime
    left_at: datetime
    cause: str | None
    fault_party: str | None


class Gauge(View):
    """The gauge of a day, in all and by municipality and track."""

    as_of: date
    target: Target
    total: GaugeCounts
    rows: list[GaugeRow]
    corrections: list[GaugeCorrection]


class PublicStages(View):
    """Units by how far they have come, for everybody; null where fewer than the minimum could be worked out.

    A zero is told, unless a stage with few units needs it beside itself.
    """

    planned: int | None
    agreed: int | None
    completed: int | None
    withdrawn: int | None
    terminated: int | None
    counted: int | None


class PublicLine(View):
    """One line's units that were completed, and that count; null where fewer than the minimum could be worked out.

    Also from the calls' public progress: fewer that were confirmed in the line and have not come so far are told to
    nobody.

    A zero is told only where nobody was ever selected: elsewhere it would say of a line's few firms that none is done.
    Who left, and when, is told in all only: a line's count of one day less that of the day before would name a place
    and a day, and partners know whose project that was.
    """

    completed: int | None
    counted: int | None


class PublicGaugeCell(PublicLine):
    """One municipality's units."""

    municipality_code: str


class PublicGaugeTrack(PublicLine):
    """One track's units."""

    track: str


class PublicGauge(PublicStages):
    """The gauge as everybody sees it.

    `in_use` is null too while nothing was verified, and where those completed and not in use would be too few. Nobody
    in use is told only where nobody has completed: the others would all be idle, or closed.
    """

    as_of: date
    target: Target
    suppressed_below: int
    in_use: int | None
    tracks: list[PublicGaugeTrack]
    municipalities: list[PublicGaugeCell]


async def read_gauge(tx: Transaction, *, as_of: date | None, now: datetime, municipality_code: str | None) -> Gauge:
    """All of it, or one municipality's own; raises NoGaugeRule."""
    day, rule = _day_and_rule(as_of, now)
    at = now if day == now.astimezone(KST).date() else _end_of(day)
    sites = await store.sites(tx, municipality_code=municipality_code)
    in_use = await projects_in_use(tx, at=at)
    found = domain.count(sites, rule, at=at, in_use=in_use or ())
    places = [municipality_code] if municipality_code else [str(each.code) for each in MUNICIPALITIES]
    tracks = sorted({*rule.tracks, *(track for _, track in found)})
    rows = {(place, track): found.get((place, track), Counts()) for place in places for track in tracks}
    return Gauge(
        as_of=day,
        target=_target(rule, day),
        total=GaugeCounts.model_validate(_shown(_summed(rows), knows_use=in_use is not None)),
        rows=[
            GaugeRow.model_validate(
                {"municipality_code": place, "track": track, **_shown(asdict(counts), knows_use=in_use is not None)}
            )
            for (place, track), counts in rows.items()
        ],
        corrections=[GaugeCorrection.model_validate(each) for each in domain.corrections(sites, at=at)],
    )


Reading = Callable[[], AbstractAsyncContextManager[Transaction]]
"""Opens a transaction that reads."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that a public gauge is a function of."""

    day: date
    rule_version: str
    minimum: int
    state: str
    state_of_use: str


@dataclass(frozen=True, slots=True)
class _Found:
    """What a public gauge is counted of: projects, those that their calls' progress counts as confirmed, and in use."""

    sites: Sequence[Site]
    confirmed: Collection[UUID]
    in_use: Collection[UUID]


class PublicGauges:
    """One process's public gauges: counted once for each state of what they are made of, and kept as long as it stands.

    A reader holds no connection while sites are counted, and all who wait for the same day wait for one count.
    """

    def __init__(self, reading: Reading, *, minimum: int) -> None:
        self._reading, self._minimum = reading, minimum
        self._kept: Kept[_Asked, PublicGauge] = Kept(most=_KEPT_AT_MOST)

    async def of_day(self, as_of: date | None, *, now: datetime) -> PublicGauge:
        """Totals and lines of a day by its end, small cells hidden; raises NoGaugeRule."""
        day, rule = _day_and_rule(as_of, now)
        async with self._reading() as tx:
            # Before what it stands for: what changes meanwhile has another state, by which it is asked for then.
            asked = _Asked(day, rule.version, self._minimum, await store.state(tx), await state_of_use(tx, day))
        return await self._kept.get(asked, lambda: self._count(asked, rule))

    async def _count(self, asked: _Asked, rule: GaugeRule) -> PublicGauge:
        async with self._reading() as tx, as_service(tx):
            in_use = await projects_in_use(tx, at=_end_of(asked.day))
            found = _Found(await store.sites(tx), await confirmed_projects(tx), in_use or ())
        # In a thread, since nobody else's request should wait for arithmetic.
        return await asyncio.to_thread(_published, found, rule, asked)


@dataclass(frozen=True, slots=True)
class _Lines:
    """What lines are told of: all who were selected, the confirmed of them, and who came how far."""

    selected: Sequence[Site]
    confirmed: Sequence[Site]
    columns: Mapping[str, Sequence[Site]]


def _published(found: _Found, rule: GaugeRule, asked: _Asked) -> PublicGauge:
    at, minimum = _end_of(asked.day), asked.minimum
    units = domain.units_of(found.sites, rule, at=at)
    total = _summed(domain.count_units(units, rule, at=at, in_use=found.in_use))
    stages = _public_stages(total, rule, minimum=minimum)
    # Of a unit with several projects each has its place and track, and not only the one that counts.
    selected = [site for unit in units for _, site in unit.projects]
    counted = {"completed": (Stage.COMPLETED,), "counted": rule.counts}
    lines = _Lines(
        selected=selected,
        confirmed=[
            each
            for each in selected
            if each.project_id in found.confirmed and each.selected_at and each.selected_at <= at
        ],
        columns={name: [unit.site for unit in units if unit.stage in within] for name, within in counted.items()},
    )
    every = {*(str(each.code) for each in MUNICIPALITIES), *map(_place, selected)}
    places = _public(every, lines, of=_place, minimum=minimum)
    tracks = _public({*rule.tracks, *map(_track, selected)}, lines, of=_track, minimum=minimum)
    return PublicGauge(
        as_of=asked.day,
        target=_target(rule, asked.day),
        suppressed_below=minimum,
        **stages,
        in_use=_public_use(total, completed=stages["completed"], minimum=minimum),
        tracks=[PublicGaugeTrack(track=track, **told) for track, told in tracks.items()],
        municipalities=[PublicGaugeCell(municipality_code=place, **told) for place, told in places.items()],
    )


def _public(
    names: Collection[str], lines: _Lines, *, of: Callable[[Site], str], minimum: int
) -> dict[str, dict[str, int | None]]:
    """What each line tells, with what is small in each column hidden, and what is beside the calls' progress."""
    confirmed = _by_line(lines.confirmed, of)
    shown: dict[str, dict[str, int | None]] = {name: {} for name in sorted(names)}
    empty = set(names) - {of(site) for site in lines.selected}
    for column, sites_so_far in lines.columns.items():
        reached = _by_line(sites_so_far, of)
        apart = {
            name
            for name, sites in reached.items()
            if domain.leaves_few(sites, confirmed.get(name, ()), minimum=minimum)
        }
        counts = {name: len(reached.get(name, ())) for name in shown}
        for name, count in hide_small(counts, minimum=minimum, apart=apart, nobody_in=empty).items():
            shown[name][column] = count
    return shown


def _by_line(sites: Sequence[Site], of: Callable[[Site], str]) -> dict[str, list[Site]]:
    found: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        found[of(site)].append(site)
    return found


def _place(site: Site) -> str:
    return site.municipality_code


def _track(site: Site) -> str:
    return site.track or "?"


def _public_stages(total: Mapping[str, int], rule: GaugeRule, *, minimum: int) -> dict[str, int | None]:
    """The stages, of which each unit is in one; and what counts, unless a stage of it is hidden."""
    names = {stage: stage.value.lower() for stage in Stage}
    stages = hide_small_parts({name: total[name] for name in names.values()}, minimum=minimum)
    hidden = any(stages[names[stage]] is None for stage in rule.counts)
    return {**stages, "counted": None if hidden else total["counted"]}


def _public_use(total: Mapping[str, int], *, completed: int | None, minimum: int) -> int | None:
    """Those in use, unless they, or those completed that are not, are few enough to point at one firm."""
    if completed == 0:
        return 0
    idle = total["completed"] - total["in_use"]
    return None if 0 < idle < minimum else hide_small_total(total["in_use"], minimum=minimum)


def _day_and_rule(as_of: date | None, now: datetime) -> tuple[date, GaugeRule]:
    day = as_of or now.astimezone(KST).date()
    rule = store.rule_in_force(day)
    if rule is None:
        raise NoGaugeRule(on=day.isoformat())
    return day, rule


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, tzinfo=KST)


def _target(rule: GaugeRule, day: date) -> Target:
    plan = domain.planned_by(rule.plan, day)
    return Target(
        rule_version=rule.version,
        target_total=rule.target_total,
        target_year=rule.target_year,
        target_source=rule.target_source,
        target_source_ko=rule.target_source_ko,
        alternates=[AlternateTarget.model_validate(each) for each in rule.alternates],
        unit=rule.unit,
        counts=list(rule.counts),
        in_use_evidence=rule.in_use,
        plan_total=plan.total if plan else None,
        plan_source=plan.source if plan else None,
        plan_source_ko=plan.source_ko if plan else None,
    )


def _shown(counts: Mapping[str, int], *, knows_use: bool) -> dict[str, int | None]:
    """The counts, with nothing instead of none in use where nobody can know."""
    return {**counts, "in_use": counts["in_use"] if knows_use else None}


def _summed(rows: Mapping[tuple[str, str], Counts]) -> dict[str, int]:
    total = asdict(Counts())
    for counts in rows.values():
        for name, number in asdict(counts).items():
            total[name] += number
    return total
