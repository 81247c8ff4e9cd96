"""The frame of every page: `routes` to put it on, and `page` to draw it with.

    @routes.get("/gauge", operation_id="showGauge")
    async def show_gauge(request: Request, by: Annotated[Principal | None, anyone()], now: Now) -> Response:
        return page(request, "gauge.html", GaugeWords, gauge=await gauges_of(request).of_day(None, now=now), now=now)

A template extends `frame.html` and finds `w` (its own words in the reader's language), `s` (the frame's), `f` (how
numbers, won, days and links are written) and what it was handed.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from common.acting import Acting
from common.auth import Principal
from common.db import Transaction
from common.errors import Text
from common.web.language import Language, say
from common.web.methods import route_path
from common.web.problems import come_again
from common.web.runtime import runtime_of
from contracts.roles import PARKED_EVENT_READERS
from metrics.pages.api import assets
from metrics.pages.api.browser import (
    SESSION,
    address_of,
    cookie_of,
    drop_cookie,
    form_of,
    is_ours,
    signed_in_of,
)
from metrics.pages.api.kept import keep_form, whose
from metrics.pages.api.routing import AnswerRoute, FormRoute, PageRoute, language_of, page_router
from metrics.pages.api.writing import Writing
from metrics.pages.domain.role_words import ROLE_NAMES, SOURCE_NAMES
from metrics.pages.domain.shell_words import NAVIGATION, RefusalWords, ShellWords
from metrics.pages.domain.sign_in_words import (
    ForeignFormWords,
    FormKeptIssuerAwayWords,
    FormKeptWords,
    IssuerAwayWords,
    SomebodyElsesFormWords,
)
from metrics.rotas import queries as rotas
from metrics.sessions.api import sessions_of
from metrics.today.queries.day import READERS

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parents[2] / "page_templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_TEMPLATES.globals["asset"] = assets.address_of


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
        signed_in=signed_in_of(request),
        sign_in_way=sign_in_address(request),
        today_roles=READERS,
        mentor_roles=rotas.READERS,
        operation_roles=PARKED_EVENT_READERS,
        role_name=lambda role: say(ROLE_NAMES[role], language),
        source_name=lambda source: say(SOURCE_NAMES[source], language),
        navigation=[(path, say(name, language)) for path, name in NAVIGATION],
        **handed,
    )
    return HTMLResponse(body, status_code=status, headers={"Content-Language": language})


@cache
def in_language(words: type, language: Language) -> SimpleNamespace:
    """A catalogue's sentences in one language, by name."""
    found = {name: text for name, text in vars(words).items() if isinstance(text, Text)}
    return SimpleNamespace(**{name: say(text, language) for name, text in found.items()})


def reading(request: Request, by: Principal | None) -> AbstractAsyncContextManager[Transaction]:
    """Open a transaction of the reader's, for a page that has waited before for what everybody waits for."""
    return runtime_of(request).database.transaction(read_only=True, acting=Acting.of(by))


def notice(request: Request, words: type, *, way: str, status: int = 200, follow: bool = False) -> Response:
    """A page that says one thing and leads on; with `follow` the browser goes there by itself."""
    response = page(request, "notice.html", words, status=status, way=way)
    if follow:
        response.headers["Refresh"] = f"0; url={way}"
    return response


def issuer_away(request: Request) -> Response:
    """Nobody can sign in now."""
    return _away(notice(request, IssuerAwayWords, way=sign_in_address(request), status=503))


def _away(response: Response) -> Response:
    response.headers["Retry-After"] = come_again()
    return response


def _refusal(request: Request, problem: dict[str, Any], status: int) -> Response:
    return page(request, "refusal.html", RefusalWords, status=status, problem=problem)


async def _foreign_form(request: Request, form: Mapping[str, str]) -> Response:
    """Of another site nothing is kept. Of an earlier session it is for whom the form was given to."""
    owner = await keep_form(request, form) if is_ours(request) else None
    if owner is None:
        return notice(request, ForeignFormWords, way="/", status=403)
    if owner == whose(request):
        # The same person has signed in anew meanwhile, in another window perhaps: they look at it and send it again.
        return RedirectResponse(address_of(request), 303)
    return notice(request, SomebodyElsesFormWords, way="/", status=403)


async def _late_form(request: Request) -> Response:
    """A form that comes when nobody is signed in: it waits, and its person is told so.

    By a page with a link: browsers follow a form to no other host, and the issuer is one.
    """
    if not is_ours(request) or await keep_form(request, await form_of(request)) is None:
        return notice(request, ForeignFormWords, way="/", status=403)
    if request.state.issuer_away:
        return _away(notice(request, FormKeptIssuerAwayWords, way=sign_in_address(request), status=503))
    return notice(request, FormKeptWords, way=sign_in_address(request), status=401)


async def _way_in(request: Request) -> Response:
    """To the issuer, and then back here; a form is not sent again by itself, its page is opened anew."""
    if route_path(request) == "/sign-out":
        response = RedirectResponse("/signed-out", 303)
        browser_id = cookie_of(request, SESSION)
        if browser_id and is_ours(request):
            # Whose token ended while the issuer is away is nobody for now, and would be somebody again when it is back.
            await sessions_of(request).end(browser_id)
            drop_cookie(request, response, SESSION)
        return response
    if request.method == "POST":
        return await _late_form(request)
    return issuer_away(request) if request.state.issuer_away else RedirectResponse(sign_in_address(request), 303)


def sign_in_address(request: Request) -> str:
    """Of signing in and coming back to this page; to the front page from those that are of the sign-in itself."""
    if route_path(request) in {"/sign-in", "/signed-in", "/signed-out", "/sign-out", "/no-such-page"}:
        return "/sign-in"
    return f"/sign-in?{urlencode({'next': address_of(request)})}"


_ANSWERS: dict[str, Callable[..., Any]] = {"refusal_page": _refusal, "way_in": _way_in}
routes = page_router(PageRoute, **_ANSWERS)
answers = page_router(AnswerRoute, **_ANSWERS)
forms = page_router(FormRoute, **_ANSWERS, foreign_form=_foreign_form)
