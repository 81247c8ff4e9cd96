"""What a wave sums up to: in full for those who run the programme, and with small cells hidden for everybody."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction

from common.acting import as_service
from common.clock import KST
from common.db import Transaction
from common.web import View
from contracts.types import MUNICIPALITIES
from metrics.outcomes.domain.changes import BaselineGiven, Case, Change, Standing, baseline_given, change_of
from metrics.outcomes.domain.definitions import ChangeKind, Kpi, Measure, Wave, last_publication
from metrics.outcomes.domain.disclosure import TOTAL, Cell, Member, hidden_cells
from metrics.outcomes.domain.reports import Grade
from metrics.outcomes.domain.spread import Spread, in_bp, mean_bp, median_bounded_bp, spread_of
from metrics.outcomes.domain.waves import Window, day_of
from metrics.outcomes.queries.cases import WaveOf, due_cases
from metrics.outcomes.queries.definitions import MethodView, rules_on

_A_DAY = timedelta(days=1)
_EVERY_COUNTY = tuple(str(each.code) for each in MUNICIPALITIES)


class Dimension(StrEnum):
    """By what a table tells firms apart."""

    TOTAL = "TOTAL"
    MUNICIPALITY = "MUNICIPALITY"
    TRACK = "TRACK"
    TYPE = "TYPE"


class PublicAggregate(View):
    """One KPI's change in one cell, positive where it is better, always with how many were due, answered and count.

    `median_bounded_bp` counts every due firm without a valid figure as unchanged. Null is hidden, or has no figures.
    """

    kpi: str
    measure: Measure
    change_kind: ChangeKind
    dimension: Dimension
    value: str | None
    n_due: int | None
    n_responded: int | None
    n_valid: int | None
    median_bp: int | None
    lower_quartile_bp: int | None
    upper_quartile_bp: int | None
    interval_low_bp: int | None
    interval_high_bp: int | None
    interval_coverage_bp: int | None
    median_bounded_bp: int | None


class Aggregate(PublicAggregate):
    """The same in full: why figures do not count, both means, the grade of the evidence, and late baselines."""

    n_due: int
    n_responded: int
    n_valid: int
    mean_bp: int | None
    ratio_of_sums_bp: int | None
    n_grade_a_or_b: int
    n_baseline_after_agreement: int
    not_valid: dict[str, int]
    silent: dict[str, int]


class Outcomes(View):
    """A wave as of a moment: tables of the total, of municipalities, tracks and types."""

    wave: Wave
    as_of: datetime
    rule_version: str
    method: MethodView
    aggregates: list[Aggregate]


class PublicOutcomes(View):
    """A wave as it stood at the end of the last day of publication."""

    wave: Wave
    as_of: date
    rule_version: str
    method: MethodView
    suppressed_below: int
    aggregates: list[PublicAggregate]


@dataclass(frozen=True, slots=True)
class _Told:
    """One due firm's change of one KPI in one kind."""

    case: Case
    change: Change
    answered: bool


async def read_outcomes(
    tx: Transaction, wave: Wave, *, now: datetime, municipality_code: str | None, overseen: bool
) -> Outcomes:
    """All that the caller sees, or one municipality's own; those who see all get a line for each county."""
    found = _within(await due_cases(tx, wave, at=now), municipality_code)
    cells = _cells(found, [municipality_code] if municipality_code else _EVERY_COUNTY if overseen else ())
    return Outcomes(
        wave=wave,
        as_of=now,
        rule_version=found.rules.version,
        method=MethodView.model_validate(found.rules.method),
        # In a thread, since nobody else's request should wait for arithmetic.
        aggregates=await asyncio.to_thread(_summed, found, cells),
    )


async def read_public_outcomes(tx: Transaction, wave: Wave, *, now: datetime, minimum: int) -> PublicOutcomes:
    """The tables of the last publication, so that nobody subtracts today's from yesterday's."""
    day = last_publication(rules_on(day_of(now)).publication, day_of(now))
    at = datetime.combine(day, time(), tzinfo=KST) + _A_DAY - timedelta(microseconds=1)
    async with as_service(tx):
        found = await due_cases(tx, wave, at=at)
    return PublicOutcomes(
        wave=wave,
        as_of=day,
        rule_version=found.rules.version,
        method=MethodView.model_validate(found.rules.method),
        suppressed_below=minimum,
        aggregates=await asyncio.to_thread(_shown, found, minimum=minimum),
    )


def _summed(found: WaveOf, cells: Sequence[Cell]) -> list[Aggregate]:
    return [
        _aggregate(found, kpi, kind, cell, inside)
        for kpi in found.kpis
        for kind in kpi.change_kinds
        for cell, inside in _by_cell(_told(found, kpi, kind), cells).items()
    ]


