"""HTTP: a party asks for an amendment of an agreement, the others agree, the province decides."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.amendments import commands, queries
from applicant.amendments.queries import AmendmentState, AmendmentView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import InvalidBusinessNumber, parse_business_number

routes = router(tags=["amendments"])

_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Words = Annotated[str, Field(min_length=1, max_length=1000)]
_Asker = Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.TECHNOPARK_OPERATOR)]
_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.SUPPLIER,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]


class RequestAmendment(Body):
    """What shall change, and why; a term that is not named stays. Cost, type and municipality may not change."""

    cause: commands.Cause
    cause_on: date
    reason: _Words
    evidence_sha256: list[_Sha256] = Field(min_length=1, max_length=20)
    plan_sha256: _Sha256 | None = None
    supplier_business_number: str | None = Field(None, max_length=20)
    supplier_contract_won: int | None = Field(None, ge=1, le=1_000_000_000_000)
    ends_on: date | None = None
    total_cost_won: int | None = Field(None, ge=1, le=1_000_000_000_000)
    type_code: str | None = Field(None, max_length=16)
    municipality_code: str | None = Field(None, pattern="^[0-9]{5}$")


class DecideAmendment(Body):
    verdict: commands.Verdict
    reason: _Words


class WithdrawAmendment(Body):
    reason: _Words


@routes.post(
    "/v1/agreements/{project_id}/amendments",
    status_code=201,
    operation_id="requestAmendment",
    summary="협약변경 신청 (Ask for an amendment)",
)
async def request_amendment(
    project_id: UUID, body: RequestAmendment, by: _Asker, tx: Tx, now: Now, response: Response
) -> AmendmentView:
    """사유 발생 후 15일 안, 협약 종료 1개월 전까지 신청합니다. 총사업비, 재원별 금액, 유형, 시·군은 바꿀 수 없습니다.

    Within 15 days of the cause and until a month before the agreement ends, as the rules of the day have it; what was
    committed and what the selection rests on stays.
    """
    supplier = None if body.supplier_business_number is None else _supplier(body.supplier_business_number)
    wish = commands.Wish(
        plan_sha256=body.plan_sha256,
        supplier_business_number=supplier,
        supplier_contract_won=body.supplier_contract_won,
        ends_on=body.ends_on,
        total_cost_won=body.total_cost_won,
        type_code=body.type_code,
        municipality_code=body.municipality_code,
    )
    why = commands.Why(body.cause, body.cause_on, body.reason, tuple(body.evidence_sha256))
    amendment_id = await commands.request_amendment(tx, project_id, wish, why, by=by, now=now)
    return with_etag(await queries.view_amendment(tx, amendment_id, by=by), response)


@routes.get("/v1/amendments", operation_id="listAmendments", summary="협약변경 목록 (List amendments)")
async def list_amendments(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    project_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[AmendmentState | None, Query()] = None,
) -> Page[AmendmentView]:
    """볼 수 있는 협약변경. 과제마다 마지막으로 승인된 것이 지금의 협약입니다. The last approved one is in force."""
    return await queries.list_amendments(tx, page, by=by, project_id=project_id, state=state)


@routes.get("/v1/amendments/{amendment_id}", operation_id="getAmendment", summary="협약변경 조회 (Read an amendment)")
async def get_amendment(amendment_id: UUID, by: _Reader, tx: Tx, response: Response) -> AmendmentView:
    """변경 전후의 내용, 사유, 동의, 결정. Terms before and after, why, who agreed, what was decided."""
    return with_etag(await queries.view_amendment(tx, amendment_id, by=by), response)


@routes.post(
    "/v1/amendments/{amendment_id}/consents",
    status_code=201,
    operation_id="consentToAmendment",
    summary="협약변경 동의 (Agree to an amendment)",
)
async def consent_to_amendment(
    amendment_id: UUID,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.SUPPLIER, Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> AmendmentView:
    """도입기업, 공급기업(바뀌면 새 공급기업), 운영기관이 모두 동의하면 도에 올라갑니다.

    Once firm, supplier (the new one, where it changes) and operator agree, it goes to the province.
    """
    await commands.consent_to_amendment(tx, amendment_id, read_version=version, by=by, now=now)
    return with_etag(await queries.view_amendment(tx, amendment_id, by=by), response)


@routes.post(
    "/v1/amendments/{amendment_id}/decisions",
    status_code=201,
    operation_id="decideAmendment",
    summary="협약변경 승인 또는 거절 (Approve or refuse an amendment)",
)
async def decide_amendment(
    amendment_id: UUID,
    body: DecideAmendment,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> AmendmentView:
    """당사자가 아닌 결재자가 사전에 승인합니다. 승인되면 다음 판의 협약이 됩니다. Approved, it is the next edition."""
    await commands.decide_amendment(
        tx, amendment_id, body.verdict, reason=body.reason, read_version=version, by=by, now=now
    )
    return with_etag(await queries.view_amendment(tx, amendment_id, by=by), response)


@routes.post(
    "/v1/amendments/{amendment_id}/withdrawals",
    status_code=201,
    operation_id="withdrawAmendment",
    summary="협약변경 취소 (Take an amendment back)",
)
async def withdraw_amendment(
    amendment_id: UUID,
    body: WithdrawAmendment,
    by: _Asker,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> AmendmentView:
    """결정되기 전에 신청한 쪽이 취소합니다. The party that asked for it takes it back, until it is decided."""
    await commands.withdraw_amendment(tx, amendment_id, reason=body.reason, read_version=version, by=by, now=now)
    return with_etag(await queries.view_amendment(tx, amendment_id, by=by), response)


def _supplier(text: str) -> str:
    try:
        return str(parse_business_number(text))
    except InvalidBusinessNumber:
        raise InvalidBusinessNumber(field="/supplier_business_number") from None
