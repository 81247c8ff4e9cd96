"""The cheapest plan there is: what it may choose from, and the proof that nothing cheaper exists.

A solver that nobody needs to believe answers a choice and prices. By the duality of linear programmes no choice costs
less than the prices are worth, if every pair costs at least what its prices say; that is checked here in whole numbers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from mentoring.plans.domain.input import PlanInput, PlanProject, PlanRotation, PlanTeam


class NotProven(Exception):
    """The solver's answer is not what it says: no plan is made of it."""


class WhyNot(StrEnum):
    """Why a project is left without a rotation."""

    NEEDS_NOT_STATED = "NEEDS_NOT_STATED"
    PROJECT_SUSPENDED = "PROJECT_SUSPENDED"
    NO_FREE_ROTATION = "NO_FREE_ROTATION"
    CONFLICT_WITH_EVERY_TEAM = "CONFLICT_WITH_EVERY_TEAM"
    DECLINED_BY_SAMSUNG = "DECLINED_BY_SAMSUNG"
    NO_ROTATION_LONG_ENOUGH = "NO_ROTATION_LONG_ENOUGH"
    OTHERS_FIT_BETTER = "OTHERS_FIT_BETTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Why a pair costs what it costs."""

    missing_processes: tuple[str, ...]
    missing_technologies: tuple[str, ...]
    division_known: bool
    distance_km: int
    surplus_weeks: int
    weeks_of_waiting: int
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A project and the rotation it gets; `moved_from` is the one that it had and loses by it."""

    project_id: UUID
    rotation: PlanRotation
    fit: Fit
    moved_from: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A project without a rotation; `possible` says how many rotations it could have had."""

    project_id: UUID
    why: WhyNot
    possible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Prices from which anybody can see that no plan costs less than `bound`."""

    projects: Mapping[str, int]
    rotations: Mapping[str, int]
    teams: Mapping[str, int]
    bound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """A plan and its proof: `cost` is the bound, or there is no matching."""

    pairs: tuple[Pair, ...]
    left_out: tuple[LeftOut, ...]
    moves: int
    cost: int
    proof: Proof
    solver: str


def fit(given: PlanInput, team: PlanTeam, rotation: PlanRotation, project: PlanProject) -> Fit | None:
    """How well it fits; None if it may not be, by a conflict, by Samsung's answer or for want of weeks."""
    if team.mentors & project.barred or rotation.weeks < project.weeks:
        return None
    if team.id in project.declined_teams or rotation.id in project.declined_rotations:
        return None
    weights = given.weights
    processes = tuple(sorted(project.processes - team.processes))
    technologies = tuple(sorted(project.technologies - team.technologies))
    division_known = project.division in team.divisions
    distance = given.distance_km(team.base, project.municipality)
    waiting = max(0, (rotation.first_week - given.starts_on).days // 7)
    surplus = rotation.weeks - project.weeks
    cost = (
        weights.missing_process * len(processes)
        + weights.missing_technology * len(technologies)
        + weights.unknown_division * (not division_known)
        + weights.distance_km * distance
        + weights.surplus_week * surplus
        + weights.week_of_waiting * waiting
    )
    return Fit(
        missing_processes=processes,
        missing_technologies=technologies,
        division_known=division_known,
        distance_km=distance,
        surplus_weeks=surplus,
        weeks_of_waiting=waiting,
        cost=cost,
    )


@dataclass(frozen=True, slots=True)
class Option:
    """A pair that may be chosen, by position; `cost` is its fit's and that of moving a project which has weeks."""

    row: int
    column: int
    fit: Fit
    cost: int


@dataclass(frozen=True, slots=True)
class Question:
    """The input as the solver is asked. First as many projects as can be, then few moves, then little cost.

    Leaving one project out costs more than all moves and misfits of the others can, and one move more than all misfits:
    `unplaced` is by project, since leaving one out that has weeks is a move too.
    """

    given: PlanInput
    options: Sequence[Option]
    rotation_teams: Sequence[int]
    steps: Sequence[Sequence[int]]
    unplaced: Sequence[int]

    @classmethod
    def of(cls, given: PlanInput) -> "Question":
        """What may be chosen, and what each further rotation of a team costs beyond its pairs."""
        number = {team.id: position for position, team in enumerate(given.teams)}
        rotation_teams = [number[rotation.team_id] for rotation in given.rotations]
        found_pairs = [
            (row, column, found)
            for row, project in enumerate(given.projects)
            for column, rotation in enumerate(given.rotations)
            if (found := fit(given, given.teams[rotation_teams[column]], rotation, project)) is not None
        ]
        many = Counter(rotation_teams)
        steps = [
            [given.weights.further_rotation * (team.held + step) for step in range(many[position])]
            for position, team in enumerate(given.teams)
        ]
        dearest = max((found.cost for *_, found in found_pairs), default=0)
        dearest += max((max(each, default=0) for each in steps), default=0)
        many_projects = len(given.projects)
        holds = [project.holds for project in given.projects]
        move = many_projects * dearest + 1 if any(holds) else 0
        alone = many_projects * (dearest + move) + 1
        options = [
            Option(
                row, column, found, found.cost + (move if holds[row] not in {None, given.rotations[column].id} else 0)
            )
            for row, column, found in found_pairs
        ]
        return cls(given, options, rotation_teams, steps, [alone + (move if held else 0) for held in holds])

    def said(self) -> dict[str, Any]:
        """The question as plain JSON values, without any name."""
        return {
            "rotation_teams": list(self.rotation_teams),
            "steps": [list(each) for each in self.steps],
            "pairs": [[each.row, each.column, each.cost] for each in self.options],
            "unplaced": list(self.unplaced),
        }


def prove(question: Question, answer: Mapping[str, Any]) -> Matching:
    """The plan that the answer names, if it is a plan and nothing is cheaper; raises NotProven."""
    chosen = [question.options[number] for number in answer["chosen"]]
    cost = _cost(question, chosen)
    bound = _bound(question, answer["project_prices"], answer["rotation_prices"], answer["team_prices"])
    if cost != bound:
        raise NotProven(f"the plan costs {cost}, and prices prove {bound} only")
    given = question.given
    named = {each.row: _pair(given, each) for each in chosen}
    possible = Counter(each.row for each in question.options)
    left_out = [
        _why_not(given, project, possible[row]) for row, project in enumerate(given.projects) if row not in named
    ]
    left_out += [LeftOut(project_id=each, why=WhyNot.NEEDS_NOT_STATED, possible=0) for each in given.unstated]
    left_out += [LeftOut(project_id=each, why=WhyNot.PROJECT_SUSPENDED, possible=0) for each in given.suspended]
    return Matching(
        pairs=tuple(named[row] for row in sorted(named)),
        left_out=tuple(sorted(left_out, key=lambda each: each.project_id)),
        moves=sum(each.moved_from is not None for each in named.values()),
        cost=cost,
        proof=Proof(
            projects=_by_id(given.projects, answer["project_prices"]),
            rotations=_by_id(given.rotations, answer["rotation_prices"]),
            teams=_by_id(given.teams, answer["team_prices"]),
            bound=bound,
        ),
        solver=str(answer["solver"]),
    )


def _pair(given: PlanInput, chosen: Option) -> Pair:
    project, rotation = given.projects[chosen.row], given.rotations[chosen.column]
    moved_from = project.holds if project.holds != rotation.id else None
    return Pair(project_id=project.id, rotation=rotation, fit=chosen.fit, moved_from=moved_from)


def _cost(question: Question, chosen: Sequence[Option]) -> int:
    rows, columns = Counter(each.row for each in chosen), Counter(each.column for each in chosen)
    if max([*rows.values(), *columns.values()], default=0) > 1:
        raise NotProven("a project or a rotation is chosen twice")
    load = Counter(question.rotation_teams[column] for column in columns)
    loads = sum(sum(question.steps[team][:many]) for team, many in load.items())
    left = sum(cost for row, cost in enumerate(question.unplaced) if row not in rows)
    return sum(each.cost for each in chosen) + loads + left


def _bound(question: Question, projects: Sequence[int], rotations: Sequence[int], teams: Sequence[int]) -> int:
    """What the prices prove: no plan costs less, whatever it chooses."""
    sizes = (len(question.given.projects), len(question.given.rotations), len(question.given.teams))
    if (len(projects), len(rotations), len(teams)) != sizes:
        raise NotProven("not everything has a price")
    if any(price > cost for price, cost in zip(projects, question.unplaced, strict=True)):
        raise NotProven("a project's price is more than leaving it out costs")
    if any(projects[each.row] + rotations[each.column] > each.cost for each in question.options):
        raise NotProven("a pair costs less than its prices")
    used = sum(min(0, price - teams[team]) for price, team in zip(rotations, question.rotation_teams, strict=True))
    loads = sum(min(0, step + price) for price, steps in zip(teams, question.steps, strict=True) for step in steps)
    return sum(projects) + used + loads


def _why_not(given: PlanInput, project: PlanProject, possible: int) -> LeftOut:
    teams = {each.id: each for each in given.teams}
    allowed = [each for each in given.rotations if not teams[each.team_id].mentors & project.barred]
    answered = [
        each
        for each in allowed
        if each.team_id not in project.declined_teams and each.id not in project.declined_rotations
    ]
    if not given.rotations:
        why = WhyNot.NO_FREE_ROTATION
    elif not allowed:
        why = WhyNot.CONFLICT_WITH_EVERY_TEAM
    elif not answered:
        why = WhyNot.DECLINED_BY_SAMSUNG
    elif not possible:
        why = WhyNot.NO_ROTATION_LONG_ENOUGH
    else:
        why = WhyNot.OTHERS_FIT_BETTER
    return LeftOut(project_id=project.id, why=why, possible=possible)


def _by_id(things: Sequence[PlanProject | PlanRotation | PlanTeam], prices: Sequence[int]) -> dict[str, int]:
    return {str(thing.id): price for thing, price in zip(things, prices, strict=True)}
