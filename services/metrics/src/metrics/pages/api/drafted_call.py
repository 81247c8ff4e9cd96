"""A call that was drafted: what it says, what comes next, and the form in which the Technopark changes it until then.

Of two people who change one draft the first is taken. The second is told what stands there now, beside what they typed.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from common.auth import Principal
from common.web import Now, allowed
from contracts.roles import Role
from metrics.extra_calls import commands
from metrics.extra_calls.queries import EDITED, CallShown, is_as_typed, read_call, typed_of
from metrics.neighbours.commands import Refusal
from metrics.neighbours.queries import Away, Closed, Found, asking_for_reader
from metrics.pages.api.answered import answered
from metrics.pages.api.gathering import gathered
from metrics.pages.api.kept import drop_kept_form, kept_form
from metrics.pages.api.routing import language_of
from metrics.pages.api.shell import forms, notice, routes
from metrics.pages.api.writing import Writing
from metrics.pages.domain.extra_call_words import CallNotShownWords, DraftedCallWords
from metrics.today.queries.day import READERS

_VERSION = "version"
_VERSIONS = re.compile(r"[0-9]{1,9}")
_NEVER = 0
"""A version that no call has: what names none is stale."""
_NOT_SHOWN, _NOBODY_ANSWERS = 404, 503


@routes.get("/today/calls/{call_id}", operation_id="showDraftedCall")
async def show_drafted_call(
    request: Request, call_id: UUID, by: Annotated[Principal, allowed(*READERS)], now: Now
) -> Response:
    """A call as the applicant service shows it to the reader, and what comes next."""
    found = await read_call(asking_for_reader(request), call_id)
    if isinstance(found, Closed):
        return notice(request, CallNotShownWords, way="/today", status=_NOT_SHOWN)
    typed = await kept_form(request)
    return _call_page(request, by, found, typed, now=now, kept=bool(typed))


@forms.post("/today/calls/{call_id}", operation_id="editDraftedCall")
async def edit_drafted_call(
    request: Request, call_id: UUID, by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)], now: Now
) -> Response:
    """Have the draft changed, if nobody has since the form was opened."""
    typed: Mapping[str, str] = request.state.form
    asking, written = asking_for_reader(request), typed.get(_VERSION, "")
    version = int(written) if _VERSIONS.fullmatch(written) else _NEVER
    sent = await commands.edit_draft(asking, call_id, typed, version=version, language=language_of(request))
    if isinstance(sent, Closed):
        return notice(request, CallNotShownWords, way="/today", status=_NOT_SHOWN)
    if not isinstance(sent, Found):
        present = await read_call(asking, call_id)
        # Sent twice, or taken before without an answer: what was to be done is done.
        stale = isinstance(sent, Refusal) and sent.is_stale
        if not (stale and isinstance(present, Found) and is_as_typed(present.body, typed)):
            return _call_page(request, by, present, typed, now=now, outcome=sent)
    await drop_kept_form(request)
    return RedirectResponse(Writing(request, language_of(request)).link(f"/today/calls/{call_id}"), 303)


def _call_page(
    request: Request,
    by: Principal,
    found: Found[CallShown] | Closed | Away,
    typed: Mapping[str, str],
    *,
    now: datetime,
    kept: bool = False,
    outcome: Refusal | Away | None = None,
) -> Response:
    call = found.body if isinstance(found, Found) else None
    written = {name: typed[name] for name in EDITED if name in typed}
    blank = dict.fromkeys(EDITED, "") if call is None else typed_of(call)
    said = answered(outcome, EDITED)
    if call is None and outcome is None:
        said["status"] = _NOBODY_ANSWERS
    # Who was told of the other's change has seen what stands there now, and may write over it.
    has_seen = call is not None and (_VERSION not in typed or (isinstance(outcome, Refusal) and outcome.is_stale))
    return gathered(
        request,
        "drafted_call.html",
        DraftedCallWords,
        away=[found, outcome],
        reader=by,
        now=now,
        call=call,
        editing=by.role == Role.TECHNOPARK_OPERATOR and (call.is_draft if call else bool(written)),
        values=blank | written,
        written=written,
        version=call.version if call and has_seen else typed.get(_VERSION, _NEVER),
        kept=kept,
        **said,
    )
