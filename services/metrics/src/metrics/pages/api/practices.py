"""Published good practices, for everybody."""

from typing import Annotated, cast

from fastapi import Request, Response

from common.auth import Principal
from common.errors import Text
from common.web import Now, PageQuery, Tx, anyone
from common.web.language import say
from common.web.runtime import runtime_of
from metrics.outcomes.queries.definitions import read_definitions
from metrics.pages.api.routing import language_of
from metrics.pages.api.shell import page, routes
from metrics.pages.domain.practice_words import PracticeWords
from metrics.practices.queries.cases import PracticeFilter
from metrics.practices.queries.criteria import PracticeCodesView, read_criteria
from metrics.practices.queries.published import list_published
from metrics.settings import Settings


@routes.get("/practices", operation_id="showPractices")
async def show_practices(
    request: Request, by: Annotated[Principal | None, anyone()], tx: Tx, now: Now, turn: PageQuery
) -> Response:
    """The newest nomination first, some to a page."""
    minimum = cast("Settings", runtime_of(request).settings).small_cell_minimum
    wanted = PracticeFilter(municipality_code=None, process=None, technology=None)
    cases = await list_published(tx, turn, wanted, minimum=minimum)
    criteria, language = read_criteria(now), language_of(request)

    def named(codes: PracticeCodesView) -> dict[str, str]:
        return {each.code: say(Text(each.ko, each.en), language) for each in codes.codes}

    return page(
        request,
        "practices.html",
        PracticeWords,
        reader=by,
        now=now,
        cases=cases,
        kpis={each.code: say(Text(each.ko, each.en), language) for each in read_definitions(now).kpis},
        sectors=named(criteria.sectors),
        sizes=named(criteria.size_bands),
        processes=named(criteria.processes),
        technologies=named(criteria.technologies),
    )
