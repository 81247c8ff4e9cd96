"""Outcomes beside what others published: percent with percent, points with points."""

from typing import Annotated

from fastapi import Request, Response

from common.auth import Principal
from common.errors import Text
from common.web import Now, anyone
from common.web.language import say
from metrics.outcomes.api import publications_of
from metrics.outcomes.queries.benchmarks import read_benchmarks_after
from metrics.outcomes.queries.definitions import read_definitions
from metrics.outcomes.queries.proofs import WaveAfter
from metrics.pages.api.routing import language_of
from metrics.pages.api.shell import page, routes
from metrics.pages.domain.outcome_words import OutcomeWords


@routes.get("/outcomes", operation_id="showOutcomes")
async def show_outcomes(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    now: Now,
    wave: WaveAfter = WaveAfter.COMPLETION,
) -> Response:
    """A wave's published medians, measure by measure, with method, numbers of firms and caveats."""
    panel = await read_benchmarks_after(publications_of(request), wave, now=now)
    definitions, language = read_definitions(now), language_of(request)
    return page(
        request,
        "outcomes.html",
        OutcomeWords,
        reader=by,
        now=now,
        panel=panel,
        waves=list(WaveAfter),
        method=definitions.method,
        kpis={each.code: say(Text(each.ko, each.en), language) for each in definitions.kpis},
        comparators={each.code: say(Text(each.ko, each.en), language) for each in panel.comparators},
    )
