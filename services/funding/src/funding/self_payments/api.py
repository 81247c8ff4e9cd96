"""HTTP: the firm proves its self-pay, the operator verifies it, a second person reviews what is held."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import Won
from funding.self_payments import commands, queries
from funding.self_payments.queries import SelfPaymentState, SelfPaymentView, SelfPayView

routes = router(tags=["self-payments"])

_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]


class RecordSelfPayment(Body):
    """A payment as the bank's own document shows it; the account is the one it came from."""

    amount_won: int = Field(ge=1, le=1_000_000_000_000)
    paid_on: date
    from_account: str = Field(min_length=1, max_length=200)
    bank_reference: str = Field(min_length=1, max_length=100)
    evidence_sha256: str = Field(pattern="^[0-9a-f]{64}$")


class VerifySelfPayment(Body):
    """Whose money it was."""

    payer: commands.Payer


class ReviewSelfPayment(Body):
    """Whether a held payment counts."""

    decision: commands.Review


@routes.get(
    "/v1/coverages/{project_id}/self-pay", operation_id="getSelfPay", summary="자부담 납부 상황 (How much is proven)"
)
async def get_self_pay(project_id: UUID, by: _Reader, tx: Tx) -> SelfPayView:
    """자부담 총액과 확인된 금액. 전액이 확인되기 전에는 공공 재원을 지급하지 않습니다 (F-04).

    What the firm owes and what is proven; no public money moves before all of it is (rule F-04).
    """
    return await queries.get_self_pay(tx, project_id, by=by)


@routes.post(
    "/v1/coverages/{project_id}/self-payments",
    status_code=201,
    operation_id="recordSelfPayment",
    summary="자부담 납부 등록 (Record a payment of the firm's share)",
)
async def record_self_payment(
    project_id: UUID,
    body: RecordSelfPayment,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    tx: Tx,
    now: Now,
    response: Response,
) -> SelfPaymentView:
    """등록한 자부담 계좌가 아닌 곳에서 낸 돈은 보류됩니다.

    Money from another account than the registered one is held.
    """
    values = body.model_dump() | {"amount_won": Won(body.amount_won)}
    payment_id = await commands.record_payment(tx, project_id, **values, by=by, now=now)
    return with_etag(await queries.get_payment(tx, payment_id, by=by), response)


@routes.get("/v1/self-payments", operation_id="listSelfPayments", summary="자부담 납부 목록 (List self-payments)")
async def list_self_payments(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    project_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[SelfPaymentState | None, Query()] = None,
) -> Page[SelfPaymentView]:
    """볼 수 있는 자부담 납부 내역. The self-payments the caller may see."""
    return await queries.list_payments(tx, page, by=by, project_id=project_id, state=state)


@routes.get(
    "/v1/self-payments/{self_payment_id}", operation_id="getSelfPayment", summary="자부담 납부 조회 (One self-payment)"
)
async def get_self_payment(self_payment_id: UUID, by: _Reader, tx: Tx, response: Response) -> SelfPaymentView:
    """납부 내역 하나와 ETag. One payment, with the ETag that a decision needs."""
    return with_etag(await queries.get_payment(tx, self_payment_id, by=by), response)


@routes.post(
    "/v1/self-payments/{self_payment_id}/verifications",
    status_code=201,
    operation_id="verifySelfPayment",
    summary="자부담 납부 확인 (Verify whose money it was)",
)
async def verify_self_payment(
    self_payment_id: UUID,
    body: VerifySelfPayment,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> SelfPaymentView:
    """은행 증빙의 납부자를 확인합니다. 공급기업이나 제3자가 낸 돈은 보류됩니다.

    The operator reads the payer on the bank's document; money of the supplier or of anybody else is held.
    """
    await commands.verify_payment(tx, self_payment_id, body.payer, read_version=version, by=by, now=now)
    return with_etag(await queries.get_payment(tx, self_payment_id, by=by), response)


@routes.post(
    "/v1/self-payments/{self_payment_id}/reviews",
    status_code=201,
    operation_id="reviewSelfPayment",
    summary="보류된 자부담 검토 (Review a held payment)",
)
async def review_self_payment(
    self_payment_id: UUID,
    body: ReviewSelfPayment,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> SelfPaymentView:
    """보류된 납부를 다른 사람이 검토해 인정하거나 거절합니다. A second person accepts or rejects a held payment."""
    await commands.review_payment(tx, self_payment_id, body.decision, read_version=version, by=by, now=now)
    return with_etag(await queries.get_payment(tx, self_payment_id, by=by), response)
