"""The optimum of a plan against a second solver that tries everything, and the proof against planted lies."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.types import MUNICIPALITIES
from mentoring.plans.domain.input import PlanInput, PlanMentor, PlanProject, PlanRotation, PlanTeam, read_input
from mentoring.plans.domain.matching import Matching, NotProven, Question, WhyNot, prove
from mentoring.plans.domain.rules import DistancesIncomplete, Weights, check_distances, pair_of
from mentoring.solver import solve

MONDAY = date(2024, 6, 3)
PLACES = [each.code for each in MUNICIPALITIES]
DISTANCES = {
    pair_of(one, other): 7 * abs(PLACES.index(one) - PLACES.index(other)) for one in PLACES for other in PLACES
}
WEIGHTS = Weights(
    missing_process=300,
    missing_technology=100,
    unknown_division=150,
    distance_km=2,
    surplus_week=40,
    week_of_waiting=10,
    further_rotation=20,
)
SKILLS = st.frozensets(st.sampled_from(["A1", "B1", "C1"]), max_size=3)


def team(number: int, place: int = 0, held: int = 0, **known: frozenset[str]) -> PlanTeam:
    members = (mentor(10 * number, **known), mentor(10 * number + 1, **known))
    return PlanTeam(id=UUID(int=number), base=PLACES[place], members=members, held=held)


def mentor(number: int, **known: frozenset[str]) -> PlanMentor:
    skills = {"processes": frozenset({"A1"}), "technologies": frozenset(), "divisions": frozenset({"22"})} | known
    return PlanMentor(id=UUID(int=number), **skills)


def project(number: int, weeks: int = 6, barred: int | None = None, **changes: Any) -> PlanProject:
    made = PlanProject(
        id=UUID(int=number),
        municipality=PLACES[0],
        processes=frozenset({"A1"}),
        technologies=frozenset(),
        division="22",
        weeks=weeks,
        barred=frozenset() if barred is None else frozenset({UUID(int=10 * barred)}),
    )
    return replace(made, **changes)


def rotation(number: int, of: int, week: int = 0, weeks: int = 8) -> PlanRotation:
    return PlanRotation(
        id=UUID(int=number), team_id=UUID(int=of), first_week=MONDAY + timedelta(weeks=week), weeks=weeks
    )


def made_of(
    teams: list[PlanTeam], rotations: list[PlanRotation], projects: list[PlanProject], **more: Any
) -> PlanInput:
    return PlanInput(
        starts_on=MONDAY,
        rule_version="2024-M-1",
        weights=more.get("weights", WEIGHTS),
        distances_km=DISTANCES,
        teams=tuple(teams),
        rotations=tuple(rotations),
        projects=tuple(projects),
        unstated=more.get("unstated", ()),
    )


def matched(asked: PlanInput) -> Matching:
    question = Question.of(asked)
    return prove(question, solve(question.said()))


@st.composite
def inputs(draw: st.DrawFn) -> PlanInput:
    small = st.integers(0, 50)
    teams = [
        team(
            number, draw(st.integers(0, 13)), draw(st.integers(0, 2)), processes=draw(SKILLS), technologies=draw(SKILLS)
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]
    rotations = [
        rotation(100 + number, draw(st.integers(1, len(teams))), draw(st.integers(0, 20)), draw(st.integers(6, 10)))
        for number in range(draw(st.integers(0, 5)))
    ]
    held = dict(enumerate(draw(st.permutations([each.id for each in rotations]))))
    projects = [
        project(
            200 + number,
            draw(st.integers(6, 10)),
            draw(st.none() | st.integers(1, len(teams))),
            municipality=PLACES[draw(st.integers(0, 13))],
            processes=draw(SKILLS),
            technologies=draw(SKILLS),
            declined_rotations=draw(st.frozensets(st.sampled_from([each.id for each in rotations]), max_size=1))
            if rotations
            else frozenset(),
            holds=draw(st.sampled_from([None, held.get(number)])),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    weights = Weights(**{name: draw(small) for name in Weights.__dataclass_fields__})
    return made_of(teams, rotations, projects, weights=weights)


def cheapest(question: Question) -> int:
    """The least cost of all choices, by trying each: it knows neither prices nor programmes."""
    options: dict[int, list[tuple[int, int]]] = {}
    for each in question.options:
        options.setdefault(each.row, []).append((each.column, each.cost))

    @cache
    def best(row: int, taken: frozenset[int]) -> int:
        if row == len(question.given.projects):
            load = Counter(question.rotation_teams[column] for column in taken)
            return sum(sum(question.steps[who][:many]) for who, many in load.items())
        left = question.unplaced[row] + best(row + 1, taken)
        placed = (cost + best(row + 1, taken | {c}) for c, cost in options.get(row, ()) if c not in taken)
        return min(left, *placed, left)

    return best(0, frozenset())


@given(inputs())
@settings(max_examples=150, deadline=None)
def test_nothing_that_trying_everything_finds_is_cheaper(asked: PlanInput):
    plan = matched(asked)
    assert plan.cost == plan.proof.bound == cheapest(Question.of(asked))
    teams = {each.id: each for each in asked.teams}
    wanted = {each.id: each for each in asked.projects}
    for pair in plan.pairs:
        assert not teams[pair.rotation.team_id].mentors & wanted[pair.project_id].barred
        assert pair.rotation.weeks >= wanted[pair.project_id].weeks
        assert pair.rotation.id not in wanted[pair.project_id].declined_rotations
    assert {each.project_id for each in (*plan.pairs, *plan.left_out)} == set(wanted)


@given(inputs())
@settings(max_examples=150, deadline=None)
def test_first_as_many_as_can_be_then_as_few_moves_as_can_be_then_as_cheap_as_can_be(asked: PlanInput):
    question = Question.of(asked)
    plan = matched(asked)
    moved = sum(each.moved_from is not None for each in plan.pairs)
    placed = {each.project_id for each in plan.pairs}
    dropped = sum(each.holds is not None and each.id not in placed for each in asked.projects)
    teams = Counter(each.rotation.team_id for each in plan.pairs)
    loads = sum(sum(question.steps[number][: teams[each.id]]) for number, each in enumerate(asked.teams))
    found = (-len(plan.pairs), moved + dropped, sum(each.fit.cost for each in plan.pairs) + loads)
    assert found == foremost(question)
    assert plan.moves == moved


def foremost(question: Question) -> tuple[int, int, int]:
    """The first in the order of the three aims, by trying each choice: it knows no penalties."""
    given = question.given
    options: dict[int, list[tuple[int, int, bool]]] = {}
    for each in question.options:
        held = given.projects[each.row].holds
        moves = held is not None and held != given.rotations[each.column].id
        options.setdefault(each.row, []).append((each.column, each.fit.cost, moves))

    @cache
    def best(row: int, taken: frozenset[int]) -> tuple[int, int, int]:
        if row == len(given.projects):
            load = Counter(question.rotation_teams[column] for column in taken)
            return 0, 0, sum(sum(question.steps[who][:many]) for who, many in load.items())
        many, moves, cost = best(row + 1, taken)
        found = [(many, moves + (given.projects[row].holds is not None), cost)]
        for column, price, moved in options.get(row, ()):
            if column not in taken:
                many, moves, cost = best(row + 1, taken | {column})
                found.append((many - 1, moves + moved, cost + price))
        return min(found)

    return best(0, frozenset())


def test_a_rematch_moves_the_one_residency_that_must_give_way_and_no_other():
    """Samsung declined project 203's weeks; only those that 201 holds suit it, and 201 can have the free ones."""
    asked = made_of(
        [team(1), team(2), team(3)],
        [rotation(101, 1), rotation(102, 2), rotation(103, 3)],
        [
            project(201, holds=UUID(int=101)),
            project(202, barred=3, holds=UUID(int=102), municipality=PLACES[13]),
            project(203, declined_teams=frozenset({UUID(int=2), UUID(int=3)})),
        ],
    )
    plan = matched(asked)
    assert [(each.project_id.int, each.rotation.id.int, each.moved_from) for each in plan.pairs] == [
        (201, 103, UUID(int=101)),
        (202, 102, None),
        (203, 101, None),
    ]
    assert (plan.moves, plan.cost) == (1, plan.proof.bound)


