"""HTTP: the firm says that it has paid back, the source's own treasury confirms it or does not find it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from funding.repayments import commands, queries
from funding.repayments.queries import RepaymentState, RepaymentView

routes = router(tags=["repayments"])

_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]
_Treasury = Annotated[Principal, allowed(Role.PROVINCE_TREASURER, Role.MUNICIPALITY_APPROVER)]
_Version = Annotated[int, IfMatch()]


class RecordRepayment(Body):
    """A transfer as the bank's own document shows it."""

    paid_on: date
    bank_reference: str = Field(min_length=1, max_length=100)
    evidence_sha256: str = Field(pattern="^[0-9a-f]{64}$")


class ConfirmRepayment(Body):
    """Under which number the treasury booked it."""

    receipt_reference: str = Field(min_length=1, max_length=100)


@routes.get("/v1/repayments", operation_id="listRepayments", summary="반납 목록 (List repayments)")
async def list_repayments(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    project_id: Annotated[UUID | None, Query()] = None,
    origin_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[RepaymentState | None, Query()] = None,
) -> Page[RepaymentView]:
    """정산 또는 환수로 돌려받을 금액을 재원별로. What settlements and clawbacks ask back, by source."""
    return await queries.list_repayments(tx, page, by=by, project_id=project_id, origin_id=origin_id, state=state)


@routes.get("/v1/repayments/{repayment_id}", operation_id="getRepayment", summary="반납 조회 (Read a repayment)")
async def get_repayment(repayment_id: UUID, by: _Reader, tx: Tx, response: Response) -> RepaymentView:
    """반납 건 하나와 처리에 필요한 ETag. One repayment, with the ETag that acting on it needs."""
    return with_etag(await queries.get_repayment(tx, repayment_id, by=by), response)


@routes.post(
    "/v1/repayments/{repayment_id}/payments",
    status_code=201,
    operation_id="recordRepayment",
    summary="반납 납부 등록 (Record that it was paid)",
)
async def record_repayment(
    repayment_id: UUID,
    body: RecordRepayment,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> RepaymentView:
    """기한이 지난 제재부가금에는 가산금이 더해집니다. A surcharge that is paid late costs more."""
    payment = commands.Payment(body.paid_on, body.bank_reference, body.evidence_sha256)
    await commands.record_repayment(tx, repayment_id, payment, read_version=version, by=by, now=now)
    return with_etag(await queries.get_repayment(tx, repayment_id, by=by), response)


@routes.post(
    "/v1/repayments/{repayment_id}/confirmations",
    status_code=201,
    operation_id="confirmRepayment",
    summary="반납 수납 확인 (Confirm the receipt)",
)
async def confirm_repayment(
    repayment_id: UUID,
    body: ConfirmRepayment,
    by: _Treasury,
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> RepaymentView:
    """그 재원의 금고를 맡은 사람만 확인합니다: 시·군비는 그 시·군, 나머지는 도.

    Only who answers for the source's own treasury: the municipality for its line, the province for the others.
    """
    await commands.confirm_repayment(tx, repayment_id, body.receipt_reference, read_version=version, by=by, now=now)
    return with_etag(await queries.get_repayment(tx, repayment_id, by=by), response)


@routes.post(
    "/v1/repayments/{repayment_id}/denials",
    status_code=201,
    operation_id="denyRepayment",
    summary="반납 미수납 통보 (Say that it did not come)",
)
async def deny_repayment(
    repayment_id: UUID, by: _Treasury, version: _Version, tx: Tx, now: Now, response: Response
) -> RepaymentView:
    """금고에 들어오지 않은 납부는 다시 납부할 건이 됩니다. What the treasury does not find is due again."""
    await commands.deny_repayment(tx, repayment_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_repayment(tx, repayment_id, by=by), response)
