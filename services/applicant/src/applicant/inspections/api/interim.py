"""HTTP: the operator plans, visits and concludes the interim inspection."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from applicant.inspections import commands, queries
from applicant.inspections.api.bodies import ConcludeInspection, ConfirmFix, PlanInspection, RecordVisit
from applicant.inspections.queries import InspectionView
from common.auth import Principal
from common.web import IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["inspections"])

_Reader = Annotated[
    Principal,
    allowed(
        *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
        Role.SUPPLIER,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
    ),
]
_Inspector = Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)]


@routes.get(
    "/v1/builds/{project_id}/inspections",
    operation_id="listInspections",
    summary="중간점검 목록 (List interim inspections)",
)
async def list_inspections(project_id: UUID, by: _Reader, tx: Tx, page: PageQuery) -> Page[InspectionView]:
    """과제의 중간점검. A build's interim inspections."""
    return await queries.list_inspections(tx, page, project_id, by=by)


@routes.get(
    "/v1/inspections/{inspection_id}", operation_id="getInspection", summary="중간점검 조회 (Read an inspection)"
)
async def get_inspection(inspection_id: UUID, by: _Reader, tx: Tx, response: Response) -> InspectionView:
    """중간점검 하나와 ETag. One interim inspection, with the ETag that the next step needs."""
    return with_etag(await queries.view_inspection(tx, inspection_id, by=by), response)


@routes.post(
    "/v1/builds/{project_id}/inspections",
    status_code=201,
    operation_id="planInspection",
    summary="중간점검 계획 (Plan an interim inspection)",
)
async def plan_inspection(
    project_id: UUID,
    body: PlanInspection,
    by: _Inspector,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> InspectionView:
    """구축 중인 과제의 점검일을 정합니다. Sets the day of a visit to a build that is under way."""
    made = await commands.plan_inspection(
        tx, project_id, planned_on=body.planned_on, read_version=version, by=by, now=now
    )
    return with_etag(await queries.view_inspection(tx, made, by=by), response)


@routes.post(
    "/v1/inspections/{inspection_id}/visits",
    status_code=201,
    operation_id="recordInspectionVisit",
    summary="점검 방문 기록 (Record the visit)",
)
async def record_visit(
    inspection_id: UUID,
    body: RecordVisit,
    by: _Inspector,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> InspectionView:
    """협약 당사자가 아닌 점검자가 시각과 위치가 있는 사진으로 기록합니다.

    Somebody who is no party to the agreement records it, with photos that say when and where.
    """
    await commands.record_visit(tx, inspection_id, body.pieces(), read_version=version, by=by, now=now)
    return with_etag(await queries.view_inspection(tx, inspection_id, by=by), response)


@routes.post(
    "/v1/inspections/{inspection_id}/results",
    status_code=201,
    operation_id="concludeInspection",
    summary="중간점검 결과 (Conclude the inspection)",
)
async def conclude_inspection(
    inspection_id: UUID,
    body: ConcludeInspection,
    by: _Inspector,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> InspectionView:
    """통과, 기한부 보완(fix_by), 불합격 중 하나입니다. 불합격이면 협약 해지 검토가 시작됩니다.

    It passes, asks for a fix by a date, or fails, which begins a review of the agreement.
    """
    await commands.conclude_inspection(
        tx, inspection_id, body.result, fix_by=body.fix_by, read_version=version, by=by, now=now
    )
    return with_etag(await queries.view_inspection(tx, inspection_id, by=by), response)


@routes.post(
    "/v1/inspections/{inspection_id}/fixes",
    status_code=201,
    operation_id="confirmInspectionFix",
    summary="보완 확인 (Confirm the fix)",
)
async def confirm_fix(
    inspection_id: UUID,
    body: ConfirmFix,
    by: _Inspector,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> InspectionView:
    """기한 안에 보완되면 통과합니다. What is fixed before its date passes."""
    await commands.confirm_fix(tx, inspection_id, body.pieces(), read_version=version, by=by, now=now)
    return with_etag(await queries.view_inspection(tx, inspection_id, by=by), response)
