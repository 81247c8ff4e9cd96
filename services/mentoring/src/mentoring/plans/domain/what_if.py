"""What one more team would change in a plan: the plan's own frozen input with that team, matched to its optimum too.

The team is either a new one that masters what another does, or one of mentors who leave their present teams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

from common.errors import InvalidInput, RuleRefused, Text
from mentoring.plans.domain.input import PlanInput, PlanMentor, PlanRotation, PlanTeam
from mentoring.plans.domain.matching import Matching
from mentoring.plans.domain.plan import ATTEMPTS_MAX, Plan, PlanState

WHAT_IFS_MAX = 20
"""How many may be asked of one plan: each takes the worker as long as the plan did."""


class WhatIfState(StrEnum):
    """It changes nothing, whatever becomes of it."""

    REQUESTED = "REQUESTED"
    ANSWERED = "ANSWERED"
    FAILED = "FAILED"


class PlanNotMatched(RuleRefused):
    """A plan that is not matched yet has nothing to be compared with."""

    code = "plan-not-matched"
    title = Text("아직 계산되지 않은 배정안입니다", "The plan is not matched")
    detail = Text(
        "배정안 {plan_id}의 상태는 {state}이므로 비교할 수 없습니다.",
        "Plan {plan_id} is {state}, so there is nothing to compare with.",
    )


class TooManyWhatIfs(RuleRefused):
    """Each takes the worker as long as the plan did."""

    code = "plan-what-ifs-too-many"
    title = Text("가정이 너무 많습니다", "Too many what-ifs")
    detail = Text(
        "배정안 하나에 가정은 {most}개까지입니다. 저장된 것은 없습니다.",
        "One plan has {most} what-ifs at most. Nothing was stored.",
    )


class WhatIfMalformed(InvalidInput):
    """The team of a what-if is of teams and mentors that the plan knows, with weeks of its own from Mondays on."""

    code = "plan-what-if-malformed"
    title = Text("가정한 멘토팀이 올바르지 않습니다", "The team of the what-if cannot be")
    detail = Text(
        "배정안에 있는 멘토팀과 교육을 이수한 멘토, 배정안 기준일 뒤의 겹치지 않는 일정이어야 합니다."
        " {value}을(를) 확인해 주세요.",
        "It is of teams and trained mentors that the plan knows, with weeks after its day that do not overlap. See"
        " {value}.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A team that is not: of `mentor_ids`, who leave their teams, or else as able as `like_team_id`, at whose base."""

    id: UUID
    plan_id: UUID
    like_team_id: UUID
    mentor_ids: tuple[UUID, ...]
    rotations: tuple[tuple[date, int], ...]
    requested_by: str
    requested_at: datetime
    state: WhatIfState = WhatIfState.REQUESTED
    attempts: int = 0
    result: dict[str, Any] | None = field(default=None)
    cost: int | None = None
    bound: int | None = None
    failure: str | None = None


def ask(plan: Plan, given: PlanInput, asked: WhatIf, *, before: int) -> WhatIf:
    """A question that can be answered; raises PlanNotMatched, TooManyWhatIfs or WhatIfMalformed."""
    if plan.state not in {PlanState.PROPOSED, PlanState.CONFIRMED}:
        raise PlanNotMatched(plan_id=plan.id, state=plan.state)
    if before >= WHAT_IFS_MAX:
        raise TooManyWhatIfs(most=WHAT_IFS_MAX)
    ends = given.starts_on
    for first_week, weeks in sorted(asked.rotations):
        if first_week <= ends or first_week.weekday():
            raise WhatIfMalformed(value=first_week.isoformat(), field="/rotations")
        ends = date.fromordinal(first_week.toordinal() + 7 * weeks - 1)
    vary(given, asked)
    return asked


def attempt(what_if: WhatIf) -> WhatIf:
    """A worker begins to answer it, or gives it up after too many beginnings."""
    if what_if.attempts >= ATTEMPTS_MAX:
        return fail(what_if, "GIVEN_UP")
    return replace(what_if, attempts=what_if.attempts + 1)


def fail(what_if: WhatIf, failure: str) -> WhatIf:
    """It has no answer, for this reason."""
    return replace(what_if, state=WhatIfState.FAILED, failure=failure)


def answer(what_if: WhatIf, plan: Plan, found: Matching) -> WhatIf:
    """What the team would change against the plan, proven as the plan is."""
    result = compare(plan.matched or {"pairs": []}, found)
    return replace(what_if, state=WhatIfState.ANSWERED, result=result, cost=found.cost, bound=found.proof.bound)


def vary(given: PlanInput, asked: WhatIf) -> PlanInput:
    """The plan's input with the team in it; raises WhatIfMalformed."""
    teams = {team.id: team for team in given.teams}
    if asked.like_team_id not in teams:
        raise WhatIfMalformed(value=asked.like_team_id, field="/like_team_id")
    like = teams[asked.like_team_id]
    rest = [replace(team, members=_without(team.members, asked.mentor_ids)) for team in given.teams]
    kept = [team for team in rest if team.members]
    there = {team.id for team in kept}
    more = PlanTeam(id=asked.id, base=like.base, members=_members(given, like, asked), held=0)
    weeks = [
        PlanRotation(id=uuid5(asked.id, first_week.isoformat()), team_id=asked.id, first_week=first_week, weeks=long)
        for first_week, long in asked.rotations
    ]
    left = [rotation for rotation in given.rotations if rotation.team_id in there]
    return replace(
        given,
        teams=tuple(sorted([*kept, more], key=lambda team: team.id)),
        rotations=tuple(sorted([*left, *weeks], key=lambda rotation: rotation.id)),
        spare=_without(given.spare, asked.mentor_ids),
    )


def compare(before: Mapping[str, Any], found: Matching) -> dict[str, Any]:
    """Who gets weeks, who loses them, and whose begin earlier or later than in the plan."""
    had = {UUID(pair["project_id"]): date.fromisoformat(pair["first_week"]) for pair in before["pairs"]}
    gets = {pair.project_id: pair for pair in found.pairs}
    both = sorted(had.keys() & gets.keys())
    shifted = [
        {
            "project_id": str(project),
            "first_week_before": had[project].isoformat(),
            "first_week": gets[project].rotation.first_week.isoformat(),
        }
        for project in both
        if had[project] != gets[project].rotation.first_week
    ]
    return {
        "placed_before": len(had),
        "placed": len(gets),
        "gains": [
            {
                "project_id": str(project),
                "team_id": str(gets[project].rotation.team_id),
                "first_week": gets[project].rotation.first_week.isoformat(),
                "weeks": gets[project].rotation.weeks,
            }
            for project in sorted(gets.keys() - had.keys())
        ],
        "loses": [str(project) for project in sorted(had.keys() - gets.keys())],
        "shifted": shifted,
        "moves": found.moves,
    }


def _members(given: PlanInput, like: PlanTeam, asked: WhatIf) -> tuple[PlanMentor, ...]:
    if not asked.mentor_ids:
        return tuple(replace(each, id=uuid5(asked.id, str(each.id))) for each in like.members)
    known = {each.id: each for team in given.teams for each in team.members} | {each.id: each for each in given.spare}
    for mentor_id in asked.mentor_ids:
        if mentor_id not in known:
            raise WhatIfMalformed(value=mentor_id, field="/mentor_ids")
    return tuple(known[mentor_id] for mentor_id in sorted(set(asked.mentor_ids)))


def _without(members: Sequence[PlanMentor], gone: Sequence[UUID]) -> tuple[PlanMentor, ...]:
    return tuple(each for each in members if each.id not in gone)
