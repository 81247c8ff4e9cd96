"""HTTP: a firm objects, the operator prepares, an approver who had no part in the refusal decides."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.objections import commands, queries
from applicant.objections.commands import Recommendation, Verdict
from applicant.objections.queries import ObjectionState, ObjectionView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["objections"])

_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class FileObjection(Body):
    """What the firm says against the decision, and the hashes of the papers that show it."""

    statement: str = Field(min_length=1, max_length=4000)
    evidence_sha256: list[_Sha256] = Field(default_factory=list, max_length=20)


class PrepareObjection(Body):
    """What the operator found, having heard those concerned."""

    recommendation: Recommendation
    findings: str = Field(min_length=1, max_length=4000)


class DecideObjection(Body):
    """The decision and its reasons, which the firm reads."""

    verdict: Verdict
    reason: str = Field(min_length=1, max_length=4000)


@routes.post(
    "/v1/applications/{application_id}/objections",
    status_code=201,
    operation_id="fileObjection",
    summary="이의신청 (Object to a refusal)",
)
async def file_objection(
    application_id: UUID,
    body: FileObjection,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    tx: Tx,
    now: Now,
    response: Response,
) -> ObjectionView:
    """부적격·미선정·예비 통지를 받은 다음 날부터 20일 안에(마지막 날이 휴일이면 다음 근무일까지) 이의를 신청합니다.

    Objects to a refusal, or to being a reserve, within 20 days from the day after its notice; a last day that is a
    holiday rolls over.
    """
    filed = await commands.file_objection(
        tx, application_id, statement=body.statement, evidence_sha256=body.evidence_sha256, by=by, now=now
    )
    etag(response, filed.version)
    return queries.objection_view(filed, by=by)


@routes.get("/v1/objections", operation_id="listObjections", summary="이의신청 목록 (List objections)")
async def list_objections(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    state: Annotated[ObjectionState | None, Query()] = None,
    call_id: Annotated[UUID | None, Query()] = None,
) -> Page[ObjectionView]:
    """볼 수 있는 이의신청 목록. The objections the caller may see."""
    return await queries.list_objections(tx, page, by=by, state=state, call_id=call_id)


@routes.get("/v1/objections/{objection_id}", operation_id="getObjection", summary="이의신청 조회 (Read an objection)")
async def get_objection(objection_id: UUID, by: _Reader, tx: Tx, response: Response) -> ObjectionView:
    """이의신청 하나와, 결정에 필요한 ETag. One objection, with the ETag that a decision needs."""
    view = await queries.view_objection(tx, objection_id, by=by)
    etag(response, view.version)
    return view


@routes.post(
    "/v1/objections/{objection_id}/preparations",
    status_code=201,
    operation_id="prepareObjection",
    summary="이의신청 검토 (Say what was found)",
)
async def prepare_objection(
    objection_id: UUID,
    body: PrepareObjection,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ObjectionView:
    """운영기관이 의견을 듣고 검토 결과를 적습니다. The operator hears those concerned and says what it found."""
    prepared = await commands.prepare_objection(
        tx,
        objection_id,
        recommendation=body.recommendation,
        findings=body.findings,
        read_version=version,
        by=by,
        now=now,
    )
    etag(response, prepared.version)
    return queries.objection_view(prepared, by=by)


@routes.post(
    "/v1/objections/{objection_id}/decisions",
    status_code=201,
    operation_id="decideObjection",
    summary="이의신청 결정 (Decide an objection)",
)
async def decide_objection(
    objection_id: UUID,
    body: DecideObjection,
    by: Annotated[Principal, allowed(Role.PROVINCE_APPROVER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ObjectionView:
    """처음 결정에 참여하지 않은 승인자가 결정합니다. 받아들이면 평가로 돌아가거나, 자리와 예산이 있으면 선정되고,
    없으면 같은 유형과 시·군의 첫 번째 예비가 됩니다. 예비도 같으며, 남의 자리를 빼앗지 않습니다.

    An approver who had no part in the refusal decides. Upheld, the case goes to evaluation; after the selection it gets
    a place where seat and money are left, and otherwise is the first reserve of its type and municipality. So does a
    reserve that objected; nobody who has a place loses it.
    """
    decided = await commands.decide_objection(
        tx, objection_id, body.verdict, reason=body.reason, read_version=version, by=by, now=now
    )
    etag(response, decided.version)
    return queries.objection_view(decided, by=by)
