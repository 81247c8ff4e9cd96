"""HTTP: the firm reports completion, the operator audits, the mentor checks, a second operator ends it."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from applicant.inspections import commands, queries
from applicant.inspections.api.bodies import AuditCompletion, CheckCompletion, ConcludeCompletion, ReportCompletion
from applicant.inspections.queries import CompletionView
from common.auth import Principal
from common.web import IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["completions"])

_READERS = (
    *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
    Role.SUPPLIER,
    Role.TECHNOPARK_OPERATOR,
    Role.AUDITOR,
)


@routes.get(
    "/v1/builds/{project_id}/completions",
    operation_id="listCompletions",
    summary="완료점검 목록 (List completion inspections)",
)
async def list_completions(
    project_id: UUID, by: Annotated[Principal, allowed(*_READERS)], tx: Tx, page: PageQuery
) -> Page[CompletionView]:
    """과제의 완료 보고와 점검. A build's reports of completion and what became of them."""
    return await queries.list_completions(tx, page, project_id, by=by)


@routes.get(
    "/v1/completions/{completion_id}", operation_id="getCompletion", summary="완료점검 조회 (Read a completion)"
)
async def get_completion(
    completion_id: UUID, by: Annotated[Principal, allowed(*_READERS, Role.MENTOR)], tx: Tx, response: Response
) -> CompletionView:
    """완료점검 하나와 ETag. 멘토는 자기가 확인할 것만 봅니다.

    One completion inspection with its ETag; a mentor sees those it is named to check.
    """
    return with_etag(await queries.view_completion(tx, completion_id, by=by), response)


@routes.post(
    "/v1/builds/{project_id}/completions",
    status_code=201,
    operation_id="reportCompletion",
    summary="완료 보고 (Report completion)",
)
async def report_completion(
    project_id: UUID,
    body: ReportCompletion,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CompletionView:
    """중간점검을 통과한 기업이 증빙과 함께 완료를 보고합니다. 보완 뒤에는 다시 보고합니다.

    The firm reports with its evidence, after the interim inspection has passed, and again after rework.
    """
    made = await commands.report_completion(tx, project_id, body.pieces(), read_version=version, by=by, now=now)
    return with_etag(await queries.view_completion(tx, made, by=by), response)


@routes.post(
    "/v1/completions/{completion_id}/audits",
    status_code=201,
    operation_id="auditCompletion",
    summary="완료 감리 (Audit what was built)",
)
async def audit_completion(
    completion_id: UUID,
    body: AuditCompletion,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CompletionView:
    """계획대로 설치되었는지, 작동하는지, 도입기업 직원이 직접 시연하는지 봅니다.

    Installed as planned, working, and shown live by the adopter's own staff.
    """
    await commands.audit_completion(tx, completion_id, body.seen(), body.pieces(), read_version=version, by=by, now=now)
    return with_etag(await queries.view_completion(tx, completion_id, by=by), response)


@routes.post(
    "/v1/completions/{completion_id}/mentor-checks",
    status_code=201,
    operation_id="checkCompletion",
    summary="멘토 확인 (The mentor checks the targets)",
)
async def check_completion(
    completion_id: UUID,
    body: CheckCompletion,
    by: Annotated[Principal, allowed(Role.MENTOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CompletionView:
    """감리에서 지정된 멘토가 목표 달성 여부를 확인합니다. The named mentor says whether the targets are reached."""
    await commands.check_completion(
        tx, completion_id, body.pieces(), targets_reached=body.targets_reached, read_version=version, by=by, now=now
    )
    return with_etag(await queries.view_completion(tx, completion_id, by=by), response)


@routes.post(
    "/v1/completions/{completion_id}/results",
    status_code=201,
    operation_id="concludeCompletion",
    summary="완료점검 결과 (Conclude the completion inspection)",
)
async def conclude_completion(
    completion_id: UUID,
    body: ConcludeCompletion,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CompletionView:
    """감리한 사람과 다른 담당자가 결정합니다. 통과하면 과제가 완료됩니다.

    Another operator than the auditor decides; when it passes, the project is completed.
    """
    await commands.conclude_completion(
        tx, completion_id, body.result, rework_by=body.rework_by, read_version=version, by=by, now=now
    )
    return with_etag(await queries.view_completion(tx, completion_id, by=by), response)
