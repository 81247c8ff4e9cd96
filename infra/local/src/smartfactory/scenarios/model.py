"""What a scenario holds, and how its file is read: every value in a node that names its source or says `assumed`."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from itertools import pairwise
from typing import cast

import msgspec
import yaml

from common.clock import KST
from common.errors import Text
from contracts.types import MUNICIPALITIES
from smartfactory.scenarios.parts import (
    AmendingPart,
    BudgetPart,
    BuildingPart,
    Calendar,
    CallPart,
    ClosingPart,
    ForumPart,
    Given,
    MeasuringPart,
    MemorandumPart,
    MentoringPart,
    ObjectionPart,
    PanelPart,
    Part,
    ScreeningPart,
    SplitPart,
    TypePart,
)
from smartfactory.scenarios.scale import scaled, split_name
from smartfactory.stack.faults import StackFault

ASSUMED = "assumed"
_WHOLE_BP = 10_000
_SOURCE = re.compile(r"assumed|(\[(S|D|O|[LNGCT]\d{1,2})\])+")


class UnknownScenarioError(StackFault):
    """No scenario of this name, or it is of another year."""

    def __init__(self, what: Text) -> None:
        names = ", ".join(available())
        super().__init__(what, Text(f"있는 시나리오: {names}", f"There are: {names}"))


class FaultyScenarioError(Exception):
    """The file breaks the form or contradicts itself; the message names every contradiction."""


class Scenario(Part, frozen=True):
    """One programme year of one track, whole."""

    name: str
    preceded_by: Given[list[str]]
    """The seasons that are played before it."""
    call: CallPart
    calendar: Calendar
    types: dict[str, TypePart]
    split: SplitPart
    budgets: BudgetPart
    screening: ScreeningPart
    objections: ObjectionPart
    panel: PanelPart
    extra_call: Given[str] | None = None
    """The scenario of a further call of the same season, for seats that had no plan; see season.extra_call."""
    memorandum: MemorandumPart | None = None
    forum: ForumPart | None = None
    """Without it the Forum does nothing: the seasons before Track B."""
    mentoring: MentoringPart | None = None
    """Without it no team is sent: the seasons before the programme of mentors."""
    amending: AmendingPart | None = None
    building: BuildingPart | None = None
    """Without it the season ends with the first money: programme time only goes forward, and another follows."""
    closing: ClosingPart | None = None
    """Without it no books are closed; with it the builds are."""
    measuring: MeasuringPart | None = None
    """Without it nobody asks what the factories brought; with it the books are closed."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """One value of a scenario by its path, with its source."""

    path: str
    value: object
    source: str
    why: str


def available() -> list[str]:
    """Name the scenarios that come with the package."""
    folder = resources.files(__package__)
    return sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load(name: str) -> Scenario:
    """Read, decode and validate one scenario, `@` and a number after its name for that many plans.

    Raises UnknownScenarioError, FaultyScenarioError or ScaleRefused.
    """
    own, applications = split_name(name)
    try:
        scenario = msgspec.convert(_read(own), Scenario)
    except msgspec.ValidationError as error:
        message = f"scenario {name}: {error}"
        raise FaultyScenarioError(message) from error
    if applications is not None:
        # So many plans leave no seat without one, and an extra call nothing to offer.
        types = scaled(scenario.types, applications)
        scenario = msgspec.structs.replace(scenario, name=name, types=types, extra_call=None)
    faults = list(contradictions(scenario))
    if faults:
        message = f"scenario {name}: " + "; ".join(faults)
        raise FaultyScenarioError(message)
    return scenario


def programme(scenario: str | None, year: int) -> list[Scenario]:
    """The seasons to play, in their order: the named scenario, or Track B of the year, and before it what it names.

    Raises UnknownScenarioError or FaultyScenarioError.
    """
    last = _for_year(scenario, year)
    return [*(load(name) for name in last.preceded_by.value), last]


def keys_of(scenario: Scenario) -> str:
    """What tells the requests of its calls from those of all others."""
    return f"{scenario.name}/{scenario.call.fiscal_year.value}"


def track_b(year: int) -> str:
    """The scenario of a year when nobody names one."""
    return f"track-b-{year}"


def _for_year(scenario: str | None, year: int) -> Scenario:
    """Load the named scenario, or Track B of the year; the year must be the scenario's own."""
    loaded = load(scenario or track_b(year))
    if loaded.call.fiscal_year.value != year:
        own = loaded.call.fiscal_year.value
        raise UnknownScenarioError(
            Text(
                f"시나리오 {loaded.name}은(는) {year}년이 아니라 {own}년입니다.",
                f"Scenario {loaded.name} is of {own}, not of {year}.",
            )
        )
    return loaded


