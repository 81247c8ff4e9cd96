"""The page behind the target: who counts and by which rule, by track and municipality."""

from typing import Annotated

from fastapi import Request, Response

from common.auth import Principal
from common.web import Now, anyone
from metrics.gauge.api import gauges_of
from metrics.gauge.queries import Gauge, read_gauge
from metrics.pages.api.shell import page, reading, routes
from metrics.pages.domain.gauge_words import GaugeWords
from metrics.today.queries.day import READERS, area_of

_TOLD_BY_LINE = ("completed", "counted")
_TOLD_WHOLE = ("planned", "agreed", "completed", "in_use", "withdrawn", "terminated", "counted")
_MOST_SHOWN = 50


@routes.get("/gauge", operation_id="showGauge")
async def show_gauge(request: Request, by: Annotated[Principal | None, anyone()], now: Now) -> Response:
    """Every stage in all, and what was completed by track and by municipality, as everybody may see it.

    Whoever may read the whole gauge finds all of it below: a municipality its own.
    """
    gauge = await gauges_of(request).of_day(None, now=now)
    whole: Gauge | None = None
    if by is not None and by.role in READERS:
        async with reading(request, by) as tx:
            whole = await read_gauge(tx, as_of=None, now=now, municipality_code=area_of(by))
    return page(
        request,
        "gauge.html",
        GaugeWords,
        reader=by,
        now=now,
        gauge=gauge,
        whole=whole,
        stages=_TOLD_BY_LINE,
        every_stage=_TOLD_WHOLE,
        most=_MOST_SHOWN,
    )
