"""HTTP: a firm asks for public money, officers approve, reject or hold it, the treasurer orders the payment."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, actions_of, allowed, etag, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import InvalidBusinessNumber, Source, Won, parse_business_number
from funding.releases import queries
from funding.releases.commands import decisions, findings, held, offered
from funding.releases.queries import ReleaseFindingView, ReleaseHoldView, ReleaseLinesView, ReleaseState, ReleaseView
from funding.releases.queries.for_caller import ReleaseForCaller

routes = router(tags=["releases"])

_ORDER_EXAMPLE = (
    '<?xml version="1.0"?>'
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn/></Document>'
)
_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]
_Approver = Annotated[Principal, allowed(Role.PROVINCE_APPROVER, Role.MUNICIPALITY_APPROVER)]
_Holder = Annotated[Principal, allowed(Role.PROVINCE_OFFICER, Role.PROVINCE_APPROVER, Role.MUNICIPALITY_APPROVER)]
_Finder = Annotated[Principal, allowed(Role.PROVINCE_TREASURER)]
_Judge = Annotated[Principal, allowed(Role.PROVINCE_APPROVER)]
_FindingReader = Annotated[Principal, allowed(*PROVINCE_ROLES, Role.AUDITOR)]
_Version = Annotated[int, IfMatch()]


class DrawnInvoice(Body):
    """The supplier's e-tax invoice: its number, the hash of its document, and where the supplier is paid."""

    invoice_number: str = Field(pattern="^[0-9]{8}-[0-9A-Za-z]{8}-[0-9A-Za-z]{8}$")
    invoice_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    supplier_business_number: str = Field(max_length=20)
    supplier_account: str = Field(min_length=1, max_length=200)


class RequestRelease(Body):
    """A gate for a tranche, or an invoice for a draw; the amount is what is to be paid."""

    amount_won: int = Field(ge=1, le=1_000_000_000_000)
    gate: decisions.Gate | None = None
    invoice: DrawnInvoice | None = None


class RejectRelease(Body):
    """What is wrong with it."""

    reason: decisions.Rejection


class PlaceHold(Body):
    """Why nothing may leave the line for now."""

    reason: held.HoldReason


class ProposeFinding(Body):
    """What the bank's paper says; its number of the payment if there was one."""

    outcome: findings.FoundOutcome
    bank_transaction: str | None = Field(default=None, min_length=1, max_length=100)
    reason: findings.FindingReason
    evidence_sha256: str = Field(pattern="^[0-9a-f]{64}$")


@routes.get(
    "/v1/coverages/{project_id}/release-lines",
    operation_id="getReleaseLines",
    summary="과제의 지급 가능액 (What a project's sources may release)",
)
async def get_release_lines(project_id: UUID, by: _Reader, tx: Tx) -> ReleaseLinesView:
    """재원별 확정액, 진행 중, 지급액, 잔액과 지급 조건. Per source: committed, under way, paid, left, and its gates."""
    return await queries.get_lines(tx, project_id, by=by)


@routes.post(
    "/v1/coverages/{project_id}/lines/{source}/releases",
    status_code=201,
    operation_id="requestRelease",
    summary="지급 요청 (Ask for a release)",
)
async def request_release(
    project_id: UUID,
    source: Source,
    body: RequestRelease,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER, Role.COMPANY_STAFF)],
    tx: Tx,
    now: Now,
    response: Response,
) -> ReleaseView:
    """자부담이 모두 확인된 뒤에만 요청할 수 있습니다 (F-04). 요청액은 재원의 잔액에서 바로 예약됩니다 (F-05).

    Only when all of the self-pay is proven (rule F-04); the amount is reserved on the line at once (rule F-05).
    """
    release_id = await decisions.request_release(
        tx,
        project_id,
        source,
        gate=body.gate,
        invoice=None if body.invoice is None else _invoice(body.invoice),
        amount_won=Won(body.amount_won),
        by=by,
        now=now,
    )
    return with_etag(await queries.get_release(tx, release_id, by=by), response)


@routes.get("/v1/releases", operation_id="listReleases", summary="지급 목록 (List releases)")
async def list_releases(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    project_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[ReleaseState | None, Query()] = None,
    unclear: Annotated[bool | None, Query()] = None,
) -> Page[ReleaseView]:
    """볼 수 있는 지급 건. `unclear=true`는 은행이 결과를 알리지 않아 사람이 보아야 하는 건입니다.

    The releases the caller may see; `unclear=true` are those of which the bank has not said what became of them.
    """
    return await queries.list_releases(tx, page, by=by, project_id=project_id, state=state, unclear=unclear)


