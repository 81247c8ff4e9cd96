"""Sessions and improvement items over HTTP: mentors record, the firm confirms and agrees, the others read."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Tx, allowed, etag, problem_responses, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from mentoring.residencies.commands import ResidencyUnknown
from mentoring.visits import commands, queries
from mentoring.visits.domain import (
    ItemNotInState,
    ItemStale,
    ItemUnknown,
    NotAtTheFirm,
    NotOfTheTeam,
    SessionConfirmed,
    SessionStale,
    SessionUnknown,
    SuspendedThen,
)
from mentoring.visits.queries import ItemView, SessionView, VisitsView

routes = router(tags=["visits"])

_Mentor = Annotated[Principal, allowed(Role.MENTOR, Role.MENTOR_LEAD)]
_Firm = Annotated[Principal, allowed(*sorted(COMPANY_ROLES))]
_Reader = Annotated[
    Principal,
    allowed(
        Role.MENTOR,
        Role.MENTOR_LEAD,
        Role.TECHNOPARK_OPERATOR,
        Role.AUDITOR,
        *sorted(PROVINCE_ROLES),
        *sorted(MUNICIPALITY_ROLES),
        *sorted(COMPANY_ROLES),
    ),
]
_Version = Annotated[int, IfMatch()]
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_ITEM_ANSWERS = problem_responses(ItemUnknown, ItemStale, ItemNotInState)


class RecordSession(Body):
    """Who of the team was at the firm, when, for how long and where."""

    held_on: date
    minutes: int = Field(ge=1, le=1440)
    place: commands.Place
    mentor_ids: list[UUID] = Field(min_length=1, max_length=10)


class FindItem(Body):
    """What it is to improve, and the hash of the evidence of how it looks."""

    kpi: commands.Kpi
    before_sha256: _Sha256


class CloseItem(Body):
    """The hash of the evidence of how it looks now."""

    after_sha256: _Sha256


class RejectItem(Body):
    """Why the firm does not want it done."""

    reason: commands.RejectReason


@routes.post(
    "/v1/residencies/{residency_id}/sessions",
    status_code=201,
    operation_id="recordSession",
    summary="멘토 방문 기록 (Record a session)",
    responses=problem_responses(ResidencyUnknown, NotAtTheFirm, SuspendedThen, NotOfTheTeam),
)
async def record_session(
    residency_id: UUID, body: RecordSession, by: _Mentor, tx: Tx, now: Now, response: Response
) -> SessionView:
    """기업이 확인하면 노하우 지원 시간으로 인정됩니다. Once the firm confirms it, its hours are know-how in kind."""
    session_id = await commands.record_session(
        tx,
        residency_id,
        held_on=body.held_on,
        minutes=body.minutes,
        place=body.place,
        mentor_ids=body.mentor_ids,
        by=by,
        now=now,
    )
    return await _session(tx, session_id, response)


@routes.post(
    "/v1/mentor-sessions/{session_id}/confirmations",
    status_code=201,
    operation_id="confirmSession",
    summary="멘토 방문 확인 (Confirm a session)",
    responses=problem_responses(SessionUnknown, SessionStale, SessionConfirmed),
)
async def confirm_session(
    session_id: UUID, version: _Version, by: _Firm, tx: Tx, now: Now, response: Response
) -> SessionView:
    """기업이 방문 사실을 확인합니다. The firm says that the mentors were there."""
    await commands.confirm_session(tx, session_id, version=version, by=by, now=now)
    return await _session(tx, session_id, response)


@routes.post(
    "/v1/residencies/{residency_id}/improvement-items",
    status_code=201,
    operation_id="findItem",
    summary="개선 과제 발굴 (Find an improvement item)",
    responses=problem_responses(ResidencyUnknown, NotAtTheFirm),
)
async def find_item(residency_id: UUID, body: FindItem, by: _Mentor, tx: Tx, now: Now, response: Response) -> ItemView:
    """상주 중에 찾은 개선 과제를 적습니다. What the team found while it is there."""
    item_id = await commands.find_item(tx, residency_id, kpi=body.kpi, before_sha256=body.before_sha256, by=by, now=now)
    return await _item(tx, item_id, response)


@routes.post(
    "/v1/improvement-items/{item_id}/agreements",
    status_code=201,
    operation_id="agreeItem",
    summary="개선 과제 동의 (Agree to an item)",
    responses=_ITEM_ANSWERS,
)
async def agree_item(item_id: UUID, version: _Version, by: _Firm, tx: Tx, now: Now, response: Response) -> ItemView:
    """기업이 추진에 동의합니다. The firm wants it done."""
    await commands.agree_item(tx, item_id, version=version, by=by, now=now)
    return await _item(tx, item_id, response)


@routes.post(
    "/v1/improvement-items/{item_id}/beginnings",
    status_code=201,
    operation_id="beginItem",
    summary="개선 과제 착수 (Begin an item)",
    responses=_ITEM_ANSWERS,
)
async def begin_item(item_id: UUID, version: _Version, by: _Mentor, tx: Tx, now: Now, response: Response) -> ItemView:
    """동의한 과제를 시작합니다. What was agreed is worked on."""
    await commands.begin_item(tx, item_id, version=version, by=by, now=now)
    return await _item(tx, item_id, response)


@routes.post(
    "/v1/improvement-items/{item_id}/closings",
    status_code=201,
    operation_id="closeItem",
    summary="개선 과제 완료 (Close an item)",
    responses=_ITEM_ANSWERS,
)
async def close_item(
    item_id: UUID, body: CloseItem, version: _Version, by: _Mentor, tx: Tx, now: Now, response: Response
) -> ItemView:
    """개선 후 증빙과 함께 완료합니다. Done, with the evidence of how it looks now."""
    await commands.close_item(tx, item_id, after_sha256=body.after_sha256, version=version, by=by, now=now)
    return await _item(tx, item_id, response)


@routes.post(
    "/v1/improvement-items/{item_id}/rejections",
    status_code=201,
    operation_id="rejectItem",
    summary="개선 과제 제외 (Reject an item)",
    responses=_ITEM_ANSWERS,
)
async def reject_item(
    item_id: UUID, body: RejectItem, version: _Version, by: _Firm, tx: Tx, now: Now, response: Response
) -> ItemView:
    """기업이 추진하지 않기로 합니다. The firm does not want it done."""
    await commands.reject_item(tx, item_id, body.reason, version=version, by=by, now=now)
    return await _item(tx, item_id, response)


@routes.get(
    "/v1/residencies/{residency_id}/visits",
    operation_id="getVisits",
    summary="상주 활동 조회 (What a team did at a firm)",
    responses=problem_responses(ResidencyUnknown),
)
async def get_visits(residency_id: UUID, by: _Reader, tx: Tx) -> VisitsView:
    """방문 기록, 개선 과제, 노하우 지원 시간. Sessions, items, and know-how in kind."""
    return await queries.get_visits(tx, residency_id, by=by)


async def _session(tx: Tx, session_id: UUID, response: Response) -> SessionView:
    view = await queries.get_session(tx, session_id)
    etag(response, view.version)
    return view


async def _item(tx: Tx, item_id: UUID, response: Response) -> ItemView:
    view = await queries.get_item(tx, item_id)
    etag(response, view.version)
    return view
