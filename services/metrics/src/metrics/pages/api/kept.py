"""What somebody typed into a form that came too late: it waits for them, and is in the form again when they are back.

Expired sign-in half way through a form loses nothing. Whose it is, the form itself says: by the time it comes, nobody
may know any more whose session that was. It opens for the same person in the same role alone, in whatever browser.
"""

import json
from collections.abc import Mapping

from fastapi import Request

from common.acting import THE_SERVICE
from common.clock import SystemClock
from common.web.methods import route_path
from common.web.runtime import runtime_of
from metrics.kept_forms import commands, queries
from metrics.pages.api.browser import TOKEN_FIELD, signed_in_of
from metrics.pages.api.routing import LANGUAGE
from metrics.sessions.api import sessions_of

OWNER_FIELD = "form_owner"

_real_time = SystemClock()


async def keep_form(request: Request, form: Mapping[str, str]) -> str | None:
    """Keep what was typed for whom the form was given to; who that is, or nobody if no page of ours says it."""
    sessions = sessions_of(request)
    owner = sessions.owner_of(form.get(OWNER_FIELD, ""))
    if owner is None:
        return None
    typed = {name: value for name, value in form.items() if name not in {TOKEN_FIELD, OWNER_FIELD}}
    place = _place_of(request)
    sealed = sessions.seal(typed, use=_use(owner, place), lasts=commands.FORM_LASTS)
    async with runtime_of(request).database.transaction(acting=THE_SERVICE) as tx:
        await commands.keep_form(tx, owner, place, sealed, now=_real_time.now())
    return owner


async def kept_form(request: Request) -> Mapping[str, str]:
    """What the person who is signed in typed into this page before they had to sign in again."""
    owner = whose(request)
    if owner is None:
        return {}
    place = _place_of(request)
    async with runtime_of(request).database.transaction(read_only=True, acting=THE_SERVICE) as tx:
        sealed = await queries.sealed_form(tx, owner, place, now=_real_time.now())
    return sessions_of(request).unseal(sealed, use=_use(owner, place)) or {}


async def drop_kept_form(request: Request) -> None:
    """What was typed into this page was taken."""
    owner = whose(request)
    if owner is not None:
        async with runtime_of(request).database.transaction(acting=THE_SERVICE) as tx:
            await commands.drop_form(tx, owner, _place_of(request))


def whose(request: Request) -> str | None:
    """Whom the forms of this request's pages are given to; nobody where nobody has signed in."""
    signed_in = signed_in_of(request)
    return None if signed_in is None else sessions_of(request).owner_of(signed_in.form_owner)


def _place_of(request: Request) -> str:
    # The same page in the other language is the same page.
    asked = sorted((name, value) for name, value in request.query_params.multi_items() if name != LANGUAGE)
    return json.dumps([route_path(request), asked])


def _use(owner: str, place: str) -> str:
    return f"kept form {owner} {place}"