@routes.get("/v1/releases/{release_id}", operation_id="getRelease", summary="지급 조회 (Read a release)")
async def get_release(
    release_id: UUID, by: _Reader, tx: Tx, now: Now, request: Request, response: Response
) -> ReleaseForCaller:
    """지급 건 하나와 결정에 필요한 ETag. 지금 할 수 있는 일과, 나머지를 할 수 없는 이유가 함께 있습니다.

    One release, with the ETag that a decision needs, what the caller may do now, and why the rest is closed.
    """
    view = await queries.get_release(tx, release_id, by=by)
    against = {
        "approveRelease": lambda: offered.against_approving(tx, release_id, by=by, now=now),
        "rejectRelease": lambda: offered.against_rejecting(tx, release_id, by=by),
        "orderRelease": lambda: offered.against_ordering(tx, release_id, by=by, now=now),
        "proposeReleaseFinding": lambda: offered.against_finding(tx, release_id),
    }
    actions, closed = await actions_of(request, by, against, release_id=release_id)
    return with_etag(ReleaseForCaller(**dict(view), actions=actions, closed_actions=closed), response)


@routes.post(
    "/v1/releases/{release_id}/approvals",
    status_code=201,
    operation_id="approveRelease",
    summary="지급 결재 (Approve a release)",
)
async def approve_release(
    release_id: UUID, by: _Approver, version: _Version, tx: Tx, now: Now, response: Response
) -> ReleaseView:
    """서로 다른 두 사람 이상이 결재합니다. 시·군 재원은 그 시·군의 결재자도 함께 결재합니다.

    Two different officers at least; a municipality's approver among them where its own line pays.
    """
    await decisions.approve_release(tx, release_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_release(tx, release_id, by=by), response)


