"""Reading applications: companies their own, municipalities their area, panel members what they were assigned."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime

from applicant.applications import queries
from applicant.applications.queries import (
    ApplicationFilter,
    ApplicationSort,
    ApplicationStatus,
    ApplicationView,
    Assigned,
    ListedApplication,
    ScreeningView,
)
from common.auth import Principal
from common.web import ChangedFrom, Page, PageQuery, Tx, allowed, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

AssignedCases = Callable[[Principal], Assigned]
"""Which applications a panel member may see; asked for that role only."""

_STAFF = (*sorted(COMPANY_ROLES | PROVINCE_ROLES | MUNICIPALITY_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR)
_READERS = (*_STAFF, Role.PANEL_MEMBER)


async def _narrowed(
    call_id: UUID | None = None,
    status: Annotated[list[ApplicationStatus] | None, Query(description="Repeat it for any of several.")] = None,
    type_code: Annotated[str | None, Query(max_length=16)] = None,
    municipality_code: Annotated[str | None, Query(pattern="^[0-9]{5}$")] = None,
    submitted_from: Annotated[AwareDatetime | None, Query(description="Submitted at or after this.")] = None,
    submitted_before: Annotated[AwareDatetime | None, Query(description="Submitted before this.")] = None,
    changed_from: ChangedFrom = None,
    changed_before: Annotated[AwareDatetime | None, Query(description="Changed before this (real time).")] = None,
) -> ApplicationFilter:
    """The parameters that narrow a list of applications."""
    return ApplicationFilter(
        call_id=call_id,
        status=status or (),
        type_code=type_code,
        municipality_code=municipality_code,
        submitted_from=submitted_from,
        submitted_before=submitted_before,
        changed_from=changed_from,
        changed_before=changed_before,
    )


def reading_routes(assigned_cases: AssignedCases) -> APIRouter:
    """The routes that read, with the later feature that knows who was assigned what."""
    routes = router(tags=["applications"])

    def assigned_to(by: Principal) -> Assigned | None:
        return assigned_cases(by) if by.role == Role.PANEL_MEMBER else None

    @routes.get("/v1/applications", operation_id="listApplications", summary="신청 목록 (List applications)")
    async def list_applications(
        by: Annotated[Principal, allowed(*_READERS)],
        tx: Tx,
        page: PageQuery,
        wanted: Annotated[ApplicationFilter, Depends(_narrowed)],
        sort: ApplicationSort = ApplicationSort.CREATED_LAST,
    ) -> Page[ListedApplication]:
        """볼 수 있는 신청: 기업은 자기 것, 시·군은 관내, 도와 테크노파크는 전부.

        The applications the caller may see.
        """
        return await queries.list_applications(tx, page, wanted, sort=sort, by=by, assigned=assigned_to(by))

    @routes.get(
        "/v1/applications/{application_id}", operation_id="getApplication", summary="신청 조회 (Read an application)"
    )
    async def get_application(
        application_id: UUID, by: Annotated[Principal, allowed(*_READERS)], tx: Tx, response: Response
    ) -> ApplicationView:
        """신청 하나와, 결정에 필요한 ETag. One application, with the ETag that a decision needs."""
        application = await queries.get_visible_application(tx, application_id, by=by, assigned=assigned_to(by))
        etag(response, application.version)
        return queries.application_view(application)

    @routes.get(
        "/v1/applications/{application_id}/screening",
        operation_id="getScreening",
        summary="요건검토 결과 조회 (Read the latest screening)",
    )
    async def get_screening(
        application_id: UUID, by: Annotated[Principal, allowed(*_STAFF)], tx: Tx, response: Response
    ) -> ScreeningView:
        """요건검토의 규칙별 결과와, 답을 기다리는 외부 조회.

        Findings by rule, and which registers have yet to answer.
        """
        view = await queries.view_screening(tx, application_id, by=by)
        etag(response, view.version)
        return view

    return routes
