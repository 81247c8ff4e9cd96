"""The scenario files: every value has a source, nothing contradicts itself, and the firms are made up and repeatable."""

import msgspec
import pytest

from contracts.types import parse_business_number
from smartfactory.scenarios import model
from smartfactory.scenarios.firms import cast_of
from smartfactory.scenarios.model import FaultyScenarioError, UnknownScenarioError
from smartfactory.scenarios.parts import Given


@pytest.mark.parametrize("name", model.available())
def test_every_value_of_every_scenario_names_its_source_and_nothing_contradicts(name: str) -> None:
    scenario = model.load(name)
    values = list(model.provenance(scenario))
    assert len(values) > 60
    assert all(item.source for item in values)
    assert list(model.contradictions(scenario)) == []


def test_the_2024_call_of_track_b_is_the_observed_one() -> None:
    types = model.load("track-b-2024").types
    assert {code: part.plans_total.value for code, part in types.items()} == {"JS1": 53, "JS2": 95, "JS3": 28}
    assert {code: part.seats_total.value for code, part in types.items()} == {"JS1": 40, "JS2": 20, "JS3": 10}
    assert all(len(part.seats.value) == 14 for part in types.values())
    assert types["JS1"].plans.value["52740"] == 0, "a county without a plan must be among them"


def test_the_2026_call_is_the_announced_one() -> None:
    types = model.load("track-b-2026").types
    assert {code: (part.seats_total.value, part.cap_won.value) for code, part in types.items()} == {
        "JS1": (25, 40_000_000),
        "JS2": (28, 80_000_000),
        "JS3": (3, 140_000_000),
    }


def test_the_funds_rose_from_2022_to_2023_as_the_article_says() -> None:
    before, after = model.load("track-a-2022"), model.load("track-a-2023")
    assert [sum(part.seats_total.value for part in each.types.values()) for each in (before, after)] == [15, 30]
    assert [each.budgets.shared["PROVINCE"].confirmed_won.value for each in (before, after)] == [
        58_000_000,
        796_000_000,
    ]
    assert [10_000 - sum(each.split.rates_bp.value.values()) for each in (before, after)] == [3_500, 2_000]


def test_a_programme_is_the_seasons_that_precede_it_and_then_its_own() -> None:
    assert [each.name for each in model.programme(None, 2024)] == ["track-a-2022", "track-a-2023", "track-b-2024"]
    assert [each.name for each in model.programme(None, 2026)] == ["track-b-2026"]
    assert [each.name for each in model.programme("track-a-2023", 2023)] == ["track-a-2023"]


def test_the_extra_call_of_2024_offers_what_three_counties_had_no_plan_for() -> None:
    scenario = model.load("track-b-2024")
    assert scenario.extra_call is not None
    extra = model.load(scenario.extra_call.value)
    assert extra.calendar.closes_at.value.date().isoformat() == "2024-04-19"
    assert {code: list(part.seats.value) for code, part in extra.types.items()} == {"JS1": ["52710", "52730", "52740"]}
    first = cast_of(scenario, 1).applications
    further = cast_of(extra, 1, after=len(first)).applications
    numbers = [each.firm.business_number for each in (*first, *further)]
    assert len(set(numbers)) == len(numbers)
    assert model.load("track-b-2024@200").extra_call is None, "so many plans leave no seat without one"


def test_an_extra_call_for_seats_that_had_plans_is_found() -> None:
    scenario = model.load("track-b-2024")
    full = msgspec.structs.replace(
        scenario.types["JS1"], plans=Given({**scenario.types["JS1"].plans.value, "52730": 2}, "assumed")
    )
    faulty = msgspec.structs.replace(scenario, types={**scenario.types, "JS1": full})
    assert "track-b-2024-extra offers 1 JS1 seats in 52730, and 0 had no plan" in model.contradictions(faulty)


