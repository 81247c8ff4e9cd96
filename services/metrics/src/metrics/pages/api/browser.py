"""What a browser brings along and keeps: its session, and a try to sign in.

A cookie holds a random number or something sealed; it is sent to us alone, and no script reads it. Forms are taken only
from our own pages: the origin that the browser names is ours, and the form carries what only that session was given.
"""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import parse_qsl

from fastapi import Request, Response

from common.auth import KeysUnavailable
from common.web import kinds
from common.web.kinds import Refused
from common.web.methods import route_path
from metrics.sessions.api import ProviderAway, SignedIn, sessions_of

SESSION, ATTEMPT = "session", "sign-in"
TOKEN_FIELD = "form_token"  # noqa: S105  the name of a field
ATTEMPT_LASTS = timedelta(minutes=10)

_MOST_FIELDS = 100


async def in_their_name(request: Request) -> Request:
    """The request as whoever has signed in with this browser would send it to the API: with their token."""
    request.state.signed_in, request.state.issuer_away = None, False
    browser_id = cookie_of(request, SESSION)
    if not browser_id or "authorization" in request.headers or route_path(request).startswith("/assets/"):
        return request
    try:
        signed_in = await sessions_of(request).find(browser_id)
    except (ProviderAway, KeysUnavailable):
        # What is for everybody is shown all the same; where a person is needed, it is said why there is none.
        request.state.issuer_away = True
        return request
    if signed_in is None:
        return request
    request.state.signed_in = signed_in
    token = (b"authorization", f"Bearer {signed_in.access_token}".encode())
    return Request({**request.scope, "headers": [*request.scope["headers"], token]}, request.receive)


def signed_in_of(request: Request) -> SignedIn | None:
    """Who has signed in with the browser that asks."""
    found: SignedIn | None = getattr(request.state, "signed_in", None)
    return found


def cookie_of(request: Request, name: str) -> str | None:
    return request.cookies.get(_named(request, name))


def set_cookie(request: Request, response: Response, name: str, value: str, *, lasts: timedelta | None = None) -> None:
    """Let the browser keep a value, until it is closed or for so long."""
    response.set_cookie(
        _named(request, name),
        value,
        max_age=None if lasts is None else int(lasts.total_seconds()),
        path="/",
        secure=over_https(request),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    response.delete_cookie(_named(request, name), path="/", secure=over_https(request), httponly=True, samesite="lax")


def is_ours(request: Request) -> bool:
    """Whether a page of ours sent the form, as far as the browser says; every browser does with a form."""
    return request.headers.getlist("origin") == [sessions_of(request).origin]


def is_theirs(request: Request, form: Mapping[str, str]) -> bool:
    """Whether the form was given to the very session that sends it."""
    signed_in = signed_in_of(request)
    offered = form.get(TOKEN_FIELD, "")
    return signed_in is not None and hmac.compare_digest(offered.encode(), signed_in.form_token.encode())


async def form_of(request: Request) -> dict[str, str]:
    """What was typed, by field; of a field that comes twice the last."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/x-www-form-urlencoded":
        raise Refused(kinds.MEDIA_TYPE_UNSUPPORTED, facts={"accepted": "application/x-www-form-urlencoded"})
    try:
        pairs = parse_qsl(
            (await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise Refused(kinds.REQUEST_MALFORMED) from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Refused(kinds.REQUEST_MALFORMED)
    return dict(pairs)


def address_of(request: Request) -> str:
    """Path and query of the page that was asked for, as the browser knows it."""
    query = request.url.query
    return f"{route_path(request)}?{query}" if query else route_path(request)


def over_https(request: Request) -> bool:
    """Whether people open the pages over https, wherever that ends on the way here."""
    return sessions_of(request).origin.startswith("https://")


def _named(request: Request, name: str) -> str:
    # The prefix binds a cookie to this very host and to https, in every browser (RFC 6265bis, 4.1.3).
    return f"__Host-{name}" if over_https(request) else name