def _shown(found: WaveOf, *, minimum: int) -> list[PublicAggregate]:
    cells = _cells(found, _EVERY_COUNTY)
    due = [Member(_cells_of(case), (1,)) for case, _ in found.cases]
    undue = hidden_cells(due, cells, minimum=minimum)
    shown = []
    for kpi in found.kpis:
        told = {kind: _told(found, kpi, kind) for kind in kpi.change_kinds}
        members = [
            Member(_cells_of(several[0].case), (int(several[0].answered), *(int(_counts(each)) for each in several)))
            for several in zip(*told.values(), strict=True)
        ]
        hidden = hidden_cells(members, cells, minimum=minimum, forced=undue)
        for kind in kpi.change_kinds:
            for cell, inside in _by_cell(told[kind], cells).items():
                whole = _aggregate(found, kpi, kind, cell, inside)
                names = set(PublicAggregate.model_fields)
                if cell in hidden:
                    names = {"kpi", "measure", "change_kind", "dimension", "value"}
                    names |= set() if cell in undue else {"n_due"}
                nothing = dict.fromkeys(PublicAggregate.model_fields)
                shown.append(PublicAggregate.model_validate({**nothing, **whole.model_dump(include=names)}))
    return shown


def _aggregate(found: WaveOf, kpi: Kpi, kind: ChangeKind, cell: Cell, told: Sequence[_Told]) -> Aggregate:
    valid = [each.change for each in told if _counts(each)]
    improvements = [each.improvement for each in valid if each.improvement is not None]
    spread: Spread = spread_of(improvements, level_bp=found.rules.method.interval_level_bp)
    counting = [each for each in told if _counts(each)]
    return Aggregate(
        kpi=kpi.code,
        measure=kpi.measure,
        change_kind=kind,
        dimension=Dimension(cell[0]),
        value=cell[1] or None,
        n_due=len(told),
        n_responded=sum(each.answered for each in told),
        n_valid=len(valid),
        **asdict(spread),
        median_bounded_bp=median_bounded_bp(improvements, len(told)),
        mean_bp=mean_bp(improvements),
        ratio_of_sums_bp=_ratio_of_sums_bp(valid, kind),
        n_grade_a_or_b=sum(_grade(each, kpi) in {Grade.A, Grade.B} for each in counting),
        n_baseline_after_agreement=sum(
            baseline_given(each.case) not in {None, BaselineGiven.FROZEN} for each in counting
        ),
        not_valid=_counted(each.change.standing for each in told if not _counts(each)),
        silent=_counted(each.case.silence for each in told if each.case.silence and not each.answered),
    )


def _ratio_of_sums_bp(valid: Sequence[Change], kind: ChangeKind) -> int | None:
    """How much better the sum of the firms' values became; the mean of ratios beside it says another thing."""
    before = sum((each.before for each in valid if each.before is not None), Fraction(0))
    gain = sum(
        (each.improvement * each.before for each in valid if each.improvement is not None and each.before is not None),
        Fraction(0),
    )
    return in_bp(gain / before) if kind is ChangeKind.PERCENT and before else None


def _by_cell(told: Sequence[_Told], cells: Sequence[Cell]) -> Mapping[Cell, list[_Told]]:
    by_cell: dict[Cell, list[_Told]] = {cell: [] for cell in cells}
    for each in told:
        for cell in (TOTAL, *_cells_of(each.case)):
            by_cell[cell].append(each)
    return by_cell


def _told(found: WaveOf, kpi: Kpi, kind: ChangeKind) -> list[_Told]:
    return [_Told(case, change_of(case, kpi, kind, found.versions), case.answered(kpi.code)) for case, _ in found.cases]


def _cells(found: WaveOf, places: Sequence[str]) -> list[Cell]:
    """The total, then each table's cells: these places also without a firm, and what there is."""
    inside = {cell for case, _ in found.cases for cell in _cells_of(case)}
    order = list(Dimension)
    wanted = inside | {(Dimension.MUNICIPALITY.value, place) for place in places}
    return [TOTAL, *sorted(wanted, key=lambda cell: (order.index(Dimension(cell[0])), cell[1]))]


def _cells_of(case: Case) -> tuple[Cell, ...]:
    project = case.project
    return (
        (Dimension.MUNICIPALITY.value, project.municipality_code),
        (Dimension.TRACK.value, project.track or "?"),
        (Dimension.TYPE.value, project.type_code),
    )


def _within(found: WaveOf, municipality_code: str | None) -> WaveOf:
    def own(each: tuple[Case, Window]) -> bool:
        return municipality_code in {None, each[0].project.municipality_code}

    return WaveOf(found.wave, found.at, found.rules, found.versions, [each for each in found.cases if own(each)])


def _counts(told: _Told) -> bool:
    return told.change.standing is Standing.VALID


def _grade(told: _Told, kpi: Kpi) -> Grade | None:
    figure = told.case.report.figure(kpi.code) if told.case.report else None
    return figure.grade if figure else None


def _counted(reasons: Iterable[StrEnum | None]) -> dict[str, int]:
    counted = Counter(str(reason) for reason in reasons if reason is not None)
    return dict(sorted(counted.items()))