def test_a_source_that_pays_without_a_budget_is_found() -> None:
    scenario = model.load("track-a-2023")
    shared = {source: part for source, part in scenario.budgets.shared.items() if source != "SAMSUNG"}
    faulty = msgspec.structs.replace(scenario, budgets=msgspec.structs.replace(scenario.budgets, shared=shared))
    assert any("['SAMSUNG']" in fault for fault in model.contradictions(faulty))


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("seats_total", Given(41, "[N9]"), "sums to 40 and its total says 41"),
        ("seats_total", Given(40, "a friend"), "names no source"),
        ("plans", Given({"52999": 53}, "assumed"), "no municipality of Jeonbuk"),
    ],
)
def test_a_planted_contradiction_is_found(path: str, value: Given[object], complaint: str) -> None:
    scenario = model.load("track-b-2024")
    faulty_type = msgspec.structs.replace(scenario.types["JS1"], **{path: value})
    faulty = msgspec.structs.replace(scenario, types={**scenario.types, "JS1": faulty_type})
    assert any(complaint in fault for fault in model.contradictions(faulty))


def test_a_calendar_that_runs_backwards_is_found() -> None:
    scenario = model.load("track-b-2024")
    calendar = msgspec.structs.replace(scenario.calendar, ranking_at=scenario.calendar.opens_at)
    faulty = msgspec.structs.replace(scenario, calendar=calendar)
    assert "calendar.ranking_at is not after calendar.scoring_at" in list(model.contradictions(faulty))


def test_a_value_without_a_source_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"name": "x", "call": {"track": {"value": "B"}}}
    monkeypatch.setattr(model, "_read", lambda _name: document)
    with pytest.raises(FaultyScenarioError, match="source"):
        model.load("x")


def test_a_scenario_that_does_not_exist_says_which_do() -> None:
    with pytest.raises(UnknownScenarioError) as refused:
        model.programme(None, 1999)
    assert "track-b-2024" in refused.value.remedy.en


def test_the_same_seed_gives_the_same_firms_and_another_seed_others() -> None:
    scenario = model.load("track-b-2024")
    assert cast_of(scenario, 7) == cast_of(scenario, 7)
    ids = {application.firm.company_id for application in cast_of(scenario, 7).applications}
    assert ids.isdisjoint(application.firm.company_id for application in cast_of(scenario, 8).applications)


def test_the_cast_is_made_up_valid_and_fails_the_rules_it_should() -> None:
    scenario = model.load("track-b-2024")
    cast = cast_of(scenario, 1)
    numbers = [application.firm.business_number for application in cast.applications]
    assert len(set(numbers)) == len(numbers) == 176
    for application in cast.applications:
        assert parse_business_number(application.firm.business_number).startswith("0"), "no tax office issues these"
        assert application.firm.name.startswith("가상")
    failing: dict[str, int] = {}
    for application in cast.applications:
        if application.fails_rule:
            failing[application.fails_rule] = failing.get(application.fails_rule, 0) + 1
    assert failing == scenario.screening.ineligible.value
    assert all(application.type_code == "JS1" for application in cast.applications if application.fails_rule == "R-08")


def test_the_registers_hear_of_every_firm_and_supplier() -> None:
    cast = cast_of(model.load("test-small"), 1)
    known = {firm.business_number: firm for firm in cast.registers}
    in_arrears = [application for application in cast.applications if application.fails_rule == "R-06"]
    assert in_arrears
    assert all(known[application.firm.business_number].tax_arrears for application in in_arrears)
    assert not any(known[application.supplier_business_number].debarred for application in cast.applications)


def test_builds_that_are_completed_before_their_first_money_are_found() -> None:
    scenario = model.load("track-b-2024")
    assert scenario.building is not None
    early = msgspec.structs.replace(
        scenario.building, inspected_at=Given(scenario.calendar.self_pay_proven_at.value, "assumed")
    )
    faulty = msgspec.structs.replace(scenario, building=early)
    assert any("building's moments" in fault for fault in model.contradictions(faulty))


def test_outcomes_that_are_reported_before_there_are_any_are_found() -> None:
    scenario = model.load("track-b-2024")
    assert scenario.measuring is not None
    assert scenario.building is not None
    early = msgspec.structs.replace(scenario.measuring, reported_at=scenario.building.inspected_at)
    crowded = msgspec.structs.replace(scenario.measuring, silent=Given(99, "assumed"))
    for part, fault in ((early, "measuring's moments"), (crowded, "more firms silent")):
        faulty = msgspec.structs.replace(scenario, measuring=part)
        assert any(fault in each for each in model.contradictions(faulty))
    alone = msgspec.structs.replace(scenario, closing=None)
    assert "measuring is there without closing" in list(model.contradictions(alone))
