"""HTTP: an officer opens a clawback, the firm speaks, one proposes and another decides, an objection is heard."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import Won
from funding.recoveries import commands, queries
from funding.recoveries.queries import RecoveryState, RecoveryView

routes = router(tags=["recoveries"])

_Reader = Annotated[
    Principal,
    allowed(*PROVINCE_ROLES, *MUNICIPALITY_ROLES, *COMPANY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]
_Officer = Annotated[Principal, allowed(Role.PROVINCE_OFFICER)]
_Approver = Annotated[Principal, allowed(Role.PROVINCE_APPROVER)]
_Owner = Annotated[Principal, allowed(Role.COMPANY_OWNER)]
_Version = Annotated[int, IfMatch()]
_Sha256 = Field(pattern="^[0-9a-f]{64}$")


class OpenRecovery(Body):
    """On which ground."""

    ground: commands.Ground


class SayToRecovery(Body):
    """The firm's opinion or objection, by the hash of its document."""

    document_sha256: str = _Sha256


class ProposeRecovery(Body):
    """How much of what was paid is taken back, what it earned, what is imposed on top, and for how long it excludes."""

    recover_bp: int = Field(ge=0, le=10_000)
    interest_won: int = Field(ge=0, le=1_000_000_000_000)
    surcharge_bp: int = Field(ge=0, le=1_000_000)
    debar_months: int = Field(ge=0, le=1_200)
    finding_sha256: str = _Sha256


class HearObjection(Body):
    """What becomes of the objection."""

    hearing: commands.Hearing


@routes.get("/v1/recoveries", operation_id="listRecoveries", summary="환수 목록 (List clawbacks)")
async def list_recoveries(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    project_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[RecoveryState | None, Query()] = None,
) -> Page[RecoveryView]:
    """볼 수 있는 환수 건. The clawbacks the caller may see."""
    return await queries.list_recoveries(tx, page, by=by, project_id=project_id, state=state)


@routes.get("/v1/recoveries/{recovery_id}", operation_id="getRecovery", summary="환수 조회 (Read a clawback)")
async def get_recovery(recovery_id: UUID, by: _Reader, tx: Tx, response: Response) -> RecoveryView:
    """환수 건 하나와 처리에 필요한 ETag. One clawback, with the ETag that acting on it needs."""
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/coverages/{project_id}/recoveries",
    status_code=201,
    operation_id="openRecovery",
    summary="환수 절차 시작 (Open a clawback)",
)
async def open_recovery(
    project_id: UUID, body: OpenRecovery, by: _Officer, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """그 순간부터 과제의 모든 재원이 보류됩니다. From this moment every line of the project is held."""
    recovery_id = await commands.open_recovery(tx, project_id, body.ground, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/recoveries/{recovery_id}/notices",
    status_code=201,
    operation_id="noticeRecovery",
    summary="사전 통지 (Give notice)",
)
async def notice_recovery(
    recovery_id: UUID, by: _Officer, version: _Version, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """기업은 의견 제출 기한까지 의견을 낼 수 있습니다. The firm may speak until the day that the rules count."""
    await commands.give_notice(tx, recovery_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/recoveries/{recovery_id}/opinions",
    status_code=201,
    operation_id="giveOpinion",
    summary="의견 제출 (Give one's opinion)",
)
async def give_opinion(
    recovery_id: UUID, body: SayToRecovery, by: _Owner, version: _Version, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """기한 안에 한 번. Once, and in time."""
    await commands.give_opinion(tx, recovery_id, body.document_sha256, read_version=version, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/recoveries/{recovery_id}/proposals",
    status_code=201,
    operation_id="proposeRecovery",
    summary="환수 결정 제안 (Propose a decision)",
)
async def propose_recovery(
    recovery_id: UUID, body: ProposeRecovery, by: _Officer, version: _Version, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """의견을 듣거나 기한이 지난 뒤, 사유마다 정한 한도 안에서. 0이면 환수하지 않습니다.

    After the firm spoke or let its time pass, within the law's limits; nothing at all drops the case.
    """
    finding = commands.Finding(
        recover_bp=body.recover_bp,
        interest_won=Won(body.interest_won),
        surcharge_bp=body.surcharge_bp,
        debar_months=body.debar_months,
        sha256=body.finding_sha256,
    )
    await commands.propose_recovery(tx, recovery_id, finding, read_version=version, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/recoveries/{recovery_id}/returns",
    status_code=201,
    operation_id="sendRecoveryBack",
    summary="환수 결정안 반려 (Send the proposal back)",
)
async def send_recovery_back(
    recovery_id: UUID, by: _Approver, version: _Version, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """제안을 다시 만들게 합니다. The finding is to be made anew."""
    await commands.send_recovery_back(tx, recovery_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/recoveries/{recovery_id}/decisions",
    status_code=201,
    operation_id="decideRecovery",
    summary="환수 결정 (Decide)",
)
async def decide_recovery(
    recovery_id: UUID, by: _Approver, version: _Version, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """제안한 사람은 결정할 수 없습니다. 진행 중인 지급이 끝난 뒤에 결정하며, 재원별 반납이 명령됩니다.

    Not by who proposed, and not while a payment is under way; what each source takes back is owed from here on.
    """
    await commands.decide_recovery(tx, recovery_id, read_version=version, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/recoveries/{recovery_id}/objections",
    status_code=201,
    operation_id="objectToRecovery",
    summary="이의신청 (Object)",
)
async def object_to_recovery(
    recovery_id: UUID, body: SayToRecovery, by: _Owner, version: _Version, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """결정 통지 다음 날부터 정해진 기한 안에. Within the days that the decision names."""
    await commands.object_to_recovery(tx, recovery_id, body.document_sha256, read_version=version, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)


@routes.post(
    "/v1/recoveries/{recovery_id}/hearings",
    status_code=201,
    operation_id="hearObjection",
    summary="이의 심사 (Hear an objection)",
)
async def hear_objection(
    recovery_id: UUID, body: HearObjection, by: _Approver, version: _Version, tx: Tx, now: Now, response: Response
) -> RecoveryView:
    """세 번째 사람이 심사합니다. 인용하면 반납할 것이 없습니다. By a third person; upheld, nothing is owed."""
    await commands.hear_objection(tx, recovery_id, body.hearing, read_version=version, by=by, now=now)
    return with_etag(await queries.get_recovery(tx, recovery_id, by=by), response)
