"""Pages that are made of what other services answer: they show what came, and say what did not."""

from collections.abc import Iterable
from typing import Any

from fastapi import Request, Response

from common.auth import Principal
from common.errors import Text
from common.web.language import say
from metrics.dossiers.queries.naming import PHASES, named, names
from metrics.neighbours.queries import Away
from metrics.pages.api.routing import LANGUAGE, language_of
from metrics.pages.api.shell import in_language, page
from metrics.pages.domain.figures import exact_won
from metrics.pages.domain.missing_words import MissingWords
from metrics.pages.domain.shares import share


def gathered(
    request: Request,
    template: str,
    words: type,
    *,
    away: Iterable[object],
    reader: Principal | None = None,
    status: int = 200,
    **handed: Any,  # noqa: ANN401  what the template shows
) -> Response:
    """Draw a page; of the replies in `away` those that are none are told of, each service once.

    Its template finds `m` for that, `say` for a text that is not among its words (`names` and `named` are those for the
    services' codes), `exact` and `share` for won and parts of a whole, and `kept_language` for its forms.
    """
    language = language_of(request)

    def in_words(text: Text) -> str:
        return say(text, language)

    missing = {each.of: each for each in away if isinstance(each, Away)}
    return page(
        request,
        template,
        words,
        reader=reader,
        status=status,
        m=in_language(MissingWords, language),
        say=in_words,
        names=names,
        named=named,
        phases=PHASES,
        share=share,
        exact=lambda value: exact_won(value, language),
        away=list(missing.values()),
        kept_language=request.query_params.get(LANGUAGE),
        **handed,
    )
