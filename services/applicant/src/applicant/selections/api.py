"""HTTP: the Technopark proposes a ranking, the province decides it, everybody concerned reads the outcome."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from applicant.selections import commands, queries
from applicant.selections.queries import Outcome, OutcomeView, RankingView, WhatIfView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["selections"])

_STAFF = (Role.TECHNOPARK_OPERATOR, *sorted(PROVINCE_ROLES), Role.AUDITOR)


class DecideSelection(Body):
    """Which ranking is decided; If-Match names its version."""

    ranking: int = Field(ge=1, le=1_000_000, description="The ranking's number.")


@routes.post(
    "/v1/calls/{call_id}/rankings",
    status_code=201,
    operation_id="proposeRanking",
    summary="순위안 제안 (Propose a ranking)",
)
async def propose_ranking(
    call_id: UUID,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    tx: Tx,
    now: Now,
    response: Response,
) -> RankingView:
    """확정된 점수, 정원, 남은 예산으로 순위를 계산해 제안합니다. Ranks by locked scores, seats and what is left."""
    proposed = await commands.propose_ranking(tx, call_id, by=by, now=now)
    etag(response, proposed.version)
    return await queries.view_ranking(tx, call_id, proposed.number)


@routes.get("/v1/calls/{call_id}/rankings/{number}", operation_id="getRanking", summary="순위안 조회 (Read a ranking)")
async def get_ranking(
    call_id: UUID,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    by: Annotated[Principal, allowed(*_STAFF)],
    tx: Tx,
    response: Response,
) -> RankingView:
    """순위안과 건별 이유, 결정에 필요한 ETag. A proposed ranking with the reason of each case."""
    view = await queries.view_ranking(tx, call_id, number)
    etag(response, view.version)
    return view


@routes.get(
    "/v1/calls/{call_id}/what-if",
    operation_id="rankPastCohort",
    summary="과거 신청 집단에 적용해 보기 (Try a call on a past cohort)",
)
async def rank_past_cohort(
    call_id: UUID,
    past_call_id: Annotated[UUID, Query(description="A call whose selection was decided.")],
    by: Annotated[Principal, allowed(*_STAFF)],
    tx: Tx,
) -> WhatIfView:
    """작성 중인 공고의 한도·분담률·정원을 과거 신청에 적용하면 누가 얻고 잃는지, 무엇이 남는지 보여 줍니다.

    Tries this call's caps, rates, seats and budgets on the plans of a decided call: who gains, who loses and what is
    left. Nothing is stored.
    """
    return queries.what_if_view(
        call_id, past_call_id, await commands.rank_past_cohort(tx, call_id, past_call_id=past_call_id)
    )


@routes.post(
    "/v1/calls/{call_id}/selections",
    status_code=201,
    operation_id="decideSelection",
    summary="선정 결정 (Decide a ranking)",
)
async def decide_selection(
    call_id: UUID,
    body: DecideSelection,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> RankingView:
    """제안자와 다른 승인자가 순위안을 그대로 확정합니다. Another person decides the ranking as proposed."""
    decided = await commands.decide_selection(tx, call_id, body.ranking, read_version=version, by=by, now=now)
    etag(response, decided.version)
    return await queries.view_ranking(tx, call_id, decided.number)


@routes.get(
    "/v1/calls/{call_id}/selections",
    operation_id="listOutcomes",
    summary="선정 결과 목록 (List what was decided for the cases)",
)
async def list_outcomes(
    call_id: UUID,
    by: Annotated[Principal, allowed(*_STAFF, *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES))],
    tx: Tx,
    page: PageQuery,
    outcome: Annotated[Outcome | None, Query()] = None,
) -> Page[OutcomeView]:
    """선정 결과. 기업에는 자기 것만 보입니다. Outcomes of the selection; a firm sees its own."""
    return await queries.list_outcomes(tx, call_id, page, by=by, outcome=outcome)
