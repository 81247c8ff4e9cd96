"""Reading applications: companies their own, municipalities their area, panel members what they were assigned."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from applicant.applications import queries
from applicant.applications.commands import offered
from applicant.applications.queries import (
    Application,
    ApplicationFilter,
    ApplicationSort,
    ApplicationStatus,
    Assigned,
    ListedApplication,
    Outcome,
    ScreeningView,
)
from applicant.applications.queries.for_caller import ApplicationForCaller
from common.auth import Principal
from common.db import Transaction
from common.errors import DomainError
from common.web import ChangedFrom, Now, Page, PageQuery, Tx, actions_of, allowed, etag, router
from common.web.actions import Against
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

AssignedCases = Callable[[Principal], Assigned]
"""Which applications a panel member may see; asked for that role only."""


class AgainstGivingUp(Protocol):
    """Why the place that a case holds cannot be given back; nothing if it holds none."""

    async def __call__(self, tx: Transaction, application_id: UUID, /) -> list[DomainError]: ...


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


def reading_routes(assigned_cases: AssignedCases, against_giving_up: AgainstGivingUp) -> APIRouter:
    """The routes that read, with the later features that know who was assigned what, and whether a place is bound."""
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
        application_id: UUID,
        by: Annotated[Principal, allowed(*_READERS)],
        tx: Tx,
        now: Now,
        request: Request,
        response: Response,
    ) -> ApplicationForCaller:
        """신청 하나와, 결정에 필요한 ETag. 지금 할 수 있는 일과, 나머지를 할 수 없는 이유가 함께 있습니다.

        One application, with the ETag that a decision needs, what the caller may do now, and why the rest is closed.
        """
        application = await queries.get_visible_application(tx, application_id, by=by, assigned=assigned_to(by))
        against = _against(tx, application, against_giving_up, now=now)
        actions, closed = await actions_of(request, by, against, application_id=application_id)
        etag(response, application.version)
        view = queries.application_view(application)
        return ApplicationForCaller(**dict(view), actions=actions, closed_actions=closed)

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


def _against(
    tx: Transaction, application: Application, against_giving_up: AgainstGivingUp, *, now: datetime
) -> Mapping[str, Against]:
    """Who asks what stands against each step of this application."""

    async def against_withdrawing() -> list[DomainError]:
        ended = await offered.against_withdrawing(application, now=now)
        if ended or application.outcome is not Outcome.SELECTED:  # Nobody else holds a place.
            return ended
        return await against_giving_up(tx, application.id)

    return {
        "reviseApplication": lambda: offered.against_revising(application),
        "submitApplication": lambda: offered.against_submitting(tx, application, now=now),
        "supplementApplication": lambda: offered.against_supplementing(application, now=now),
        "withdrawApplication": against_withdrawing,
        "beginScreening": lambda: offered.against_screening(application),
        "requestSupplement": lambda: offered.against_asking_more(application, now=now),
        "decideEligibility": lambda: offered.against_deciding(tx, application, now=now),
    }
