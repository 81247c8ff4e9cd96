"""The officer's day: deadlines, seats that nobody holds, money that lapses, and what can be done about each."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Request, Response

from common.auth import Principal
from common.web import Now, Tx, allowed
from metrics.pages.api.shell import page, routes
from metrics.pages.domain.today_words import TodayWords
from metrics.today.queries.day import READERS, Today, area_of, read_today
from metrics.today.queries.seats import SeatMoney

_MOST_SHOWN = 50


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
