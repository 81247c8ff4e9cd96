"""HTTP: site visits of a municipality to firms, on a list and as iCalendar feeds of both that follow (RFC 5545)."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Header, Path, Response
from icalendar import Calendar, Event
from pydantic import AwareDatetime, Field

from applicant.companies import queries as companies
from applicant.support import commands, queries
from applicant.support.domain import SiteVisitNotFound
from applicant.support.queries import SiteVisitView, VisitState
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, problem_responses, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import MUNICIPALITIES, municipality

routes = router(tags=["support"])

_Words = Annotated[str, Field(min_length=1, max_length=200)]
_Officer = Annotated[Principal, allowed(Role.MUNICIPALITY_OFFICER)]
_OFFICE = (*sorted(MUNICIPALITY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR)
_Reader = Annotated[Principal, allowed(*sorted(COMPANY_ROLES), *_OFFICE)]
_ICS: Final = "text/calendar"
_NOT_MODIFIED: Final = 304
_PRODUCT = "-//Jeonbuk smart-factory programme//Site visits//KO"
_CODES = frozenset(str(each.code) for each in MUNICIPALITIES)
_HOST = "applicant.smartfactory.jeonbuk.kr"
_SHOWN_FOR = timedelta(days=90)
_EXAMPLE = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_PRODUCT}\r\nEND:VCALENDAR\r\n"
# The library looks its time zones up on the disk when it first writes a moment: here, and in nobody's request.
Event().add("DTSTAMP", datetime(2024, 1, 1, tzinfo=UTC))
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "RFC 5545, UTF-8", "content": {_ICS: {"schema": {"type": "string"}, "example": _EXAMPLE}}},
    _NOT_MODIFIED: {"description": "이전에 받은 것과 같습니다. The same as was read before."},
}


class PlanSiteVisit(Body):
    """When, where and why a municipality comes to a build."""

    purpose: _Words
    place: _Words
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class MoveSiteVisit(Body):
    place: _Words
    starts_at: AwareDatetime
    ends_at: AwareDatetime


@routes.post(
    "/v1/agreements/{project_id}/site-visits",
    status_code=201,
    operation_id="planSiteVisit",
    summary="현장 방문 등록 (Plan a site visit)",
)
async def plan_site_visit(
    project_id: UUID, body: PlanSiteVisit, by: _Officer, tx: Tx, now: Now, response: Response
) -> SiteVisitView:
    """관내 과제의 현장 방문을 달력에 올립니다. Puts a visit to a build of the own area on the calendar."""
    when = _when(body)
    visit_id = await commands.plan_visit(tx, project_id, when, purpose=body.purpose, by=by, now=now)
    return with_etag(await queries.view_visit(tx, visit_id, by=by), response)


@routes.get("/v1/site-visits", operation_id="listSiteVisits", summary="현장 방문 목록 (List site visits)")
async def list_site_visits(by: _Reader, tx: Tx, page: PageQuery) -> Page[SiteVisitView]:
    """시각 순서의 현장 방문: 기업은 자기 것, 시·군은 관내. By time: a firm its own, a municipality its area's."""
    return await queries.list_visits(tx, page, by=by)


@routes.get("/v1/site-visits/{visit_id}", operation_id="getSiteVisit", summary="현장 방문 조회 (Read a site visit)")
async def get_site_visit(visit_id: UUID, by: _Reader, tx: Tx, response: Response) -> SiteVisitView:
    """방문 하나와, 변경에 필요한 ETag. One visit, with the ETag that a step needs."""
    return with_etag(await queries.view_visit(tx, visit_id, by=by), response)


