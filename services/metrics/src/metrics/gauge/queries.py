"""The gauge as those who run the programme see it, zeros shown, and as everybody does, small cells hidden."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from uuid import UUID

from common.acting import as_service
from common.clock import KST
from common.db import Transaction
from common.errors import NotFound, Text
from common.web import View
from contracts.types import MUNICIPALITIES
from metrics.gauge import domain, store
from metrics.gauge.domain import Counts, GaugeRule, Site, Stage, Unit, UseEvidence
from metrics.outcomes.queries.use import projects_in_use
from metrics.progress.queries import confirmed_projects, hide_small, hide_small_total


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


class Target(View):
    """What is aimed at, by which source, and what the plan says of the day asked about."""

    rule_version: str
    target_total: int
    target_year: int
    target_source: str
    alternates: list[AlternateTarget]
    unit: Unit
    counts: list[domain.Stage]
    in_use_evidence: UseEvidence
    plan_total: int | None
    plan_source: str | None


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
    """Units by how far they have come, for everybody; null where fewer than the minimum could be worked out."""

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

    `in_use` is null too while nothing was verified, and where those completed and not in use would be too few.
    """

    as_of: date
    target: Target
    suppressed_below: int
    in_use: int | None
    tracks: list[PublicGaugeTrack]
    municipalities: list[PublicGaugeCell]


async def read_gauge(tx: Transaction, *, as_of: date | None, now: datetime, municipality_code: str | None) -> Gauge:
    """All of it, or one municipality's own; raises NoGaugeRule."""
    day, at, rule = _asked(as_of, now)
    sites = [
        site
        for site in await store.sites(tx)
        if municipality_code is None or site.municipality_code == municipality_code
    ]
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


async def read_public_gauge(tx: Transaction, *, as_of: date | None, now: datetime, minimum: int) -> PublicGauge:
    """Totals and municipalities with small cells hidden; raises NoGaugeRule."""
    day, at, rule = _asked(as_of, now)
    async with as_service(tx):
        in_use = await projects_in_use(tx, at=at)
        sites, confirmed = await store.sites(tx), await confirmed_projects(tx)
    units = domain.units_of(sites, rule, at=at)
    total = _summed(domain.count_units(units, rule, at=at, in_use=in_use or ()))
    beside = [each for each in sites if each.project_id in confirmed and each.selected_at and each.selected_at <= at]
    columns = {"completed": (Stage.COMPLETED,), "counted": rule.counts}
    reached = {name: [each.site for each in units if each.stage in stages] for name, stages in columns.items()}
    known = [each.site for each in units]
    every = {*(str(each.code) for each in MUNICIPALITIES), *map(_place, known)}
    places = _public(every, reached, beside, of=_place, minimum=minimum)
    tracks = _public({*rule.tracks, *map(_track, known)}, reached, beside, of=_track, minimum=minimum)
    return PublicGauge(
        as_of=day,
        target=_target(rule, day),
        suppressed_below=minimum,
        **{stage: hide_small_total(total[stage], minimum=minimum) for stage in PublicStages.model_fields},
        in_use=None if in_use is None else _public_use(total, minimum=minimum),
        tracks=[PublicGaugeTrack(track=track, **stages) for track, stages in tracks.items()],
        municipalities=[PublicGaugeCell(municipality_code=place, **stages) for place, stages in places.items()],
    )


def _public(
    lines: Collection[str],
    reached: Mapping[str, Sequence[Site]],
    confirmed: Sequence[Site],
    *,
    of: Callable[[Site], str],
    minimum: int,
) -> dict[str, dict[str, int | None]]:
    """What each line tells, with what is small in each column hidden, and what is beside the calls' progress."""
    known = _by_line(confirmed, of)
    columns = {column: _by_line(sites, of) for column, sites in reached.items()}
    shown: dict[str, dict[str, int | None]] = {line: {} for line in sorted(lines)}
    for name, column in columns.items():
        apart = {
            line for line, sites in column.items() if domain.leaves_few(sites, known.get(line, ()), minimum=minimum)
        }
        counts = {line: len(column.get(line, ())) for line in shown}
        for line, count in hide_small(counts, minimum=minimum, apart=apart).items():
            shown[line][name] = count
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


def _public_use(total: Mapping[str, int], *, minimum: int) -> int | None:
    """Those in use, unless they, or those completed that are not, are few enough to point at one firm."""
    idle = total["completed"] - total["in_use"]
    return None if 0 < idle < minimum else hide_small_total(total["in_use"], minimum=minimum)


def _asked(as_of: date | None, now: datetime) -> tuple[date, datetime, GaugeRule]:
    today = now.astimezone(KST).date()
    day = as_of or today
    rule = store.rule_in_force(day)
    if rule is None:
        raise NoGaugeRule(on=day.isoformat())
    at = now if day == today else datetime.combine(day, time.max, tzinfo=KST)
    return day, at, rule


def _target(rule: GaugeRule, day: date) -> Target:
    plan = domain.planned_by(rule.plan, day)
    return Target(
        rule_version=rule.version,
        target_total=rule.target_total,
        target_year=rule.target_year,
        target_source=rule.target_source,
        alternates=[AlternateTarget.model_validate(each) for each in rule.alternates],
        unit=rule.unit,
        counts=list(rule.counts),
        in_use_evidence=rule.in_use,
        plan_total=plan.total if plan else None,
        plan_source=plan.source if plan else None,
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
