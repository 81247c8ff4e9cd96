"""A plan's life: asked for, matched by the worker, confirmed by a second person while it still holds."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text

ATTEMPTS_MAX = 5
"""How often a worker begins a plan before it is given up: whatever ends the worker must not do so for ever."""


class PlanState(StrEnum):
    """A confirmed plan is what teams go by; one that failed changes nothing."""

    REQUESTED = "REQUESTED"
    PROPOSED = "PROPOSED"
    FAILED = "FAILED"
    CONFIRMED = "CONFIRMED"


class PlanUnknown(NotFound):
    """There is no such plan."""

    code = "plan-unknown"
    title = Text("배정안을 찾을 수 없습니다", "No such plan")
    detail = Text("배정안 {plan_id}을(를) 찾을 수 없습니다.", "There is no plan {plan_id}.")


class PlanStale(StaleVersion):
    """The plan has changed since the caller read it."""

    code = "plan-stale"
    title = Text("배정안이 그 사이 변경되었습니다", "The plan has changed meanwhile")
    detail = Text(
        "현재 버전은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 판단해 주세요.",
        "It is at version {current_version}. Nothing was changed. Read it again, then decide.",
    )


class PlanNotProposed(RuleRefused):
    """Only a plan that was matched and not yet confirmed can be confirmed."""

    code = "plan-not-proposed"
    title = Text("확정할 수 있는 배정안이 아닙니다", "The plan cannot be confirmed")
    detail = Text(
        "배정안 {plan_id}의 상태는 {state}입니다. 바뀐 것은 없습니다.",
        "Plan {plan_id} is {state}. Nothing was changed.",
    )


class PlanOwnRequest(RuleRefused):
    """The person who asked for a plan tried to confirm it."""

    code = "plan-own-request"
    title = Text("요청한 사람은 확정할 수 없습니다", "Who asked for the plan cannot confirm it")
    detail = Text(
        "배정안 {plan_id}을(를) 요청한 사람은 확정할 수 없습니다. 다른 담당자가 확정해야 합니다.",
        "Whoever asked for plan {plan_id} cannot confirm it; another person must.",
    )


class PlanOutdated(RuleRefused):
    """A project, its needs, a team or its weeks are no longer what the plan was made of."""

    code = "plan-outdated"
    title = Text("배정안의 근거가 달라졌습니다", "What the plan rests on has changed")
    detail = Text(
        "배정안 {plan_id}을(를) 만든 뒤 과제, 멘토팀 또는 일정이 달라졌습니다. 배정된 것은 없습니다."
        " 새로 요청해 주세요.",
        "Projects, teams or calendars have changed since plan {plan_id} was made. Nothing was assigned. Ask for a new"
        " one.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan, which may move what was assigned before if it `may_move`.

    `given` is the frozen input, `matched` the pairs, those left out, and the proof, as JSON.
    """

    id: UUID
    rule_version: str
    may_move: bool
    given: dict[str, Any]
    input_sha256: str
    requested_by: str
    requested_at: datetime
    state: PlanState = PlanState.REQUESTED
    attempts: int = 0
    matched: dict[str, Any] | None = None
    cost: int | None = None
    bound: int | None = None
    solver: str | None = None
    failure: str | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    version: int = 1


def attempt(plan: Plan) -> Plan:
    """A worker begins to match it, or gives it up after too many beginnings."""
    if plan.attempts >= ATTEMPTS_MAX:
        return fail(plan, "GIVEN_UP")
    return replace(plan, attempts=plan.attempts + 1)


def fail(plan: Plan, failure: str) -> Plan:
    """It was not matched, for this reason."""
    return replace(plan, state=PlanState.FAILED, failure=failure, version=plan.version + 1)


def propose(plan: Plan, matched: dict[str, Any], *, cost: int, bound: int, solver: str) -> Plan:
    """It was matched, with its proof."""
    return replace(
        plan,
        state=PlanState.PROPOSED,
        matched=matched,
        cost=cost,
        bound=bound,
        solver=solver,
        version=plan.version + 1,
    )


def confirm(plan: Plan, *, version: int, by: str, at: datetime) -> Plan:
    """A second person, who has read this version, sends the teams; raises the rule that refuses."""
    if plan.version != version:
        raise PlanStale(plan_id=plan.id, current_version=plan.version)
    if plan.state is not PlanState.PROPOSED:
        raise PlanNotProposed(plan_id=plan.id, state=plan.state)
    if plan.requested_by == by:
        raise PlanOwnRequest(plan_id=plan.id)
    return replace(plan, state=PlanState.CONFIRMED, confirmed_by=by, confirmed_at=at, version=plan.version + 1)
