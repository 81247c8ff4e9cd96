"""HTTP: what lapses at the end of a year, and carrying committed money over into the next."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from funding.carry_overs import commands, queries
from funding.carry_overs.queries import CarryOverState, CarryOverView, LapsingView

routes = router(tags=["carry-overs"])

_Reader = Annotated[Principal, allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, Role.AUDITOR)]
_Proposer = Annotated[Principal, allowed(Role.PROVINCE_OFFICER, Role.MUNICIPALITY_OFFICER)]
_Confirmer = Annotated[Principal, allowed(Role.PROVINCE_TREASURER, Role.MUNICIPALITY_APPROVER)]


class ProposeCarryOver(Body):
    """Why, and by which resolution of the council."""

    cause: commands.Cause
    reference: str = Field(min_length=1, max_length=100)


@routes.get("/v1/lapsing-money", operation_id="listLapsingMoney", summary="연말 불용 예정액 (What lapses at year end)")
async def list_lapsing_money(
    by: _Reader, tx: Tx, page: PageQuery, now: Now, fiscal_year: Annotated[int, Query(ge=2000, le=2100)]
) -> Page[LapsingView]:
    """그해 예산 가운데 연말에 불용될 금액: 확정되지 않은 돈과, 확정되었으나 지급도 이월도 되지 않은 돈.

    Of a year's lines what is lost at its end: what nobody committed, and what is neither paid nor carried over.
    """
    return await queries.list_lapsing(tx, page, by=by, fiscal_year=fiscal_year, now=now)


@routes.post(
    "/v1/budget-lines/{budget_line_id}/carry-overs",
    status_code=201,
    operation_id="proposeCarryOver",
    summary="이월 제안 (Propose to carry over)",
)
async def propose_carry_over(
    budget_line_id: UUID, body: ProposeCarryOver, by: _Proposer, tx: Tx, now: Now, response: Response
) -> CarryOverView:
    """확정되고 지급되지 않은 금액을, 의회의 의결 번호와 함께 그해 12월 31일까지 제안합니다.

    What is committed and unpaid, by its resolution's number, until 31 December of the line's year.
    """
    carry_over_id = await commands.propose_carry_over(tx, budget_line_id, body.cause, body.reference, by=by, now=now)
    return with_etag(await queries.get_carry_over(tx, carry_over_id, by=by), response)


@routes.get("/v1/carry-overs", operation_id="listCarryOvers", summary="이월 목록 (List carry-overs)")
async def list_carry_overs(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    fiscal_year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    state: Annotated[CarryOverState | None, Query()] = None,
) -> Page[CarryOverView]:
    """볼 수 있는 이월. The carry-overs the caller may see."""
    return await queries.list_carry_overs(tx, page, by=by, fiscal_year=fiscal_year, state=state)


@routes.get("/v1/carry-overs/{carry_over_id}", operation_id="getCarryOver", summary="이월 조회 (Read a carry-over)")
async def get_carry_over(carry_over_id: UUID, by: _Reader, tx: Tx, response: Response) -> CarryOverView:
    """이월 하나와 확정에 필요한 ETag. One carry-over, with the ETag that confirming needs."""
    return with_etag(await queries.get_carry_over(tx, carry_over_id, by=by), response)


@routes.post(
    "/v1/carry-overs/{carry_over_id}/confirmations",
    status_code=201,
    operation_id="confirmCarryOver",
    summary="이월 확정 (Confirm a carry-over)",
)
async def confirm_carry_over(
    carry_over_id: UUID, by: _Confirmer, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> CarryOverView:
    """제안한 사람은 확정할 수 없습니다. 확정되지 않은 돈은 해가 바뀌면 지급되지 않습니다.

    Not by who proposed it; without it nothing is paid from the line once its year is over.
    """
    await commands.confirm_carry_over(tx, carry_over_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_carry_over(tx, carry_over_id, by=by), response)