@routes.post(
    "/v1/releases/{release_id}/rejections",
    status_code=201,
    operation_id="rejectRelease",
    summary="지급 반려 (Reject a release)",
)
async def reject_release(
    release_id: UUID,
    body: RejectRelease,
    by: _Approver,
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> ReleaseView:
    """지급 명령 전까지 반려할 수 있고, 예약한 금액은 재원으로 돌아갑니다.

    Until the order; what was reserved goes back to the line.
    """
    await decisions.reject_release(tx, release_id, body.reason, read_version=version, by=by, now=now)
    return with_etag(await queries.get_release(tx, release_id, by=by), response)


@routes.post(
    "/v1/releases/{release_id}/orders",
    status_code=201,
    operation_id="orderRelease",
    summary="지급 명령 (Order the payment)",
)
async def order_release(
    release_id: UUID,
    by: Annotated[Principal, allowed(Role.PROVINCE_TREASURER)],
    version: _Version,
    tx: Tx,
    now: Now,
    response: Response,
) -> ReleaseView:
    """결재가 끝났고 보류되지 않은 건만 명령할 수 있습니다. 명령한 뒤에는 되돌릴 수 없습니다.

    Of what is approved and not held, by a third person; from here it only goes forward.
    """
    await decisions.order_release(tx, release_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_release(tx, release_id, by=by), response)


@routes.get(
    "/v1/releases/{release_id}/payment-order",
    operation_id="getPaymentOrder",
    summary="지급 명령 파일 (The order as ISO 20022 pain.001)",
    response_class=Response,
    responses={
        200: {
            "description": "ISO 20022 pain.001.001.09 (UTF-8)",
            "content": {"application/xml": {"schema": {"type": "string"}, "example": _ORDER_EXAMPLE}},
        }
    },
)
async def get_payment_order(
    release_id: UUID, by: Annotated[Principal, allowed(Role.PROVINCE_TREASURER, Role.AUDITOR)], tx: Tx
) -> Response:
    """명령된 지급을 은행이 받는 파일로. 지급 번호가 거래 참조번호입니다.

    An ordered release as the message a bank takes; the release's id is its end-to-end reference.
    """
    content = await queries.get_payment_order(tx, release_id, by=by)
    headers = {"Content-Disposition": f'attachment; filename="{release_id}.xml"'}
    return Response(content, media_type="application/xml; charset=utf-8", headers=headers)


@routes.post(
    "/v1/coverages/{project_id}/lines/{source}/holds",
    status_code=201,
    operation_id="placeReleaseHold",
    summary="지급 보류 (Hold a line)",
)
async def place_release_hold(
    project_id: UUID, source: Source, body: PlaceHold, by: _Holder, tx: Tx, now: Now, response: Response
) -> ReleaseHoldView:
    """보류된 재원에서는 아무것도 지급되지 않습니다. 이미 명령된 건은 그대로 진행됩니다.

    A held line releases nothing; what was ordered before goes on to its end.
    """
    hold_id = await held.place_hold(tx, project_id, source, body.reason, by=by, now=now)
    return _hold(await queries.get_hold(tx, hold_id, by=by), response)


@routes.get("/v1/release-holds", operation_id="listReleaseHolds", summary="지급 보류 목록 (List holds)")
async def list_release_holds(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    project_id: Annotated[UUID | None, Query()] = None,
    standing: Annotated[bool | None, Query()] = None,
) -> Page[ReleaseHoldView]:
    """볼 수 있는 지급 보류. The holds on lines the caller may see."""
    return await queries.list_holds(tx, page, by=by, project_id=project_id, standing=standing)


@routes.get("/v1/release-holds/{hold_id}", operation_id="getReleaseHold", summary="지급 보류 조회 (Read a hold)")
async def get_release_hold(hold_id: UUID, by: _Reader, tx: Tx, response: Response) -> ReleaseHoldView:
    """지급 보류 하나와 해제에 필요한 ETag. One hold, with the ETag that lifting it needs."""
    return _hold(await queries.get_hold(tx, hold_id, by=by), response)


@routes.post(
    "/v1/release-holds/{hold_id}/lifts",
    status_code=201,
    operation_id="liftReleaseHold",
    summary="지급 보류 해제 (Lift a hold)",
)
async def lift_release_hold(
    hold_id: UUID, by: _Holder, version: _Version, tx: Tx, now: Now, response: Response
) -> ReleaseHoldView:
    """첫 사람이 제안하고 다른 사람이 확인하면 풀립니다. The first person proposes it, a second one lifts it."""
    await held.lift_hold(tx, hold_id, read_version=version, by=by, now=now)
    return _hold(await queries.get_hold(tx, hold_id, by=by), response)


@routes.post(
    "/v1/releases/{release_id}/findings",
    status_code=201,
    operation_id="proposeReleaseFinding",
    summary="불명확한 지급의 확인 제안 (Say what became of an unclear release)",
)
async def propose_release_finding(
    release_id: UUID, body: ProposeFinding, by: _Finder, version: _Version, tx: Tx, now: Now, response: Response
) -> ReleaseFindingView:
    """은행이 기한 안에 결과를 알리지 않은 지급만. 결정될 때까지 은행에 다시 보내거나 묻지 않습니다.

    Only of what the bank has not said in time; until it is decided the bank is neither sent the order nor asked.
    """
    finding_id = await findings.propose_finding(
        tx,
        release_id,
        body.outcome,
        bank_transaction=body.bank_transaction,
        reason=body.reason,
        evidence_sha256=body.evidence_sha256,
        read_version=version,
        by=by,
        now=now,
    )
    return with_etag(await queries.get_finding(tx, finding_id), response)


@routes.get("/v1/release-findings", operation_id="listReleaseFindings", summary="지급 확인 목록 (List findings)")
async def list_release_findings(
    _by: _FindingReader, tx: Tx, page: PageQuery, release_id: Annotated[UUID | None, Query()] = None
) -> Page[ReleaseFindingView]:
    """불명확한 지급에 대한 확인. What was found out about unclear releases."""
    return await queries.list_findings(tx, page, release_id=release_id)


@routes.get(
    "/v1/release-findings/{finding_id}", operation_id="getReleaseFinding", summary="지급 확인 조회 (Read a finding)"
)
async def get_release_finding(finding_id: UUID, _by: _FindingReader, tx: Tx, response: Response) -> ReleaseFindingView:
    """확인 하나와 결정에 필요한 ETag. One finding, with the ETag that deciding needs."""
    return with_etag(await queries.get_finding(tx, finding_id), response)


@routes.post(
    "/v1/release-findings/{finding_id}/confirmations",
    status_code=201,
    operation_id="confirmReleaseFinding",
    summary="지급 확인 확정 (Confirm a finding)",
)
async def confirm_release_finding(
    finding_id: UUID, by: _Judge, version: _Version, tx: Tx, now: Now, response: Response
) -> ReleaseFindingView:
    """제안한 사람과 지급을 명령한 사람은 확정할 수 없습니다. 지급된 건은 원장에, 아닌 건은 재원에 돌아갑니다.

    By another person than who proposed it or ordered the payment; what was not paid goes back to its line.
    """
    await findings.confirm_finding(tx, finding_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_finding(tx, finding_id), response)


@routes.post(
    "/v1/release-findings/{finding_id}/rejections",
    status_code=201,
    operation_id="rejectReleaseFinding",
    summary="지급 확인 반려 (Reject a finding)",
)
async def reject_release_finding(
    finding_id: UUID, by: _Judge, version: _Version, tx: Tx, now: Now, response: Response
) -> ReleaseFindingView:
    """은행에 다시 묻습니다. The bank is asked again."""
    await findings.reject_finding(tx, finding_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_finding(tx, finding_id), response)


def _invoice(said: DrawnInvoice) -> decisions.Invoice:
    try:
        supplier = parse_business_number(said.supplier_business_number)
    except InvalidBusinessNumber:
        raise InvalidBusinessNumber(field="/invoice/supplier_business_number") from None
    return decisions.Invoice(
        number=said.invoice_number,
        sha256=said.invoice_sha256,
        supplier_business_number=supplier,
        supplier_account=said.supplier_account,
    )


def _hold(view: ReleaseHoldView, response: Response) -> ReleaseHoldView:
    etag(response, view.version)
    return view
