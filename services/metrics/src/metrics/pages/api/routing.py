"""What makes a route a page: it may be asked for in a language, its answer is policed, and its refusal is a page too.

A page is a guarded route like any other (who may see it, one transaction, no parameter that nobody knows) and no part
of the API: it stands in no OpenAPI document and may change as people need it.
"""

import json
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, cast

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from common.auth import Principal
from common.errors import Text
from common.web import kinds
from common.web.kinds import FieldFault, Refused
from common.web.language import Language, preferred
from common.web.problems import busy
from common.web.routes import GuardedRoute
from metrics.pages.api.browser import form_of, in_their_name, is_ours, is_theirs, over_https, signed_in_of

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
# A year, the least that lists of browsers ask for. Not of other hosts below ours, which are not ours to speak for.
_HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}

_LANGUAGES = frozenset({"ko", "en"})
_OTHER_LANGUAGE = Text(
    "화면의 언어는 `ko`와 `en` 가운데 하나입니다.", "A page speaks one of two languages: `ko` or `en`."
)

_log = logging.getLogger(__name__)

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_RefusalPage = Callable[[Request, dict[str, Any], int], Response]
_WayIn = Callable[[Request], Coroutine[Any, Any, Response]]
_ForeignForm = Callable[[Request, Mapping[str, str]], Coroutine[Any, Any, Response]]


class PageRoute(GuardedRoute):
    """One page; made by `page_router`."""

    refusal_page: _RefusalPage
    way_in: _WayIn
    """What a browser is answered whose person has to sign in first."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401  FastAPI's own
        super().__init__(path, endpoint, **{**options, "include_in_schema": False, "response_class": HTMLResponse})
        self.parameters |= {LANGUAGE}

    def get_route_handler(self) -> _Handler:
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            asked = _in_asked_language(request)
            try:
                _refuse_other_languages(asked)
                asked = await _signed_in(asked)
                response = await inner(asked)
            except Exception as error:  # noqa: BLE001  whatever it is, a browser is told so by a page
                response = await self._told(asked, error)
            for name, value in (POLICY | (_HTTPS_ONLY if over_https(request) else {})).items():
                response.headers.setdefault(name, value)
            return response

        return answer

    async def _told(self, request: Request, error: Exception) -> Response:
        """The problem that the error is everywhere, as a page where a browser asks; or what it is answered instead."""
        if isinstance(error, Refused) and reads_html(request):
            try:
                instead = await self._instead(request, error)
            except Exception as trouble:  # noqa: BLE001  the same
                error = busy(trouble) or trouble
            else:
                if instead is not None:
                    return instead
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

    async def _instead(self, request: Request, refused: Refused) -> Response | None:
        """What a browser is answered in place of a refusal: the way to sign in, where its person has to."""
        if refused.kind is kinds.TOKEN_MISSING and "authorization" not in request.headers:
            return await type(self).way_in(request)
        return None


class AnswerRoute(PageRoute):
    """A page that the issuer sends browsers to: what else it adds to the address is passed over (RFC 6749, 4.1.2)."""

    def _refuse_odd_parameters(self, request: Request) -> None:
        pass


class FormRoute(PageRoute):
    """What a form of a page is sent to: taken from our own pages alone, and from the session that it was given to.

    It has no transaction of its own: what it changes it asks of an API, in the person's name and under a key.
    """

    async def _answer_once(self, request: Request, inner: _Handler, caller: Principal) -> Response:  # noqa: ARG002  whose form it is, the session says
        form = await form_of(request)
        if not is_ours(request) or not is_theirs(request, form):
            _log.warning("a form was not taken: it is another site's, or another session's")
            return await type(self).foreign_form(request, form)
        request.state.form = form
        return await inner(request)

    async def _instead(self, request: Request, refused: Refused) -> Response | None:
        if refused.kind is kinds.ROLE_NOT_ALLOWED and signed_in_of(request) is not None:
            # Where somebody else has signed in since it was opened, it is not their form that would be refused.
            form = await form_of(request)
            if not is_ours(request) or not is_theirs(request, form):
                return await type(self).foreign_form(request, form)
        return await super()._instead(request, refused)

    foreign_form: _ForeignForm
    """What is answered to a form of another site, or of another session."""


def page_router(kind: type[PageRoute], **answers: Callable[..., Any]) -> APIRouter:
    """A router of pages of one kind; the functions answer what is no page: `refusal_page`, `way_in`, `foreign_form`."""
    made = type(f"Drawn{kind.__name__}", (kind,), {name: staticmethod(answer) for name, answer in answers.items()})
    return APIRouter(route_class=made, tags=["pages"])


def reads_html(request: Request) -> bool:
    """Whether who asks is a browser, or says to be one."""
    return "text/html" in request.headers.get("accept", "")


def language_of(request: Request) -> Language:
    """The language to answer in: of `?lang=`, or else what the reader prefers."""
    return preferred(request.headers.get("accept-language"))


async def _signed_in(request: Request) -> Request:
    try:
        return await in_their_name(request)
    except Exception as error:
        refusal = busy(error)
        if refusal is None:
            raise
        raise refusal from error


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
