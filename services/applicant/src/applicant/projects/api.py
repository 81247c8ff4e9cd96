"""HTTP: projects are read by those they concern, and given back by their own firm."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.projects import commands, queries
from applicant.projects.queries import ProjectState, ProjectView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["projects"])

_READERS = (
    *sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES),
    Role.TECHNOPARK_OPERATOR,
    Role.AUDITOR,
)


class WithdrawProject(Body):
    reason: str = Field(min_length=1, max_length=1000)


@routes.get("/v1/projects", operation_id="listProjects", summary="선정 과제 목록 (List projects)")
async def list_projects(
    by: Annotated[Principal, allowed(*_READERS)],
    tx: Tx,
    page: PageQuery,
    call_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[ProjectState | None, Query()] = None,
    municipality_code: Annotated[str | None, Query(pattern="^[0-9]{5}$")] = None,
) -> Page[ProjectView]:
    """볼 수 있는 과제 목록. The projects the caller may see."""
    return await queries.list_projects(
        tx, page, by=by, call_id=call_id, state=state, municipality_code=municipality_code
    )


@routes.get("/v1/projects/{project_id}", operation_id="getProject", summary="선정 과제 조회 (Read a project)")
async def get_project(
    project_id: UUID, by: Annotated[Principal, allowed(*_READERS)], tx: Tx, response: Response
) -> ProjectView:
    """과제 하나와, 결정에 필요한 ETag. One project, with the ETag that a decision needs."""
    view = await queries.view_project(tx, project_id, by=by)
    etag(response, view.version)
    return view


@routes.post(
    "/v1/projects/{project_id}/withdrawals",
    status_code=201,
    operation_id="withdrawProject",
    summary="선정 포기 (Give a place back, and with it the application)",
)
async def withdraw_project(
    project_id: UUID,
    body: WithdrawProject,
    by: Annotated[Principal, allowed(Role.COMPANY_OWNER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ProjectView:
    """선정된 기업이 협약 전에 사업을 포기합니다. 자리는 다음 예비 기업에 갑니다.

    Gives the place back before the agreement; the next reserve gets it.
    """
    withdrawn = await commands.withdraw_project(
        tx, project_id, read_version=version, reason=body.reason, by=by, now=now
    )
    etag(response, withdrawn.version)
    return ProjectView.model_validate(withdrawn)
