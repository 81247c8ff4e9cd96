"""Signing in at the issuer and out again."""

import logging
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Request, Response
from starlette.responses import RedirectResponse

from common.auth import Principal
from common.openid import Attempt, Returned
from common.web import allowed, anyone
from contracts.roles import EVERY_ROLE
from metrics.pages.api.browser import (
    ATTEMPT,
    ATTEMPT_LASTS,
    SESSION,
    cookie_of,
    drop_cookie,
    set_cookie,
)
from metrics.pages.api.shell import answers, forms, issuer_away, notice, routes
from metrics.pages.domain.sign_in_words import NotSignedInWords, SignedOutWords, SigningOutWords
from metrics.sessions.api import ProviderAway, Sessions, SignInRefused, own_path, sessions_of

_MOST = 2_000
_log = logging.getLogger(__name__)
_Told = Annotated[str | None, Query(max_length=_MOST)]


@routes.get("/sign-in", operation_id="signIn")
async def sign_in(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    wanted: Annotated[str | None, Query(alias="next", max_length=_MOST)] = None,
) -> Response:
    """Send the browser to the issuer; it comes back to `/signed-in`, and then to the page that was wanted."""
    attempt, sessions = Attempt.begun(), sessions_of(request)
    try:
        address = await sessions.provider.address(attempt)
    except ProviderAway:
        return issuer_away(request)
    response = RedirectResponse(address, 303)
    begun = {
        "state": attempt.state,
        "nonce": attempt.nonce,
        "verifier": attempt.verifier,
        "next": own_path(wanted, otherwise="/"),
    }
    sealed = sessions.seal(begun, use=ATTEMPT, lasts=ATTEMPT_LASTS)
    set_cookie(request, response, ATTEMPT, sealed, lasts=ATTEMPT_LASTS)
    return response


@answers.get("/signed-in", operation_id="signedIn")
async def signed_in(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    code: _Told = None,
    state: _Told = None,
    iss: _Told = None,
    error: _Told = None,
) -> Response:
    """Take what the issuer sent the browser back with. Only the browser that began can end a sign-in."""
    sessions = sessions_of(request)
    begun = sessions.unseal(cookie_of(request, ATTEMPT), use=ATTEMPT)
    try:
        browser_id = await _begun_session(sessions, begun, Returned(code=code, state=state, issuer=iss, error=error))
    except ProviderAway:
        return issuer_away(request)
    except SignInRefused as refused:
        _log.warning("nobody was signed in: %s", refused.reason)
        response = notice(request, NotSignedInWords, way="/sign-in", status=400)
        drop_cookie(request, response, ATTEMPT)
        return response
    former = cookie_of(request, SESSION)
    if former:
        await sessions.end(former)
    response = RedirectResponse(own_path(begun["next"] if begun else None, otherwise="/"), 303)
    set_cookie(request, response, SESSION, browser_id)
    drop_cookie(request, response, ATTEMPT)
    return response


@forms.post("/sign-out", operation_id="signOut")
async def sign_out(request: Request, by: Annotated[Principal, allowed(*EVERY_ROLE)]) -> Response:
    """End the session here and then at the issuer, whose page is a step of its own: a form may lead to us alone."""
    sessions = sessions_of(request)
    browser_id = cookie_of(request, SESSION)
    if browser_id:
        await sessions.end(browser_id)
    request.state.signed_in = None
    end = await sessions.end_address()
    response = notice(request, SigningOutWords, way=end or "/signed-out", follow=True)
    drop_cookie(request, response, SESSION)
    return response


@routes.get("/signed-out", operation_id="signedOut")
async def signed_out(request: Request, by: Annotated[Principal | None, anyone()]) -> Response:
    """Where the issuer sends the browser after a sign-out."""
    return notice(request, SignedOutWords, way="/")


async def _begun_session(sessions: Sessions, begun: Mapping[str, Any] | None, returned: Returned) -> str:
    if begun is None:
        raise SignInRefused("this browser has not begun, or too long ago")
    attempt = Attempt(state=begun["state"], nonce=begun["nonce"], verifier=begun["verifier"])
    return await sessions.open_for(await sessions.provider.redeem(returned, attempt))
