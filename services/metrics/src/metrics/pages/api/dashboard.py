"""The front page: where the programme stands, for everybody."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Request, Response

from common.auth import Principal
from common.clock import KST
from common.web import Now, anyone
from metrics.gauge.api import gauges_of
from metrics.money.queries import PublicMoney, read_public_money
from metrics.pages.api.shell import page, reading, routes
from metrics.pages.domain.charts import gauge_bar
from metrics.pages.domain.dashboard_words import DashboardWords
from metrics.pages.domain.places import tiles
from metrics.pages.domain.role_words import SOURCE_NAMES

_YEARS_SHOWN = 3


@routes.get("/", operation_id="showDashboard")
async def show_dashboard(request: Request, by: Annotated[Principal | None, anyone()], now: Now) -> Response:
    """The target of 300 and the fourteen municipalities, with small cells withheld, and what each source gives."""
    gauge = await gauges_of(request).of_day(None, now=now)
    this_year = now.astimezone(KST).year
    async with reading(request, by) as tx:
        years = [
            await read_public_money(tx, fiscal_year=year) for year in range(this_year - _YEARS_SHOWN + 1, this_year + 1)
        ]
    sources = _sources(years)
    money = [(each, _amounts(each, sources)) for each in reversed(years) if each.by_source]
    target = gauge.target
    return page(
        request,
        "dashboard.html",
        DashboardWords,
        reader=by,
        now=now,
        gauge=gauge,
        bar=gauge_bar([gauge.counted, gauge.agreed], target=target.target_total, plan=target.plan_total),
        sources=sources,
        money=[(year, amounts, gauge_bar(amounts, target=year.budgeted_won, plan=None)) for year, amounts in money],
        tiles=tiles({cell.municipality_code: cell.counted for cell in gauge.municipalities}),
    )


def _sources(money: Sequence[PublicMoney]) -> list[str]:
    """Those that give anything, in the order in which people name them."""
    giving = {budget.source for year in money for budget in year.by_source}
    return [source for source in SOURCE_NAMES if source in giving]


def _amounts(year: PublicMoney, sources: Sequence[str]) -> list[int]:
    by_source = {budget.source: budget.budgeted_won for budget in year.by_source}
    return [by_source.get(source, 0) for source in sources]
