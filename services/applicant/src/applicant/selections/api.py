"""HTTP: the Technopark proposes a ranking, the province decides it, everybody concerned reads the outcome."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from applicant.projects.queries import ProjectView
from applicant.selections import commands, queries
from applicant.selections.queries import (
    DecisionView,
    Outcome,
    OutcomeView,
    RankedCaseView,
    RankingRequestView,
    RankingView,
    WhatIfView,
)
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["selections"])

_STAFF = (Role.TECHNOPARK_OPERATOR, *sorted(PROVINCE_ROLES), Role.AUDITOR)


_Number = Annotated[int, Path(ge=1, le=1_000_000)]
_WithCases = Annotated[
    bool, Query(description="Whether the answer holds every case; without, they are read by pages. At most 2,000 fit.")
]
_WithChanges = Annotated[
    bool, Query(description="Whether the answer holds every case that changes; without, only counts and what is left.")
]


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
    with_cases: _WithCases = True,  # noqa: FBT002  FastAPI's form of a query parameter
) -> RankingView:
    """확정된 점수, 정원, 남은 예산으로 순위를 계산해 제안합니다. 신청이 많은 공고는 ranking-requests 로 요청합니다.

    Ranks by locked scores, seats and what is left. A ranking of many cases is asked for by ranking-requests.
    """
    proposed = await commands.propose_ranking(
        tx, call_id, in_one_request=True, in_one_answer=with_cases, by=by, now=now
    )
    etag(response, proposed.version)
    return await queries.view_ranking(tx, call_id, proposed.number, with_cases=with_cases)


@routes.post(
    "/v1/calls/{call_id}/ranking-requests",
    status_code=202,
    operation_id="requestRanking",
    summary="순위안 요청 (Ask for a ranking of any number of cases)",
)
async def request_ranking(
    call_id: UUID, by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)], tx: Tx, now: Now
) -> RankingRequestView:
    """순위안 계산을 요청합니다. 신청 건수에 제한이 없으며, 이어서 계산하므로 상태를 조회해 확인합니다.

    Asks for a ranking of any number of cases. It is proposed as a whole or refused; read how far it is until it is
    PROPOSED, with the ranking's number, or REFUSED.
    """
    begun = await commands.request_ranking(tx, call_id, by=by, now=now)
    return await queries.view_request(tx, call_id, begun.id)


@routes.get(
    "/v1/calls/{call_id}/ranking-requests",
    operation_id="listRankingRequests",
    summary="순위안 요청 목록 (List the rankings asked for of a call)",
)
async def list_requests(
    call_id: UUID, by: Annotated[Principal, allowed(*_STAFF)], tx: Tx, page: PageQuery
) -> Page[RankingRequestView]:
    """공고의 순위안 요청을 최근 순으로 보여 줍니다. Every ranking asked for of a call, the newest first."""
    return await queries.list_requests(tx, call_id, page)


@routes.get(
    "/v1/calls/{call_id}/ranking-requests/{request_id}",
    operation_id="getRankingRequest",
    summary="순위안 요청 상태 조회 (Read how far a ranking is)",
)
async def get_request(
    call_id: UUID, request_id: UUID, by: Annotated[Principal, allowed(*_STAFF)], tx: Tx
) -> RankingRequestView:
    """요청의 상태, 제안된 순위안의 번호, 거절한 규칙. How far it is, and the rule that refused it if one did."""
    return await queries.view_request(tx, call_id, request_id)


@routes.get("/v1/calls/{call_id}/rankings/{number}", operation_id="getRanking", summary="순위안 조회 (Read a ranking)")
async def get_ranking(
    call_id: UUID,
    number: _Number,
    by: Annotated[Principal, allowed(*_STAFF)],
    tx: Tx,
    response: Response,
    with_cases: _WithCases = True,  # noqa: FBT002  FastAPI's form of a query parameter
) -> RankingView:
    """순위안과 건별 이유, 결정에 필요한 ETag. A proposed ranking with the reason of each case."""
    view = await queries.view_ranking(tx, call_id, number, with_cases=with_cases)
    etag(response, view.version)
    return view


@routes.get(
    "/v1/calls/{call_id}/rankings/{number}/cases",
    operation_id="listRankedCases",
    summary="순위안의 신청 목록 (List the cases of a ranking)",
)
async def list_ranked_cases(
    call_id: UUID, number: _Number, by: Annotated[Principal, allowed(*_STAFF)], tx: Tx, page: PageQuery
) -> Page[RankedCaseView]:
    """순위가 높은 순서로 나누어 보여 주는 신청과 그 이유. The cases of a ranking with their reasons, best first."""
    return await queries.list_ranked_cases(tx, call_id, number, page)


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
    with_cases: _WithChanges = True,  # noqa: FBT002  FastAPI's form of a query parameter
) -> WhatIfView:
    """작성 중인 공고의 한도·분담률·정원을 과거 신청에 적용하면 누가 얻고 잃는지, 무엇이 남는지 보여 줍니다.

    Tries this call's caps, rates, seats and budgets on the plans of a decided call: who gains, who loses and what is
    left. Nothing is stored.
    """
    found = await commands.rank_past_cohort(tx, call_id, past_call_id=past_call_id)
    return queries.what_if_view(call_id, past_call_id, found, with_cases=with_cases)


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
    """제안자와 다른 승인자가 순위안을 그대로 확정합니다. 신청이 많은 공고는 selection-decisions 로 결정합니다.

    Another person decides the ranking as proposed. A call of many cases is decided by its selection-decisions.
    """
    decided = await commands.decide_selection(tx, call_id, body.ranking, read_version=version, by=by, now=now)
    etag(response, decided.version)
    return await queries.view_ranking(tx, call_id, decided.number)


@routes.post(
    "/v1/calls/{call_id}/selection-decisions",
    status_code=202,
    operation_id="beginDecision",
    summary="선정 결정 요청 (Decide a ranking of any number of cases, in stages)",
)
async def begin_decision(
    call_id: UUID,
    body: DecideSelection,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
) -> DecisionView:
    """순위안을 확정합니다. 신청 건수에 제한이 없으며, 결정과 통지는 이어서 이루어지므로 상태를 조회해 확인합니다.

    Decides a ranking of any number of cases. It is made as a whole or refused, and then told case by case; read how far
    it is until it is TOLD or REFUSED.
    """
    begun = await commands.begin_decision(tx, call_id, body.ranking, read_version=version, by=by, now=now)
    return await queries.view_decision(tx, call_id, begun.id)


@routes.get(
    "/v1/calls/{call_id}/selection-decisions",
    operation_id="listDecisions",
    summary="선정 결정 목록 (List the decisions asked for of a call)",
)
async def list_decisions(
    call_id: UUID, by: Annotated[Principal, allowed(*_STAFF)], tx: Tx, page: PageQuery
) -> Page[DecisionView]:
    """공고의 선정 결정 요청을 최근 순으로 보여 줍니다. Every decision asked for of a call, the newest first."""
    return await queries.list_decisions(tx, call_id, page)


@routes.get(
    "/v1/calls/{call_id}/selection-decisions/{decision_id}",
    operation_id="getDecision",
    summary="선정 결정 상태 조회 (Read how far a decision is)",
)
async def get_decision(
    call_id: UUID, decision_id: UUID, by: Annotated[Principal, allowed(*_STAFF)], tx: Tx
) -> DecisionView:
    """결정의 상태, 통지된 건수, 거절된 경우 그 규칙. How far it is, and the rule that refused it if one did."""
    return await queries.view_decision(tx, call_id, decision_id)


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


@routes.post(
    "/v1/projects/{project_id}/commitment-requests",
    status_code=201,
    operation_id="askAgain",
    summary="예산 확정 재요청 (Ask funding again for a project's money)",
)
async def ask_again(
    project_id: UUID,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ProjectView:
    """예산 확정 요청이 폐기되어 답을 받지 못한 과제의 요청을 공고의 맨 뒤 순번으로 다시 보냅니다.

    Asks again, behind all others of the call, for a project whose request was discarded; one that funding has answered
    is refused, and one that it is about to answer gets that one answer.
    """
    asked = await commands.ask_again(tx, project_id, read_version=version, by=by, now=now)
    etag(response, asked.version)
    return ProjectView.model_validate(asked)
