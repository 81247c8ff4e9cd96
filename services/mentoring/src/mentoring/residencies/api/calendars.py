"""A team's residencies as an iCalendar feed, to subscribe to: it follows every plan and every answer (RFC 5545)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Header, Response
from icalendar import Calendar, Event

from common.auth import Principal
from common.web import Tx, allowed, problem_responses, router
from contracts.roles import PROVINCE_ROLES, Role
from contracts.types import municipality
from mentoring.matching.commands import Pause
from mentoring.residencies import queries
from mentoring.residencies.domain import ReleaseReason, ResidencyState
from mentoring.residencies.queries import ResidencyView
from mentoring.teams.commands import TeamUnknown

routes = router(tags=["residencies"])

_ICS: Final = "text/calendar"
_NOT_MODIFIED: Final = 304
_PRODUCT = "-//Jeonbuk smart-factory programme//Mentor residencies//KO"
_HOST = "mentoring.smartfactory.jeonbuk.kr"
_REFRESH = "PT1H"
_EXAMPLE = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{_PRODUCT}\r\nEND:VCALENDAR\r\n"
_STATUS = {
    ResidencyState.ASSIGNED: "TENTATIVE",
    ResidencyState.ACCEPTED: "CONFIRMED",
    ResidencyState.STARTED: "CONFIRMED",
    ResidencyState.ENDED: "CONFIRMED",
}
_CANCELLED = "CANCELLED"
# The library looks its time zones up on the disk when it first writes a moment: here, and in nobody's request.
Event().add("DTSTAMP", datetime(2024, 1, 1, tzinfo=UTC))
_KO = {"TENTATIVE": "회신 대기", "CONFIRMED": "확정", "CANCELLED": "취소"}
_RELEASED = {
    ReleaseReason.PROJECT_WITHDRAWN: "과제 철회 project withdrawn",
    ReleaseReason.AGREEMENT_TERMINATED: "협약 해지 agreement terminated",
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "RFC 5545, UTF-8",
        "content": {_ICS: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    _NOT_MODIFIED: {"description": "이전에 받은 것과 같습니다. The same as was read before."},
}


@routes.get(
    "/v1/mentor-teams/{team_id}/calendar.ics",
    operation_id="getTeamCalendarFeed",
    summary="멘토팀 상주 달력 (A team's calendar as a feed)",
    response_class=Response,
    responses={**_ANSWERS, **problem_responses(TeamUnknown)},
)
async def get_team_calendar_feed(
    team_id: UUID,
    by: Annotated[
        Principal,
        allowed(Role.SAMSUNG_CLIENT, Role.MENTOR_LEAD, Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES)),
    ],
    tx: Tx,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """재배정될 때마다 같은 주소에서 바뀐 일정을 받습니다. 취소된 상주는 취소로, 중지된 과제는 중지로 표시됩니다.

    Follows each re-match under the same address. What fell away stays in it as cancelled, or ends on the day on which
    the team left; that of a suspended project says since when.
    """
    content = _feed(team_id, *await queries.residencies_of_team(tx, team_id))
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match == tag:
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(content, media_type=f"{_ICS}; charset=utf-8", headers=headers)


def _feed(team_id: UUID, residencies: Sequence[ResidencyView], pauses: Mapping[UUID, Sequence[Pause]]) -> bytes:
    feed = Calendar()
    for name, value in (
        ("PRODID", _PRODUCT),
        ("VERSION", "2.0"),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("X-WR-CALNAME", f"멘토팀 상주 {team_id}"),
        ("X-PUBLISHED-TTL", _REFRESH),
    ):
        feed.add(name, value)
    for residency in residencies:
        feed.add_component(_event(residency, pauses.get(residency.project_id, ())))
    written: bytes = feed.to_ical()
    return written


def _event(residency: ResidencyView, pauses: Sequence[Pause]) -> Event:
    """Whole weeks of days: DTEND is the Monday after, or the day after the team had to leave before that.

    SEQUENCE grows with the residency's version and with each suspension and resumption; its UID stays.
    """
    was_there = residency.release_reason is not None and residency.ended_on is not None
    status = "CONFIRMED" if was_there else _STATUS.get(residency.state, _CANCELLED)
    rests = status != _CANCELLED and not was_there and any(each.resumed_on is None for each in pauses)
    place = municipality(residency.municipality_code, field="/municipality_code")
    said = f"{_KO[status]}, 중지 suspended" if rests else _KO[status]
    event = Event()
    event.add("UID", f"{residency.id}@{_HOST}")
    event.add("SEQUENCE", residency.version - 1 + sum(1 if each.resumed_on is None else 2 for each in pauses))
    event.add("DTSTAMP", max([residency.changed_at, *(each.changed_at for each in pauses)]))
    event.add("DTSTART", residency.first_week)
    event.add("DTEND", _ends_before(residency) if was_there else residency.ends_before)
    event.add("STATUS", "TENTATIVE" if rests else status)
    event.add("TRANSP", "OPAQUE" if status == "CONFIRMED" and not rests else "TRANSPARENT")
    event.add("SUMMARY", f"{place.ko} 상주 {residency.weeks}주 ({said}) / {place.en}")
    event.add("LOCATION", f"{place.ko} {place.en}")
    event.add("DESCRIPTION", "\n".join(_described(residency, pauses)))
    return event


def _ends_before(residency: ResidencyView) -> date:
    left = (residency.ended_on or residency.first_week) + timedelta(days=1)
    return min(left, residency.ends_before)


def _described(residency: ResidencyView, pauses: Sequence[Pause]) -> Iterator[str]:
    yield f"과제 project {residency.project_id}"
    for pause in pauses:
        until = f" ~ {pause.resumed_on}" if pause.resumed_on else " ~"
        yield f"중지 suspended {pause.suspended_on}{until} ({pause.cause})"
    if residency.release_reason is not None:
        yield _RELEASED[residency.release_reason]
