"""HTTP: the Technopark proposes a ranking, the province decides it, everybody concerned reads the outcome."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from applicant.selections import commands, queries
from applicant.selections.queries import Outcome, OutcomeView, RankingView
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
    view = await queries.view_ranking(tx, call_id, number)
    etag(response, view.version)
    return view


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
    return await queries.list_outcomes(tx, call_id, page, by=by, outcome=outcome)