@given(inputs())
@settings(max_examples=50, deadline=None)
def test_the_same_input_has_the_same_hash_and_the_same_plan(asked: PlanInput):
    again = read_input(json.loads(json.dumps(asked.said())))
    assert (again, again.sha256()) == (asked, asked.sha256())
    assert matched(again) == matched(asked)


def test_whoever_can_be_placed_is_placed_before_anything_is_cheap():
    far = made_of(
        [team(1, 0), team(2, 13)], [rotation(101, 1), rotation(102, 2)], [project(201, barred=2), project(202)]
    )
    assert [(pair.project_id.int, pair.rotation.team_id.int) for pair in matched(far).pairs] == [(201, 1), (202, 2)]


def test_load_is_shared_between_teams_that_fit_alike():
    alike = made_of(
        [team(1, held=3), team(2)], [rotation(101, 1), rotation(102, 2), rotation(103, 2)], [project(201), project(202)]
    )
    assert {pair.rotation.team_id.int for pair in matched(alike).pairs} == {2}


@pytest.mark.parametrize(("rotations", "asked", "why", "possible"), [
    ([], project(201), WhyNot.NO_FREE_ROTATION, 0),
    ([rotation(101, 1)], project(201, barred=1), WhyNot.CONFLICT_WITH_EVERY_TEAM, 0),
    ([rotation(101, 1)], project(201, weeks=9), WhyNot.NO_ROTATION_LONG_ENOUGH, 0),
    ([rotation(101, 1)], project(201, processes=frozenset({"B1"})), WhyNot.OTHERS_FIT_BETTER, 1),
])  # fmt: skip
def test_who_is_left_out_is_told_why(rotations: list[PlanRotation], asked: PlanProject, why: WhyNot, possible: int):
    plan = matched(made_of([team(1)], rotations, [asked, project(202)], unstated=(UUID(int=203),)))
    said = {each.project_id.int: (each.why, each.possible) for each in plan.left_out}
    assert said[201] == (why, possible)
    assert said[203] == (WhyNot.NEEDS_NOT_STATED, 0)


