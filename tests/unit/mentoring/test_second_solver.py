"""The optimum of plans too large to try everything, against networkx's network simplex: another algorithm, in integers."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import networkx as nx
import pytest

from contracts.types import MUNICIPALITIES
from mentoring.plans.domain.input import PlanInput, PlanMentor, PlanProject, PlanRotation, PlanTeam
from mentoring.plans.domain.matching import Question, prove
from mentoring.plans.domain.rules import Weights, pair_of
from mentoring.solver import solve

MONDAY = date(2024, 6, 3)
PLACES = [each.code for each in MUNICIPALITIES]
DISTANCES = {
    pair_of(one, other): 9 * abs(PLACES.index(one) - PLACES.index(other)) for one in PLACES for other in PLACES
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
CODES = ("A1", "B1", "C1", "D1", "E1")


def a_year(seed: int, *, teams: int = 8, rotations: int = 6, projects: int = 52) -> PlanInput:
    """A programme with more firms than weeks, a third of them barring mentors, some with weeks that may be moved."""
    chance = random.Random(seed)

    def some(most: int) -> frozenset[str]:
        return frozenset(chance.sample(CODES, chance.randint(0, most)))

    mentors = [
        PlanMentor(id=UUID(int=10_000 + each), processes=some(2), technologies=some(2), divisions=frozenset({"10"}))
        for each in range(3 * teams)
    ]
    of_teams = [
        PlanTeam(
            id=UUID(int=each),
            base=chance.choice(PLACES),
            members=tuple(mentors[3 * each : 3 * each + 3]),
            held=chance.randint(0, 2),
        )
        for each in range(teams)
    ]
    weeks = [
        PlanRotation(
            id=UUID(int=1_000 + rotations * each + number),
            team_id=UUID(int=each),
            first_week=MONDAY + timedelta(weeks=10 * number),
            weeks=chance.choice([6, 8, 10]),
        )
        for each in range(teams)
        for number in range(rotations)
    ]
    held = chance.sample(weeks, projects // 3)
    wanted = [
        PlanProject(
            id=UUID(int=2_000 + number),
            municipality=chance.choice(PLACES),
            processes=some(3),
            technologies=some(2),
            division=chance.choice(["10", "22"]),
            weeks=chance.choice([6, 8, 10]),
            barred=frozenset(each.id for each in chance.sample(mentors, chance.choice([0, 0, 4]))),
            declined_teams=frozenset({UUID(int=chance.randrange(teams))}) if not number % 7 else frozenset(),
            holds=held[number].id if number < len(held) else None,
        )
        for number in range(projects)
    ]
    return PlanInput(
        starts_on=MONDAY,
        rule_version="2024-M-1",
        weights=WEIGHTS,
        distances_km=DISTANCES,
        teams=tuple(of_teams),
        rotations=tuple(weeks),
        projects=tuple(wanted),
        unstated=(),
    )


def by_network_simplex(said: dict[str, Any]) -> int:
    """The least cost of the question, as a flow of whole units."""
    graph = nx.MultiDiGraph()
    projects = len(said["unplaced"])
    graph.add_node("sink", demand=projects)
    for project, cost in enumerate(said["unplaced"]):
        graph.add_node(("project", project), demand=-1)
        graph.add_edge(("project", project), "sink", weight=cost, capacity=1)
    for project, rotation, cost in said["pairs"]:
        graph.add_edge(("project", project), ("rotation", rotation), weight=cost, capacity=1)
    for rotation, team in enumerate(said["rotation_teams"]):
        graph.add_edge(("rotation", rotation), ("team", team), weight=0, capacity=1)
    for team, steps in enumerate(said["steps"]):
        for cost in steps:
            graph.add_edge(("team", team), "sink", weight=cost, capacity=1)
    cost, _ = nx.network_simplex(graph)
    return int(cost)


@pytest.mark.parametrize("seed", range(6))
def test_a_second_solver_finds_the_same_optimum_under_hard_conflicts(seed: int):
    asked = a_year(seed)
    question = Question.of(asked)
    plan = prove(question, solve(question.said()))
    assert plan.cost == plan.proof.bound == by_network_simplex(question.said())
    assert plan.left_out, "more firms than weeks: who is left out is part of the question"
    barred = {each.id: each.barred for each in asked.projects}
    teams = {each.id: each.mentors for each in asked.teams}
    assert not any(teams[pair.rotation.team_id] & barred[pair.project_id] for pair in plan.pairs)


def test_a_whole_year_is_proven_and_the_same_when_it_is_solved_again():
    question = Question.of(a_year(1, teams=10, rotations=7, projects=71))
    one, two = solve(question.said()), solve(question.said())
    assert one == two
    assert prove(question, one) == prove(question, two)
