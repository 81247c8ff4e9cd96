"""What makes a route a page: it may be asked for in a language, its answer is policed, and its refusal is a page too.

A page is a guarded route like any other (who may see it, one transaction, no parameter that nobody knows) and no part
of the API: it stands in no OpenAPI document and may change as people need it.
"""

import json
from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from common.errors import Text
from common.web import kinds
from common.web.kinds import FieldFault, Refused
from common.web.language import Language, preferred
from common.web.routes import GuardedRoute

LANGUAGE = "lang"
POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # Not `no-referrer`: a browser would then send its forms with `Origin: null`, and nobody could tell whose they are.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

_LANGUAGES = frozenset({"ko", "en"})
_OTHER_LANGUAGE = Text(
    "화면의 언어는 `ko`와 `en` 가운데 하나입니다.", "A page speaks one of two languages: `ko` or `en`."
)

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_RefusalPage = Callable[[Request, dict[str, Any], int], Response]


class PageRoute(GuardedRoute):
    """One page; made by `page_router`."""

    refusal_page: _RefusalPage

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401  FastAPI's own
        super().__init__(path, endpoint, **{**options, "include_in_schema": False, "response_class": HTMLResponse})
        self.parameters |= {LANGUAGE}

    def get_route_handler(self) -> _Handler:
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            asked = _in_asked_language(request)
            try:
                _refuse_other_languages(asked)
                response = await inner(asked)
            except Exception as error:  # noqa: BLE001  whatever it is, a browser is told so by a page
                response = await self._told(asked, error)
            for name, value in POLICY.items():
                response.headers.setdefault(name, value)
            return response

        return answer

    async def _told(self, request: Request, error: Exception) -> Response:
        """The problem that the error is everywhere, as a page where a browser asks."""
        handlers = request.app.exception_handlers
        handler = next((handlers[kind] for kind in type(error).__mro__ if kind in handlers), None)
        if handler is None:
            raise error
        problem = cast("Response", await handler(request, error))
        if not reads_html(request):
            return problem
        page = type(self).refusal_page(request, json.loads(bytes(problem.body)), problem.status_code)
        kept = {name: value for name, value in problem.headers.items() if not name.startswith("content-")}
        page.headers.update(kept)
        return page


def page_router(refusal_page: _RefusalPage) -> APIRouter:
    """A router of pages that tell what was refused by this function."""
    made = type("RefusingPageRoute", (PageRoute,), {"refusal_page": staticmethod(refusal_page)})
    return APIRouter(route_class=made, tags=["pages"])


def reads_html(request: Request) -> bool:
    """Whether who asks is a browser, or says to be one."""
    return "text/html" in request.headers.get("accept", "")


def language_of(request: Request) -> Language:
    """The language to answer in: of `?lang=`, or else what the reader prefers."""
    return preferred(request.headers.get("accept-language"))


def _in_asked_language(request: Request) -> Request:
    """The request as one that prefers the language of its address, so that every word follows it."""
    asked = request.query_params.get(LANGUAGE)
    if asked not in _LANGUAGES:
        return request
    others = [(name, value) for name, value in request.scope["headers"] if name != b"accept-language"]
    scope = {**request.scope, "headers": [*others, (b"accept-language", asked.encode())]}
    return Request(scope, request.receive)


def _refuse_other_languages(request: Request) -> None:
    asked = request.query_params.getlist(LANGUAGE)
    if len(asked) > 1 or not _LANGUAGES.issuperset(asked):
        fault = FieldFault(place="query", code="unknown-language", detail=_OTHER_LANGUAGE, name=LANGUAGE)
        raise Refused(kinds.INPUT_INVALID, errors=[fault])
