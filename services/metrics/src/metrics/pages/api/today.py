"""The officer's day: deadlines, seats that nobody holds, money that lapses, and what can be done about each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from common.auth import Principal
from common.db import Transaction
from common.web import Now, Tx, allowed
from metrics.pages.api.shell import notice, page, routes
from metrics.pages.domain.today_words import ExtraCallGoneWords, ExtraCallWords, TodayWords
from metrics.today.queries.actions import TodayAction
from metrics.today.queries.day import READERS, Today, area_of, read_today
from metrics.today.queries.seats import SeatMoney, UnusedSeatLine

_MOST_SHOWN = 50
_MOST_SEARCHED = 200


@routes.get("/today", operation_id="showToday")
async def show_today(request: Request, by: Annotated[Principal, allowed(*READERS)], tx: Tx, now: Now) -> Response:
    """The province's, or one municipality's own."""
    day = await read_today(tx, now=now, by=by, municipality_code=area_of(by), most=_MOST_SHOWN)
    return page(
        request,
        "today.html",
        TodayWords,
        reader=by,
        now=now,
        day=day,
        area=area_of(by),
        lapsing=_lapsing(day),
    )


@routes.get("/today/extra-call", operation_id="showExtraCall")
async def show_extra_call(
    request: Request,
    by: Annotated[Principal, allowed(*READERS)],
    tx: Tx,
    now: Now,
    call: UUID,
    type_code: Annotated[str, Query(alias="type", pattern="^[A-Z][A-Z0-9_]{0,15}$")],
    municipality: Annotated[str, Query(pattern="^[0-9]{5}$")],
) -> Response:
    """The draft for one line of unused seats, as it is offered now."""
    found = await offered(tx, by, now=now, line=(call, type_code, municipality))
    if found is None:
        return notice(request, ExtraCallGoneWords, way="/today", status=404)
    line, action = found
    return page(request, "extra_call.html", ExtraCallWords, reader=by, now=now, line=line, action=action)


Line = tuple[UUID, str, str]
"""A call, a type and a municipality."""


async def offered(
    tx: Transaction, by: Principal, *, now: datetime, line: Line
) -> tuple[UnusedSeatLine, TodayAction] | None:
    """The line with its offer of an extra call, if there is one now and the reader may see it."""
    day = await read_today(tx, now=now, by=by, municipality_code=area_of(by), most=_MOST_SEARCHED)
    for each in day.unused_seats.rows:
        if (each.call_id, each.type_code, each.municipality_code) == line and each.actions:
            return each, each.actions[0]
    return None


def _lapsing(day: Today) -> list[tuple[str, SeatMoney]]:
    """Each budget line once, with its track: the soonest to lapse first, a municipality's own before a shared one."""
    found: Mapping[tuple[str, str, str | None], SeatMoney] = {
        (line.track, money.source, money.municipality_code): money
        for line in day.unused_seats.rows
        for money in line.money
        if money.left_won
    }
    return sorted(
        ((track, money) for (track, _, _), money in found.items()),
        key=lambda each: (
            each[1].lapses_on,
            each[1].municipality_code is None,
            each[1].municipality_code or "",
            each[1].source,
        ),
    )
