"""HTTP: the firm reports, the operator gives the pack to an accountant, who asks or attests, the province fixes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import Won
from funding.settlements import commands, queries
from funding.settlements.queries import SettlementState, SettlementView

routes = router(tags=["settlements"])

_Reader = Annotated[
    Principal,
    allowed(
        *PROVINCE_ROLES,
        *MUNICIPALITY_ROLES,
        *COMPANY_ROLES,
        Role.TECHNOPARK_OPERATOR,
        Role.ACCOUNTANT,
        Role.AUDITOR,
    ),
]
_Accountant = Annotated[Principal, allowed(Role.ACCOUNTANT)]
_Version = Annotated[int, IfMatch()]


class SubmitSettlement(Body):
    """What was spent of the agreed cost, what the project's account earned, and the report by its hash."""

    spent_won: int = Field(ge=0, le=1_000_000_000_000)
    interest_won: int = Field(ge=0, le=1_000_000_000_000)
    report_sha256: str = Field(pattern="^[0-9a-f]{64}$")


class AssignSettlement(Body):
    """Who attests it."""

    accountant: str = Field(min_length=1, max_length=100, pattern=r"^[!-~]+$")


class QuerySettlement(Body):
    """What the accountant cannot follow."""

    query: commands.Query


class AttestSettlement(Body):
    """The attestation by its hash."""

    attestation_sha256: str = Field(pattern="^[0-9a-f]{64}$")


@routes.get("/v1/settlements", operation_id="listSettlements", summary="정산 목록 (List settlements)")
async def list_settlements(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    project_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[SettlementState | None, Query()] = None,
    due_until: Annotated[date | None, Query()] = None,
) -> Page[SettlementView]:
    """볼 수 있는 정산. `due_until`은 그날까지 내야 하는데 아직 내지 않은 실적보고입니다.

    The settlements the caller may see; `due_until` are the reports that are still out and due by that day.
    """
    return await queries.list_settlements(tx, page, by=by, project_id=project_id, state=state, due_until=due_until)


@routes.get("/v1/settlements/{settlement_id}", operation_id="getSettlement", summary="정산 조회 (Read a settlement)")
async def get_settlement(settlement_id: UUID, by: _Reader, tx: Tx, response: Response) -> SettlementView:
    """정산 하나와 처리에 필요한 ETag. One settlement, with the ETag that acting on it needs."""
    return with_etag(await queries.get_settlement(tx, settlement_id, by=by), response)


@routes.post(
    "/v1/settlements/{settlement_id}/reports",
    status_code=201,
    operation_id="submitSettlement",
    summary="실적보고 제출 (Report what was spent)",
)
async def submit_settlement(
    settlement_id: UUID,
    body: SubmitSettlement,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> SettlementView:
    """완료 후 두 달 안에 제출합니다. 늦으면 다음 보조금이 깎일 수 있습니다 (F-10).

    Within two months of completion; a late report may cost a part of the next subsidy (rule F-10).
    """
    report = commands.Report(
        spent_won=Won(body.spent_won), interest_won=Won(body.interest_won), sha256=body.report_sha256
    )
    await commands.submit_settlement(tx, settlement_id, report, read_version=version, by=by, now=now)
    return with_etag(await queries.get_settlement(tx, settlement_id, by=by), response)


@routes.post(
    "/v1/settlements/{settlement_id}/assignments",
    status_code=201,
    operation_id="assignSettlement",
    summary="회계 담당 배정 (Give it to an accountant)",
)
async def assign_settlement(
    settlement_id: UUID,
    body: AssignSettlement,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> SettlementView:
    """배정받은 회계 담당만 그 정산을 보고 확인합니다. Only this accountant sees and attests it."""
    await commands.assign_settlement(tx, settlement_id, body.accountant, read_version=version, by=by, now=now)
    return with_etag(await queries.get_settlement(tx, settlement_id, by=by), response)


@routes.post(
    "/v1/settlements/{settlement_id}/queries",
    status_code=201,
    operation_id="querySettlement",
    summary="정산 질의 (Ask about it)",
)
async def query_settlement(
    settlement_id: UUID,
    body: QuerySettlement,
    by: _Accountant,
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> SettlementView:
    """기업이 다시 제출합니다. The firm reports again."""
    await commands.query_settlement(tx, settlement_id, body.query, read_version=version, by=by, now=now)
    return with_etag(await queries.get_settlement(tx, settlement_id, by=by), response)


@routes.post(
    "/v1/settlements/{settlement_id}/attestations",
    status_code=201,
    operation_id="attestSettlement",
    summary="정산 확인 (Attest it)",
)
async def attest_settlement(
    settlement_id: UUID,
    body: AttestSettlement,
    by: _Accountant,
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> SettlementView:
    """보고한 사람은 확인할 수 없습니다. Not by who reported."""
    await commands.attest_settlement(tx, settlement_id, body.attestation_sha256, read_version=version, by=by, now=now)
    return with_etag(await queries.get_settlement(tx, settlement_id, by=by), response)


@routes.post(
    "/v1/settlements/{settlement_id}/fixings",
    status_code=201,
    operation_id="fixSettlement",
    summary="금액 확정 (Fix the amounts)",
)
async def fix_settlement(
    settlement_id: UUID,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> SettlementView:
    """재원별 금액을 확정하고 집행 잔액과 이자의 반납을 명령합니다 (F-07, F-09). 청구하지 않은 금액은 소멸합니다.

    Fixes each source's amount and orders the excess and the interest back; what was not asked for until then lapses.
    """
    await commands.fix_settlement(tx, settlement_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_settlement(tx, settlement_id, by=by), response)
