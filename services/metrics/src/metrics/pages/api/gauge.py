"""The page behind the target: who counts and by which rule, by track and municipality."""

from typing import Annotated, cast

from fastapi import Request, Response

from common.auth import Principal
from common.web import Now, Tx, anyone
from common.web.runtime import runtime_of
from metrics.gauge.queries import read_public_gauge
from metrics.pages.api.shell import page, routes
from metrics.pages.domain.gauge_words import GaugeWords
from metrics.settings import Settings

_TOLD_BY_LINE = ("completed", "counted")


@routes.get("/gauge", operation_id="showGauge")
async def show_gauge(request: Request, by: Annotated[Principal | None, anyone()], tx: Tx, now: Now) -> Response:
    """Every stage in all, and what was completed by track and by municipality, as everybody may see it."""
    settings = cast("Settings", runtime_of(request).settings)
    gauge = await read_public_gauge(tx, as_of=None, now=now, minimum=settings.small_cell_minimum)
    return page(request, "gauge.html", GaugeWords, reader=by, now=now, gauge=gauge, stages=_TOLD_BY_LINE)
