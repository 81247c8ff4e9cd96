"""What a wave sums up to: in full for those who run the programme, and with small cells hidden for everybody."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum

from common.acting import as_service
from common.db import Transaction
from common.web import View
from contracts.types import MUNICIPALITIES
from metrics.outcomes.domain.changes import Standing
from metrics.outcomes.domain.definitions import (
    ChangeKind,
    Kpi,
    Measure,
    OutcomeRules,
    Wave,
    WaveAfter,
    last_publication,
)
from metrics.outcomes.domain.disclosure import TOTAL, Cell, Member, hidden_cells
from metrics.outcomes.domain.reports import Silence
from metrics.outcomes.domain.spread import mean_bp, median_bounded_bp, ratio_bp, spread_of
from metrics.outcomes.domain.sums import Sums, WaveSums
from metrics.outcomes.domain.waves import day_of, end_of
from metrics.outcomes.queries.cases import due_cases, due_parts
from metrics.outcomes.queries.definitions import MethodView, rules_on

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


async def read_outcomes(
    tx: Transaction, wave: Wave, *, now: datetime, municipality_code: str | None, overseen: bool
) -> Outcomes:
    """All that the caller sees, or one municipality's own; those who see all get a line for each county.

    Firms are read and added up some at a time: what is held is their improvements, and not what they said.
    """
    rules = rules_on(day_of(now))
    sums = WaveSums(rules, in_full=True)
    async for found in due_parts(tx, wave, at=now, municipality_code=municipality_code):
        # In a thread, since nobody else's request should wait for arithmetic.
        await asyncio.to_thread(sums.add, [case for case, _ in found.cases], found.versions)
    places = [municipality_code] if municipality_code else _EVERY_COUNTY if overseen else ()
    return Outcomes(
        wave=wave,
        as_of=now,
        rule_version=rules.version,
        method=MethodView.model_validate(rules.method),
        aggregates=await asyncio.to_thread(_summed, sums, _cells(sums, places)),
    )


async def read_own_outcomes(tx: Transaction, wave: WaveAfter, *, now: datetime, municipality_code: str) -> Outcomes:
    """For a later feature: one municipality's own, of a wave after the completion."""
    return await read_outcomes(tx, Wave(wave.value), now=now, municipality_code=municipality_code, overseen=False)


async def read_public_outcomes(tx: Transaction, wave: Wave, *, now: datetime, minimum: int) -> PublicOutcomes:
    """The tables of the last publication, worked out in this transaction: what is kept is held against them.

    Whoever answers anybody asks `published`, which keeps them.
    """
    day = last_publication(rules_on(day_of(now)).publication, day_of(now))
    async with as_service(tx):
        found = await due_cases(tx, wave, at=end_of(day))
    sums = WaveSums(found.rules, in_full=False)
    await asyncio.to_thread(sums.add, [case for case, _ in found.cases], found.versions)
    return await asyncio.to_thread(public_outcomes, sums, wave, as_of=day, minimum=minimum)


def public_outcomes(sums: WaveSums, wave: Wave, *, as_of: date, minimum: int) -> PublicOutcomes:
    """The tables for everybody of what was summed up as of the end of a day; this takes a while."""
    return PublicOutcomes(
        wave=wave,
        as_of=as_of,
        rule_version=sums.rules.version,
        method=MethodView.model_validate(sums.rules.method),
        suppressed_below=minimum,
        aggregates=_shown(sums, minimum=minimum),
    )


def _summed(sums: WaveSums, cells: Sequence[Cell]) -> list[Aggregate]:
    return [
        _aggregate(sums.rules, kpi, kind, cell, sums.within(kpi, kind, cell))
        for kpi in sums.rules.kpis
        for kind in kpi.change_kinds
        for cell in cells
    ]


def _shown(sums: WaveSums, *, minimum: int) -> list[PublicAggregate]:
    cells = _cells(sums, _EVERY_COUNTY)
    undue = hidden_cells(sums.members(lambda alike: (alike[0].due,)), cells, minimum=minimum)
    shown = []
    for kpi in sums.rules.kpis:
        members: list[Member] = sums.members(
            lambda alike: (alike[0].responded, *(len(each.improvements) for each in alike)), kpi
        )
        hidden = hidden_cells(members, cells, minimum=minimum, forced=undue)
        for kind in kpi.change_kinds:
            for cell in cells:
                inside = sums.within(kpi, kind, cell)
                told: dict[str, int | None] = {} if cell in undue else {"n_due": inside.due}
                if cell not in hidden:
                    told = {**_counted(inside), **_spread(sums.rules, inside)}
                nothing = dict.fromkeys(PublicAggregate.model_fields)
                shown.append(PublicAggregate.model_validate({**nothing, **_named(kpi, kind, cell), **told}))
    return shown


def _aggregate(rules: OutcomeRules, kpi: Kpi, kind: ChangeKind, cell: Cell, inside: Sums) -> Aggregate:
    return Aggregate.model_validate(
        {
            **_named(kpi, kind, cell),
            **_counted(inside),
            **_spread(rules, inside),
            "mean_bp": mean_bp(inside.improvements),
            # How much better the sum of the firms' values became; the mean of ratios beside it says another thing.
            "ratio_of_sums_bp": ratio_bp(inside.gains, inside.before) if kind is ChangeKind.PERCENT else None,
            "n_grade_a_or_b": inside.grade_a_or_b,
            "n_baseline_after_agreement": inside.baseline_after_agreement,
            "not_valid": _sorted(inside.not_valid),
            "silent": _sorted(inside.silent),
        }
    )


def _named(kpi: Kpi, kind: ChangeKind, cell: Cell) -> dict[str, object]:
    about = {"kpi": kpi.code, "measure": kpi.measure, "change_kind": kind}
    return {**about, "dimension": Dimension(cell[0]), "value": cell[1] or None}


def _counted(inside: Sums) -> dict[str, int]:
    return {"n_due": inside.due, "n_responded": inside.responded, "n_valid": len(inside.improvements)}


def _spread(rules: OutcomeRules, inside: Sums) -> dict[str, int | None]:
    ordered = inside.ordered
    spread = asdict(spread_of(ordered, level_bp=rules.method.interval_level_bp))
    return {**spread, "median_bounded_bp": median_bounded_bp(ordered, inside.due)}


def _cells(sums: WaveSums, places: Sequence[str]) -> list[Cell]:
    """The total, then each table's cells: these places also without a firm, and what there is."""
    order = list(Dimension)
    wanted = sums.cells | {(Dimension.MUNICIPALITY.value, place) for place in places}
    return [TOTAL, *sorted(wanted, key=lambda cell: (order.index(Dimension(cell[0])), cell[1]))]


def _sorted(reasons: Counter[Standing] | Counter[Silence]) -> dict[str, int]:
    return dict(sorted((str(reason), number) for reason, number in reasons.items()))
