"""The mentors' rota: who is at which firm in which weeks, as far as the mentoring service tells its reader."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Query, Request, Response

from common.auth import Principal
from common.clock import KST
from common.web import Now, allowed
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.neighbours.queries import asking_for_reader
from metrics.pages.api.gathering import gathered
from metrics.pages.api.shell import routes
from metrics.pages.domain.mentor_words import TROUBLES, MentorWords
from metrics.pages.domain.weeks import Axis
from metrics.rotas.queries import READERS, monday_of, read_rota

_WEEKS, _STEP, _BEFORE = 26, 13, 4
_FIRST, _LAST = date(2000, 1, 3), date(2100, 1, 4)
_SEE_PROJECTS = frozenset({*PROVINCE_ROLES, *MUNICIPALITY_ROLES, Role.TECHNOPARK_OPERATOR, Role.AUDITOR})
_COLOURS = {"ASSIGNED": 2, "ACCEPTED": 1, "STARTED": 0}
_OVER = 3
_SHOWN, _NOBODY_KNOWS = 200, 503


@routes.get("/mentors", operation_id="showMentors")
async def show_mentors(
    request: Request,
    by: Annotated[Principal, allowed(*READERS)],
    now: Now,
    wanted: Annotated[date | None, Query(alias="from", ge=_FIRST, le=_LAST)] = None,
) -> Response:
    """Half a year of the calendar, from a month ago unless a day is named, by whole weeks."""
    today = now.astimezone(KST).date()
    first = monday_of(wanted or max(_FIRST, today - timedelta(weeks=_BEFORE)))
    rota = await read_rota(asking_for_reader(request), first=first, weeks=_WEEKS, today=today)
    return gathered(
        request,
        "mentors.html",
        MentorWords,
        away=rota.away,
        reader=by,
        status=_NOBODY_KNOWS if rota.away else _SHOWN,
        now=now,
        rota=rota,
        axis=Axis(rota.first, rota.ends_before),
        last=rota.ends_before - timedelta(days=1),
        today=today,
        earlier=_step(first, -_STEP),
        later=_step(first, _STEP),
        moved=wanted is not None,
        colour_of=lambda state: _COLOURS.get(state, _OVER),
        troubles=TROUBLES,
        sees_projects=by.role in _SEE_PROJECTS,
    )


def _step(first: date, weeks: int) -> str | None:
    """The day to begin at so many weeks earlier or later; none where the calendar ends."""
    day = first + timedelta(weeks=weeks)
    return day.isoformat() if _FIRST <= day <= _LAST else None
