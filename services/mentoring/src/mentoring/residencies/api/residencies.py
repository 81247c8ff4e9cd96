"""Residencies over HTTP: Samsung answers, the mentor lead starts and ends, a municipality sees its own firms'."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, etag, problem_responses, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from mentoring.residencies import commands, queries
from mentoring.residencies.domain import (
    AnswerTooLate,
    ResidencyNotInState,
    ResidencyNotYet,
    ResidencyPaused,
    ResidencyStale,
    ResidencyState,
    ResidencyUnknown,
)
from mentoring.residencies.queries import ResidencyView

routes = router(tags=["residencies"])

_Samsung = Annotated[Principal, allowed(Role.SAMSUNG_CLIENT)]
_Lead = Annotated[Principal, allowed(Role.MENTOR_LEAD)]
_Reader = Annotated[
    Principal,
    allowed(
        Role.SAMSUNG_CLIENT,
        Role.MENTOR_LEAD,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
        *sorted(PROVINCE_ROLES),
        Role.MENTOR,
        *sorted(MUNICIPALITY_ROLES),
        *sorted(COMPANY_ROLES),
    ),
]
_CHANGED = problem_responses(ResidencyUnknown, ResidencyStale, ResidencyNotInState, ResidencyNotYet)


class DeclineResidency(Body):
    """Why Samsung does not send the team."""

    reason: commands.DeclineReason


@routes.post(
    "/v1/residencies/{residency_id}/acceptances",
    status_code=201,
    operation_id="acceptResidency",
    summary="상주 수락 (Accept a residency)",
    responses=problem_responses(ResidencyUnknown, ResidencyStale, ResidencyNotInState, AnswerTooLate),
)
async def accept_residency(
    residency_id: UUID, version: Annotated[int, IfMatch()], by: _Samsung, tx: Tx, now: Now, response: Response
) -> ResidencyView:
    """기한까지 수락하지 않은 상주는 해제됩니다. What is not accepted in time is freed."""
    await commands.accept_residency(tx, residency_id, version=version, by=by, now=now)
    return await _answered(tx, residency_id, response, by=by)


@routes.post(
    "/v1/residencies/{residency_id}/declines",
    status_code=201,
    operation_id="declineResidency",
    summary="상주 거절 (Decline a residency)",
    responses=problem_responses(ResidencyUnknown, ResidencyStale, ResidencyNotInState),
)
async def decline_residency(
    residency_id: UUID,
    body: DeclineResidency,
    version: Annotated[int, IfMatch()],
    by: _Samsung,
    tx: Tx,
    now: Now,
    response: Response,
) -> ResidencyView:
    """시작 전까지 거절할 수 있습니다. 과제는 다시 배정을 기다립니다. Until it has started; the project waits again."""
    await commands.decline_residency(tx, residency_id, body.reason, version=version, by=by, now=now)
    return await _answered(tx, residency_id, response, by=by)


@routes.post(
    "/v1/residencies/{residency_id}/starts",
    status_code=201,
    operation_id="startResidency",
    summary="상주 시작 (Start a residency)",
    responses=problem_responses(
        ResidencyUnknown, ResidencyStale, ResidencyNotInState, ResidencyNotYet, ResidencyPaused
    ),
)
async def start_residency(
    residency_id: UUID, version: Annotated[int, IfMatch()], by: _Lead, tx: Tx, now: Now, response: Response
) -> ResidencyView:
    """첫 주 월요일부터, 과제가 중지되지 않았으면. From its first Monday on, if the project is not suspended."""
    await commands.start_residency(tx, residency_id, version=version, by=by, now=now)
    return await _answered(tx, residency_id, response, by=by)


@routes.post(
    "/v1/residencies/{residency_id}/ends",
    status_code=201,
    operation_id="endResidency",
    summary="상주 종료 (End a residency)",
    responses=_CHANGED,
)
async def end_residency(
    residency_id: UUID, version: Annotated[int, IfMatch()], by: _Lead, tx: Tx, now: Now, response: Response
) -> ResidencyView:
    """팀이 기업을 떠납니다. The team leaves the firm."""
    await commands.end_residency(tx, residency_id, version=version, by=by, now=now)
    return await _answered(tx, residency_id, response, by=by)


@routes.get("/v1/residencies", operation_id="listResidencies", summary="상주 목록 (Residencies)")
async def list_residencies(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    state: ResidencyState | None = None,
    team_id: UUID | None = None,
    municipality_code: str | None = None,
    project_id: UUID | None = None,
    from_day: Annotated[
        date | None, Query(description="Its weeks are not over before this day, or the team is still there.")
    ] = None,
    until_day: Annotated[date | None, Query(description="Its weeks begin on this day or earlier.")] = None,
) -> Page[ResidencyView]:
    """A municipality sees those of its firms, a firm and a mentor their own; everybody else sees all."""
    return await queries.list_residencies(
        tx,
        page,
        state=state,
        team_id=team_id,
        municipality_code=municipality_code,
        project_id=project_id,
        days=(from_day, until_day),
        by=by,
    )


@routes.get(
    "/v1/residencies/{residency_id}",
    operation_id="getResidency",
    summary="상주 조회 (One residency)",
    responses=problem_responses(ResidencyUnknown),
)
async def get_residency(residency_id: UUID, by: _Reader, tx: Tx, response: Response) -> ResidencyView:
    """어느 팀이 언제 어느 과제에 상주하는지, 지금 어떤 상태인지. Who resides where and when, and how it stands."""
    return await _answered(tx, residency_id, response, by=by)


async def _answered(tx: Tx, residency_id: UUID, response: Response, *, by: Principal) -> ResidencyView:
    view = await queries.get_residency(tx, residency_id, by=by)
    etag(response, view.version)
    return view
