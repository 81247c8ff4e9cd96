"""The queue of waiting projects over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, problem_responses, router
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from mentoring.matching import commands, queries
from mentoring.matching.domain import (
    NeedsNotStated,
    NeedsStale,
    ProjectHasTeam,
    ProjectNoLongerWaits,
    WaitingProjectUnknown,
)
from mentoring.matching.queries import ProjectNeedsView, WaitingProjectView
from mentoring.mentors.commands import MentorNotRecruited

routes = router(tags=["matching"])

_PLANNERS = (Role.MENTOR_LEAD, Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))

_Code = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{1,39}$")]


class ConflictBody(Body):
    """A mentor who may not come, and why."""

    mentor_id: UUID
    kind: commands.ConflictKind


class StateProjectNeeds(Body):
    """What the site check found that a team must bring; nobody with a conflict is ever planned for the project."""

    processes: list[_Code] = Field(min_length=1, max_length=50)
    technologies: list[_Code] = Field(max_length=50)
    ksic_division: str = Field(pattern="^[0-9]{2}$")
    residency_weeks: int = Field(ge=1, le=52)
    conflicts: list[ConflictBody] = Field(max_length=200)


@routes.get(
    "/v1/waiting-projects",
    operation_id="listWaitingProjects",
    summary="멘토 배정을 기다리는 과제 (Projects that wait for mentors)",
)
async def list_waiting_projects(
    by: Annotated[Principal, allowed(*_PLANNERS, *sorted(MUNICIPALITY_ROLES))],
    tx: Tx,
    page: PageQuery,
    municipality_code: str | None = None,
) -> Page[WaitingProjectView]:
    """A municipality sees its own projects whatever it asks for; everybody else sees all or those of one."""
    own = by.tenant if by.role in MUNICIPALITY_ROLES else municipality_code
    return await queries.list_waiting(tx, page, municipality_code=own)


@routes.put(
    "/v1/waiting-projects/{project_id}/needs",
    operation_id="stateProjectNeeds",
    summary="과제의 멘토링 요건 (State what a project needs)",
    responses=problem_responses(
        WaitingProjectUnknown, NeedsStale, ProjectNoLongerWaits, ProjectHasTeam, MentorNotRecruited
    ),
)
async def state_project_needs(
    project_id: UUID,
    body: StateProjectNeeds,
    version: Annotated[int, IfMatch()],
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    tx: Tx,
    now: Now,
    response: Response,
) -> ProjectNeedsView:
    """현장 확인 결과를 적습니다. 처음에는 If-Match를 "0"으로 보냅니다. The first time, send If-Match "0"."""
    needs = commands.ProjectNeeds(
        project_id=project_id,
        processes=frozenset(body.processes),
        technologies=frozenset(body.technologies),
        ksic_division=body.ksic_division,
        residency_weeks=body.residency_weeks,
        conflicts={each.mentor_id: each.kind for each in body.conflicts},
        stated_by=by.person,
        stated_at=now,
    )
    await commands.state_needs(tx, needs, version=version, by=by, now=now)
    return await _answered(tx, project_id, response)


@routes.get(
    "/v1/waiting-projects/{project_id}/needs",
    operation_id="getProjectNeeds",
    summary="과제의 멘토링 요건 조회 (What a project needs)",
    responses=problem_responses(NeedsNotStated),
)
async def get_project_needs(
    project_id: UUID, by: Annotated[Principal, allowed(*_PLANNERS)], tx: Tx, response: Response
) -> ProjectNeedsView:
    """팀이 갖추어야 할 것과 올 수 없는 멘토. What a team must bring, and which mentors may not come."""
    return await _answered(tx, project_id, response)


async def _answered(tx: Tx, project_id: UUID, response: Response) -> ProjectNeedsView:
    view = await queries.get_needs(tx, project_id)
    etag(response, view.version)
    return view