def provenance(scenario: Scenario) -> Iterator[Provenance]:
    """Every value with its source, in the file's order."""
    yield from _walk(scenario, "")


def contradictions(scenario: Scenario) -> Iterator[str]:
    """Tell what in the scenario cannot be true together, or has no source."""
    for item in provenance(scenario):
        if not _SOURCE.fullmatch(item.source):
            yield f"{item.path} names no source: {item.source!r}"
    yield from _calendar_contradictions(scenario)
    yield from _number_contradictions(scenario)
    yield from _extra_call_contradictions(scenario)
    yield from _memorandum_contradictions(scenario)
    objecting = scenario.objections.upheld.value + scenario.objections.dismissed.value
    if objecting > sum(scenario.screening.ineligible.value.values()):
        yield "more firms object than are found not eligible"
    yield from _mentoring_contradictions(scenario)
    yield from _building_contradictions(scenario)
    yield from _forum_contradictions(scenario)
    if amending := scenario.amending:
        ordered = [scenario.calendar.first_releases_ordered_at, amending.asked_at, amending.decided_at]
        if any(earlier.value >= later.value for earlier, later in pairwise(ordered)):
            yield "amending's moments do not follow each other and calendar.first_releases_ordered_at"
    yield from _closing_contradictions(scenario)
    yield from _measuring_contradictions(scenario)


def _calendar_contradictions(scenario: Scenario) -> Iterator[str]:
    moments = [
        (field, cast("Given[datetime]", getattr(scenario.calendar, field)).value)
        for field in Calendar.__struct_fields__
    ]
    for field, moment in moments:
        if moment.tzinfo is None:
            yield f"calendar.{field} has no offset"
    for (earlier, first), (later, second) in pairwise(moments):
        if first.tzinfo and second.tzinfo and first >= second:
            yield f"calendar.{later} is not after calendar.{earlier}"


def _memorandum_contradictions(scenario: Scenario) -> Iterator[str]:
    memorandum, begins = scenario.memorandum, scenario.calendar.budgets_proposed_at.value
    if memorandum and memorandum.registered_at.value >= begins:
        yield "memorandum.registered_at is not before the season's first step"
    if memorandum and memorandum.signed_on.value > memorandum.registered_at.value.date():
        yield "memorandum.registered_at is before memorandum.signed_on"


def _number_contradictions(scenario: Scenario) -> Iterator[str]:
    codes = {municipality.code for municipality in MUNICIPALITIES}
    for type_code, part in scenario.types.items():
        for table, total in ((part.seats, part.seats_total), (part.plans, part.plans_total)):
            if sum(table.value.values()) != total.value:
                yield f"types.{type_code} sums to {sum(table.value.values())} and its total says {total.value}"
            if unknown := table.value.keys() - codes:
                yield f"types.{type_code} names no municipality of Jeonbuk: {sorted(unknown)}"
        if not 0 < part.cost_won.value.low < part.cost_won.value.high:
            yield f"types.{type_code}.cost_won is no range"
    yield from _budget_contradictions(scenario, codes)
    if not 0 < sum(scenario.split.rates_bp.value.values()) <= 10_000:  # noqa: PLR2004 the whole in basis points
        yield "split.rates_bp is not between nothing and the whole"
    plans = sum(part.plans_total.value for part in scenario.types.values())
    if sum(scenario.screening.ineligible.value.values()) + scenario.screening.supplements.value > plans:
        yield "screening fails and supplements more plans than there are"