@routes.post(
    "/v1/site-visits/{visit_id}/changes",
    status_code=201,
    operation_id="moveSiteVisit",
    summary="현장 방문 변경 (Move a site visit)",
)
async def move_site_visit(
    visit_id: UUID,
    body: MoveSiteVisit,
    by: _Officer,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> SiteVisitView:
    """구독한 달력에서 같은 일정이 옮겨집니다. The same entry moves in every calendar that follows it."""
    await commands.move_visit(tx, visit_id, _when(body), read_version=version, by=by, now=now)
    return with_etag(await queries.view_visit(tx, visit_id, by=by), response)


@routes.post(
    "/v1/site-visits/{visit_id}/cancellations",
    status_code=201,
    operation_id="cancelSiteVisit",
    summary="현장 방문 취소 (Cancel a site visit)",
)
async def cancel_site_visit(
    visit_id: UUID, by: _Officer, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> SiteVisitView:
    """달력에는 취소로 남습니다. It stays in the calendars, as cancelled."""
    await commands.cancel_visit(tx, visit_id, read_version=version, by=by, now=now)
    return with_etag(await queries.view_visit(tx, visit_id, by=by), response)


@routes.get(
    "/v1/municipalities/{municipality_code}/site-visits.ics",
    operation_id="getSiteVisitFeed",
    summary="시·군 현장 방문 달력 (A municipality's site visits as a calendar feed)",
    response_class=Response,
    responses={**_ANSWERS, **problem_responses(SiteVisitNotFound)},
)
async def get_site_visit_feed(
    municipality_code: Annotated[str, Path(max_length=40)],
    by: Annotated[Principal, allowed(*_OFFICE)],
    tx: Tx,
    now: Now,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """지난 90일과 앞으로의 방문을 같은 주소에서 받습니다. The last 90 days and what is ahead, ever up to date."""
    foreign = by.role in MUNICIPALITY_ROLES and by.tenant != municipality_code
    if foreign or municipality_code not in _CODES:
        raise SiteVisitNotFound
    place = municipality(municipality_code, field="/municipality_code")
    visits = await queries.visits_of(tx, municipality_code, since=now - _SHOWN_FOR)
    return _feed(f"{place.ko} 스마트공장 현장 방문 {place.en}", visits, if_none_match)


@routes.get(
    "/v1/companies/{company_id}/site-visits.ics",
    operation_id="getCompanySiteVisitFeed",
    summary="기업 현장 방문 달력 (The site visits to a firm as a calendar feed)",
    response_class=Response,
    responses={**_ANSWERS, **problem_responses(companies.CompanyNotFound)},
)
async def get_company_site_visit_feed(
    company_id: UUID,
    by: Annotated[Principal, allowed(*sorted(COMPANY_ROLES))],
    tx: Tx,
    now: Now,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """자기 기업 과제에 오는 현장 방문: 지난 90일과 앞으로의 일정이 같은 주소에서 바뀝니다.

    The visits that come to one's own builds, of all municipalities: the last 90 days and what is ahead, ever up to
    date. What moves keeps its entry, and what is called off stays as cancelled.
    """
    companies.check_own(company_id, by)
    visits = await queries.visits_to(tx, company_id, since=now - _SHOWN_FOR)
    return _feed("스마트공장 현장 방문 Site visits", visits, if_none_match)


def _when(body: PlanSiteVisit | MoveSiteVisit) -> commands.VisitTime:
    return commands.VisitTime(body.starts_at, body.ends_at, body.place)


def _feed(name: str, visits: Sequence[SiteVisitView], if_none_match: str | None) -> Response:
    content = _written(name, visits)
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match == tag:
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(content, media_type=f"{_ICS}; charset=utf-8", headers=headers)


def _written(calendar_name: str, visits: Sequence[SiteVisitView]) -> bytes:
    feed = Calendar()
    for name, value in (
        ("PRODID", _PRODUCT),
        ("VERSION", "2.0"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", calendar_name),
        ("X-PUBLISHED-TTL", "PT1H"),
    ):
        feed.add(name, value)
    for visit in visits:
        feed.add_component(_event(visit))
    written: bytes = feed.to_ical()
    return written


def _event(visit: SiteVisitView) -> Event:
    """The UID is the visit's, and SEQUENCE grows with its version."""
    event = Event()
    event.add("UID", f"{visit.id}@{_HOST}")
    event.add("SEQUENCE", visit.version - 1)
    event.add("DTSTAMP", visit.changed_at)
    event.add("DTSTART", visit.starts_at)
    event.add("DTEND", visit.ends_at)
    event.add("STATUS", "CONFIRMED" if visit.state is VisitState.PLANNED else "CANCELLED")
    event.add("SUMMARY", visit.purpose)
    event.add("LOCATION", visit.place)
    event.add("DESCRIPTION", f"과제 project {visit.project_id}")
    return event
