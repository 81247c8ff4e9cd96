"""The frame of every page: `routes` to put it on, and `page` to draw it with.

    @routes.get("/gauge", operation_id="showGauge")
    async def show_gauge(request: Request, by: Annotated[Principal | None, anyone()], tx: Tx, now: Now) -> Response:
        return page(request, "gauge.html", GaugeWords, gauge=await read_public_gauge(tx, ...), now=now)

A template extends `frame.html` and finds `w` (its own words in the reader's language), `s` (the frame's), `f` (how
numbers, won, days and links are written) and what it was handed.
"""

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from common.auth import Principal
from common.errors import Text
from common.web.language import Language, say
from metrics.pages.api.assets import address_of
from metrics.pages.api.routing import language_of, page_router
from metrics.pages.api.writing import Writing
from metrics.pages.domain.shell_words import NAVIGATION, RefusalWords, ShellWords

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[2] / "page_templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEMPLATES.globals["asset"] = address_of


def page(
    request: Request,
    template: str,
    words: type,
    *,
    reader: Principal | None = None,
    status: int = 200,
    **handed: Any,  # noqa: ANN401  what the template shows
) -> Response:
    """Draw a template for who asks, in the language that they asked for; `reader` is who has signed in."""
    language = language_of(request)
    f = Writing(request, language)
    body = _TEMPLATES.get_template(template).render(
        w=in_language(words, language),
        s=in_language(ShellWords, language),
        f=f,
        reader=reader,
        navigation=[(path, say(name, language)) for path, name in NAVIGATION],
        **handed,
    )
    return HTMLResponse(body, status_code=status, headers={"Content-Language": language})


@cache
def in_language(words: type, language: Language) -> SimpleNamespace:
    """A catalogue's sentences in one language, by name."""
    found = {name: text for name, text in vars(words).items() if isinstance(text, Text)}
    return SimpleNamespace(**{name: say(text, language) for name, text in found.items()})


def _refusal(request: Request, problem: dict[str, Any], status: int) -> Response:
    return page(request, "refusal.html", RefusalWords, status=status, problem=problem)


routes = page_router(_refusal)
