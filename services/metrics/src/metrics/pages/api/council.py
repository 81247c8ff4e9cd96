"""The report to a council: one municipality's, on paper or screen, for whoever may read each of its parts."""

from typing import Annotated, cast

from fastapi import Path, Query, Request, Response

from common.auth import Principal
from common.errors import Text
from common.web import Now, allowed, kinds
from common.web.kinds import Refused
from common.web.language import say
from common.web.runtime import runtime_of
from metrics.council.queries import Asked, municipalities_for, read_report, this_year
from metrics.outcomes.api import publications_of
from metrics.outcomes.queries.aggregates import Dimension
from metrics.outcomes.queries.benchmarks import read_benchmarks_after
from metrics.outcomes.queries.definitions import read_definitions
from metrics.outcomes.queries.proofs import WaveAfter
from metrics.pages.api.routing import language_of
from metrics.pages.api.shell import in_language, page, reading, routes
from metrics.pages.domain.council_words import CouncilListWords, CouncilWords
from metrics.pages.domain.outcome_words import OutcomeWords
from metrics.pages.domain.shares import share
from metrics.pages.domain.today_words import TodayWords
from metrics.settings import Settings
from metrics.today.queries.day import READERS

_STAGES = ("planned", "agreed", "completed", "in_use", "withdrawn", "terminated", "counted")
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


@routes.get("/reports/council", operation_id="showCouncilReports")
async def show_council_reports(request: Request, by: Annotated[Principal, allowed(*READERS)]) -> Response:
    """The municipalities whose report the reader may open."""
    return page(request, "council_reports.html", CouncilListWords, reader=by, municipalities=municipalities_for(by))


@routes.get("/reports/council/{municipality}", operation_id="showCouncilReport")
async def show_council_report(
    request: Request,
    municipality: Annotated[str, Path(pattern="^[0-9]{5}$")],
    by: Annotated[Principal, allowed(*READERS)],
    now: Now,
    fiscal_year: Annotated[int | None, Query(ge=_FIRST_YEAR, le=_LAST_YEAR)] = None,
    wave: WaveAfter = WaveAfter.COMPLETION,
) -> Response:
    """Gauge, money and burdens of a year, outcomes of a survey beside the benchmarks, and what is open."""
    if municipality not in municipalities_for(by):
        raise Refused(kinds.ROUTE_NOT_FOUND)
    asked = Asked(municipality, fiscal_year or this_year(now), wave)
    panel = await read_benchmarks_after(publications_of(request), wave, now=now)
    async with reading(request, by) as tx:
        report = await read_report(tx, asked, by=by, now=now)
    definitions, language = read_definitions(now), language_of(request)
    return page(
        request,
        "council.html",
        CouncilWords,
        reader=by,
        now=now,
        report=report,
        panel=panel,
        own=[each for each in report.outcomes.aggregates if each.dimension is Dimension.TOTAL],
        minimum=cast("Settings", runtime_of(request).settings).small_cell_minimum,
        share=share,
        stages=_STAGES,
        years=[year for year in (asked.fiscal_year - 1, asked.fiscal_year, asked.fiscal_year + 1) if _is_year(year)],
        waves=list(WaveAfter),
        method=definitions.method,
        o=in_language(OutcomeWords, language),
        t=in_language(TodayWords, language),
        kpis={each.code: say(Text(each.ko, each.en), language) for each in definitions.kpis},
        comparators={each.code: say(Text(each.ko, each.en), language) for each in panel.comparators},
    )


def _is_year(year: int) -> bool:
    return _FIRST_YEAR <= year <= _LAST_YEAR