def _lie(answer: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    return {**answer, **changes}


def test_an_answer_that_is_not_the_optimum_is_not_believed():
    question = Question.of(
        made_of([team(1), team(2, 13)], [rotation(101, 1), rotation(102, 2, week=4)], [project(201), project(202)])
    )
    answer = solve(question.said())
    assert len(prove(question, answer).pairs) == 2
    one, two = answer["chosen"]
    other = next(number for number in range(len(question.options)) if number not in {one, two})
    dear = [price + 1 for price in answer["project_prices"]]
    for lie in (
        _lie(answer, chosen=[one]),
        _lie(answer, chosen=[]),
        _lie(answer, chosen=[one, other]),
        _lie(answer, chosen=[one, one]),
        _lie(answer, project_prices=dear),
        _lie(answer, project_prices=dear[1:]),
        _lie(answer, team_prices=[price - 1_000 for price in answer["team_prices"]]),
    ):
        with pytest.raises(NotProven):
            prove(question, lie)


def test_each_two_municipalities_have_one_distance():
    whole = [(one, other, 5) for number, one in enumerate(PLACES) for other in PLACES[number + 1 :]]
    assert len(check_distances([(other, one, km) for one, other, km in whole])) == 91
    for wrong in (whole[1:], [*whole, whole[0]], [*whole, ("52110", "52110", 0)], [*whole[1:], ("11110", "52130", 5)]):
        with pytest.raises(DistancesIncomplete):
            check_distances(wrong)