def _extra_call_contradictions(scenario: Scenario) -> Iterator[str]:
    """A further call takes place between the steps of its season, and offers no seat that a plan was there for."""
    if scenario.extra_call is None:
        return
    extra, own = load(scenario.extra_call.value), scenario.calendar
    theirs = extra.calendar
    moments = [
        own.eligibility_at, theirs.call_drafted_at, theirs.eligibility_at, own.objections_filed_at, own.scoring_at,
        theirs.scoring_at, own.ranking_at, own.selecting_at, theirs.ranking_at, theirs.selecting_at,
        own.objections_decided_at, own.shares_covered_at, theirs.agreements_issued_at, theirs.shares_covered_at,
        own.self_pay_proven_at,
    ]  # fmt: skip
    if any(earlier.value >= later.value for earlier, later in pairwise(moments)):
        yield f"the moments of {extra.name} are not between the season's own"
    if (extra.call.track.value, extra.call.fiscal_year.value) != (
        scenario.call.track.value,
        scenario.call.fiscal_year.value,
    ):
        yield f"{extra.name} is of another track or year"
    for type_code, part in extra.types.items():
        for code, seats in part.seats.value.items():
            of_the_call = scenario.types[type_code]
            empty = of_the_call.seats.value.get(code, 0) - of_the_call.plans.value.get(code, 0)
            if seats > max(0, empty):
                yield f"{extra.name} offers {seats} {type_code} seats in {code}, and {max(0, empty)} had no plan"


def _budget_contradictions(scenario: Scenario, codes: Collection[str]) -> Iterator[str]:
    budgets = scenario.budgets
    planned, confirmed = budgets.municipality_planned_won.value, budgets.municipality_confirmed_won.value
    if planned.keys() != confirmed.keys():
        yield "budgets plan and confirm different municipalities"
    if unknown := (planned.keys() - codes) | (set(budgets.confirmed_late.value) - confirmed.keys()):
        yield f"budgets name municipalities that have no line: {sorted(unknown)}"
    payers = budgets.shared.keys() | ({"MUNICIPALITY"} if confirmed else set())
    if unequal := payers ^ scenario.split.rates_bp.value.keys():
        yield f"split.rates_bp and budgets do not name the same sources: {sorted(unequal)}"


def _mentoring_contradictions(scenario: Scenario) -> Iterator[str]:
    part = scenario.mentoring
    if part is None:
        return
    calendar = scenario.calendar
    if not calendar.shares_covered_at.value < part.planned_at.value < part.rematched_at.value:
        yield "mentoring.planned_at is not between the agreements and mentoring.rematched_at"
    if part.rematched_at.value >= calendar.self_pay_proven_at.value:
        yield "mentoring.rematched_at is not before calendar.self_pay_proven_at"
    if part.first_week.value.weekday():
        yield "mentoring.first_week is no Monday"
    if set(part.places.value) != {municipality.code for municipality in MUNICIPALITIES}:
        yield "mentoring.places are not the fourteen municipalities"
    if missing := scenario.types.keys() - part.residency_weeks.value.keys():
        yield f"mentoring.residency_weeks misses {sorted(missing)}"


def _building_contradictions(scenario: Scenario) -> Iterator[str]:
    part = scenario.building
    if part is None:
        return
    moments = [
        scenario.calendar.first_releases_ordered_at,
        part.inspected_at,
        part.suspended_at,
        part.completed_early_at,
        part.terminated_at,
        part.completed_late_at,
    ]
    if any(earlier.value >= later.value for earlier, later in pairwise(moments)):
        yield "building's moments do not follow each other and calendar.first_releases_ordered_at"
    seats = sum(kind.seats_total.value for kind in scenario.types.values())
    if part.completed_early.value + part.terminated.value > seats:
        yield "building completes and terminates more projects than there are seats"


def _forum_contradictions(scenario: Scenario) -> Iterator[str]:
    part = scenario.forum
    if part is None:
        return
    moments = [
        cast("Given[datetime]", getattr(part, field)).value for field in part.__struct_fields__ if "_at" in field
    ]
    if any(first >= second for first, second in pairwise(moments)):
        yield "the forum's moments are not in their order"
    if moments[-1] >= scenario.calendar.call_drafted_at.value:
        yield "forum.visits_reported_at is not before calendar.call_drafted_at"


