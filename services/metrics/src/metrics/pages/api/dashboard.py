"""The front page: where the programme stands, for everybody."""

from typing import Annotated, cast

from fastapi import Request, Response

from common.auth import Principal
from common.web import Now, Tx, anyone
from common.web.runtime import runtime_of
from metrics.gauge.queries import read_public_gauge
from metrics.pages.api.shell import page, routes
from metrics.pages.domain.charts import gauge_bar
from metrics.pages.domain.dashboard_words import DashboardWords
from metrics.pages.domain.places import tiles
from metrics.settings import Settings


@routes.get("/", operation_id="showDashboard")
async def show_dashboard(request: Request, by: Annotated[Principal | None, anyone()], tx: Tx, now: Now) -> Response:
    """The target of 300 and the fourteen municipalities, with small cells withheld."""
    settings = cast("Settings", runtime_of(request).settings)
    gauge = await read_public_gauge(tx, as_of=None, now=now, minimum=settings.small_cell_minimum)
    target = gauge.target
    return page(
        request,
        "dashboard.html",
        DashboardWords,
        reader=by,
        now=now,
        gauge=gauge,
        bar=gauge_bar([gauge.counted, gauge.agreed], target=target.target_total, plan=target.plan_total),
        tiles=tiles({cell.municipality_code: cell.counted for cell in gauge.municipalities}),
    )
