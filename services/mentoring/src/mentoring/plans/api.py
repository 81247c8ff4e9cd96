"""Plans over HTTP: the mentor lead asks for one, the worker matches it, the province's officer confirms it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, problem_responses, router, with_etag
from contracts.roles import PROVINCE_ROLES, Role
from contracts.types import RULE_VERSION_PATTERN
from mentoring.plans import queries
from mentoring.plans.commands import requests, what_ifs
from mentoring.plans.domain.plan import (
    PlanNotProposed,
    PlanOutdated,
    PlanOwnRequest,
    PlanStale,
    PlanState,
    PlanUnknown,
)
from mentoring.plans.domain.rules import DistancesIncomplete, MatchingRuleExists, MatchingRuleUnknown
from mentoring.plans.domain.what_if import PlanNotMatched, TooManyWhatIfs, WhatIfMalformed
from mentoring.plans.queries import MatchingRuleView, PlanSummaryView, PlanView

routes = router(tags=["plans"])

_Lead = Annotated[Principal, allowed(Role.MENTOR_LEAD)]
_Reader = Annotated[
    Principal, allowed(Role.MENTOR_LEAD, Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))
]
_Points = Annotated[int, Field(ge=0, le=10_000)]


class WeightsBody(Body):
    """Points for one unit of each misfit; only their ratios matter."""

    missing_process: _Points
    missing_technology: _Points
    unknown_division: _Points
    distance_km: _Points
    surplus_week: _Points
    week_of_waiting: _Points
    further_rotation: _Points


class DistanceBody(Body):
    """How far two municipalities are apart."""

    one: str = Field(pattern="^[0-9]{5}$")
    other: str = Field(pattern="^[0-9]{5}$")
    km: int = Field(ge=0, le=1000)


class RecordMatchingRule(Body):
    """A version of the rule, with the distance of each two of the fourteen municipalities."""

    version: str = Field(pattern=RULE_VERSION_PATTERN)
    weights: WeightsBody
    distances: list[DistanceBody] = Field(max_length=200)
    answer_days: int = Field(ge=1, le=60, description="Days within which Samsung accepts or declines a residency.")
    source_note: str = Field(min_length=1, max_length=1000)


class RequestPlan(Body):
    """By which rule to match; `may_move` lets the plan move what was assigned and has not started, as few as can be."""

    rule_version: str = Field(pattern=RULE_VERSION_PATTERN)
    may_move: bool = False


class WhatIfRotationBody(Body):
    """Weeks in a row in which the team would reside at a firm."""

    first_week: date = Field(description="The Monday on which it begins.")
    weeks: int = Field(ge=1, le=52)


class AskWhatIf(Body):
    """A team that is not: of `mentor_ids`, who would leave their teams, or else as able as `like_team_id`."""

    like_team_id: UUID = Field(description="Whose base it would have, and without mentors named, whose mastery.")
    mentor_ids: list[UUID] = Field(max_length=10, default_factory=list)
    rotations: list[WhatIfRotationBody] = Field(min_length=1, max_length=50)


@routes.post(
    "/v1/matching-rules",
    status_code=201,
    operation_id="recordMatchingRule",
    summary="매칭 규칙 등록 (Record a matching rule)",
    responses=problem_responses(MatchingRuleExists, DistancesIncomplete),
)
async def record_matching_rule(body: RecordMatchingRule, by: _Lead, tx: Tx, now: Now) -> MatchingRuleView:
    """가중치와 거리의 새 판을 출처와 함께 등록합니다. A new version of weights and distances, with its source."""
    await requests.record_rule(
        tx,
        version=body.version,
        weights=requests.Weights(**body.weights.model_dump()),
        answer_days=body.answer_days,
        distances=[(each.one, each.other, each.km) for each in body.distances],
        source_note=body.source_note,
        by=by,
        now=now,
    )
    return await queries.get_rule(tx, body.version)


@routes.get("/v1/matching-rules", operation_id="listMatchingRules", summary="매칭 규칙 목록 (Matching rules)")
async def list_matching_rules(by: _Reader, tx: Tx, page: PageQuery) -> Page[MatchingRuleView]:
    """등록된 모든 판. All versions."""
    return await queries.list_rules(tx, page)


@routes.get(
    "/v1/matching-rules/{version}",
    operation_id="getMatchingRule",
    summary="매칭 규칙 조회 (One matching rule)",
    responses=problem_responses(MatchingRuleUnknown),
)
async def get_matching_rule(
    version: Annotated[str, Path(pattern=RULE_VERSION_PATTERN)], by: _Reader, tx: Tx
) -> MatchingRuleView:
    """한 판의 가중치와 거리. The weights and distances of one version."""
    return await queries.get_rule(tx, version)


@routes.post(
    "/v1/mentor-plans",
    status_code=201,
    operation_id="requestPlan",
    summary="멘토 배정안 요청 (Ask for a plan)",
    responses=problem_responses(MatchingRuleUnknown),
)
async def request_plan(body: RequestPlan, by: _Lead, tx: Tx, now: Now, response: Response) -> PlanView:
    """지금의 과제와 팀으로 최적의 배정안을 계산합니다. 잠시 뒤 다시 조회하세요.

    Matches the projects and teams of now to the optimum; read it again in a moment.
    """
    plan_id = await requests.request_plan(tx, rule_version=body.rule_version, may_move=body.may_move, by=by, now=now)
    return with_etag(await queries.get_plan(tx, plan_id), response)


@routes.post(
    "/v1/mentor-plans/{plan_id}/confirmations",
    status_code=201,
    operation_id="confirmPlan",
    summary="멘토 배정안 확정 (Confirm a plan)",
    responses=problem_responses(PlanUnknown, PlanStale, PlanNotProposed, PlanOwnRequest, PlanOutdated),
)
async def confirm_plan(
    plan_id: UUID,
    version: Annotated[int, IfMatch()],
    by: Annotated[Principal, allowed(Role.PROVINCE_OFFICER)],
    tx: Tx,
    now: Now,
    response: Response,
) -> PlanView:
    """배정안의 모든 팀을 배정합니다. 근거가 달라졌으면 아무도 배정하지 않습니다.

    Assigns every team of the plan, or nobody when anything that it rests on has changed.
    """
    await requests.confirm_plan(tx, plan_id, version=version, by=by, now=now)
    return with_etag(await queries.get_plan(tx, plan_id), response)


@routes.post(
    "/v1/mentor-plans/{plan_id}/what-ifs",
    status_code=201,
    operation_id="askWhatIf",
    summary="멘토팀 증원 가정 (Ask what one more team would change)",
    responses=problem_responses(PlanUnknown, PlanNotMatched, TooManyWhatIfs, WhatIfMalformed),
)
async def ask_what_if(plan_id: UUID, body: AskWhatIf, by: _Lead, tx: Tx, now: Now, response: Response) -> PlanView:
    """팀이 하나 더 있거나 두 명으로 팀을 꾸리면 무엇이 달라지는지 계산합니다. 배정안은 바뀌지 않습니다.

    What one more team, or one of two mentors, would change; the plan stays as it is. Read the plan again in a moment.
    """
    await what_ifs.ask_what_if(
        tx,
        plan_id,
        like_team_id=body.like_team_id,
        mentor_ids=body.mentor_ids,
        rotations=[(each.first_week, each.weeks) for each in body.rotations],
        by=by,
        now=now,
    )
    return with_etag(await queries.get_plan(tx, plan_id), response)


@routes.get("/v1/mentor-plans", operation_id="listPlans", summary="멘토 배정안 목록 (Plans)")
async def list_plans(by: _Reader, tx: Tx, page: PageQuery, state: PlanState | None = None) -> Page[PlanSummaryView]:
    """요청한 순서대로 보여 줍니다. In the order in which they were asked for."""
    return await queries.list_plans(tx, page, state=state)


@routes.get(
    "/v1/mentor-plans/{plan_id}",
    operation_id="getPlan",
    summary="멘토 배정안 조회 (One plan)",
    responses=problem_responses(PlanUnknown),
)
async def get_plan(plan_id: UUID, by: _Reader, tx: Tx, response: Response) -> PlanView:
    """과제마다 배정된 팀과 그 이유, 남은 과제와 그 이유, 최적의 증명. Pairs and who is left, with reasons and proof."""
    return with_etag(await queries.get_plan(tx, plan_id), response)