def _closing_contradictions(scenario: Scenario) -> Iterator[str]:
    part, building = scenario.closing, scenario.building
    if part is None:
        return
    if building is None:
        yield "closing is there without building"
        return
    moments = [
        building.suspended_at,
        part.carried_over_at,
        building.completed_early_at,
        *_moments(part.early),
        building.terminated_at,
        *_moments(part.clawback),
        building.completed_late_at,
        *_moments(part.late),
    ]
    if any(earlier.value >= later.value for earlier, later in pairwise(moments)):
        yield "closing's moments do not follow each other and building's"
    if part.carried_over_at.value.astimezone(KST).year != scenario.call.fiscal_year.value:
        yield "closing.carried_over_at is not in the fiscal year"
    told = part.lapses_told_at.value
    if {day.astimezone(KST).year for day in told} != {scenario.call.fiscal_year.value} or told != sorted(told):
        yield "closing.lapses_told_at are no days of the fiscal year in their order"
    elif told[0] >= part.carried_over_at.value:
        yield "closing.lapses_told_at begin after money is carried over"
    if not (0 <= part.spent_bp.value <= _WHOLE_BP and 0 <= part.recover_bp.value <= _WHOLE_BP):
        yield "closing spends or recovers more than the whole"


def _measuring_contradictions(scenario: Scenario) -> Iterator[str]:
    part, building, closing = scenario.measuring, scenario.building, scenario.closing
    if part is None:
        return
    if building is None or closing is None:
        yield "measuring is there without closing"
        return
    moments = [
        scenario.calendar.agreements_issued_at, part.baselines_reported_at, part.baselines_verified_at,
        scenario.calendar.agreements_signed_at, building.completed_early_at, part.reported_at, part.verified_at,
        part.corrected_at, closing.late.confirmed_at,
    ]  # fmt: skip
    if any(earlier.value >= later.value for earlier, later in pairwise(moments)):
        yield "measuring's moments are not before the agreements are signed and between the builds and the end"
    days = [part.baseline_from, part.baseline_to]
    if days[0].value >= days[1].value or days[1].value >= part.baselines_reported_at.value.date():
        yield "measuring.baseline_from and baseline_to are no period before it is reported"
    if not building.completed_early_at.value.date() < part.period_to.value <= part.reported_at.value.date():
        yield "measuring.period_to is not between the completion and the report"
    if part.baseline.value.keys() != part.gain_bp.value.keys():
        yield "measuring.baseline and gain_bp name different KPIs"
    if part.silent.value + part.returned.value > building.completed_early.value:
        yield "measuring has more firms silent or returned than are completed early"


def _moments(part: Part) -> list[Given[datetime]]:
    return [getattr(part, field) for field in part.__struct_fields__]


def _walk(node: object, path: str) -> Iterator[Provenance]:
    if isinstance(node, Given):
        yield Provenance(path, node.value, node.source, node.why)
    elif isinstance(node, msgspec.Struct):
        for field in node.__struct_fields__:
            yield from _walk(getattr(node, field), f"{path}.{field}".lstrip("."))
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk(value, f"{path}.{key}")


def _read(name: str) -> dict[str, object]:
    if name not in available():
        raise UnknownScenarioError(Text(f"시나리오 {name}이(가) 없습니다.", f"There is no scenario {name}."))
    text = (resources.files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
    document = cast("dict[str, object]", yaml.safe_load(text))
    parent = document.pop("extends", None)
    return document if parent is None else _over(_read(str(parent)), document)


def _over(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """`above` laid over `below`; a {value, source} node replaces its whole predecessor, so no source is inherited."""
    merged = dict(below)
    for key, value in above.items():
        beneath = below.get(key)
        if isinstance(value, dict) and isinstance(beneath, dict) and "value" not in value:
            merged[key] = _over(beneath, value)
        else:
            merged[key] = value
    return {key: value for key, value in merged.items() if value is not None}
