"""The prepared draft of an extra call, and the form in which the Technopark completes and sends it.

The applicant service decides, in the person's name and under the form's key: the same form sent twice makes one draft.
Whatever comes of it, what was typed stays in the form until it was taken.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from starlette.responses import RedirectResponse

from common import idempotency
from common.acting import Acting
from common.auth import Principal
from common.event import new_id
from common.web import Now, allowed
from common.web.language import say
from common.web.runtime import runtime_of
from contracts.roles import Role
from contracts.types import municipality
from metrics.extra_calls import commands
from metrics.extra_calls.queries import FIELDS, Line, Offer, offer_of, read_beside, seats_of
from metrics.neighbours.commands import Fault, Refusal
from metrics.neighbours.queries import Away, Closed, Found, asking_for_reader
from metrics.pages.api.answered import answered
from metrics.pages.api.browser import address_of
from metrics.pages.api.gathering import gathered
from metrics.pages.api.kept import drop_kept_form, kept_form
from metrics.pages.api.routing import language_of
from metrics.pages.api.shell import forms, page, routes
from metrics.pages.api.writing import Writing
from metrics.pages.domain.extra_call_words import ExtraCallGoneWords, ExtraCallWords
from metrics.today.queries.day import READERS

_KEY = "key"
_NOT_SENT = "not-sent"
_MEANT = {"seat_lines": "seats"}
"""Which field of the form is meant where the draft's own field is refused."""
_IN_OUR_WORDS = {
    "idempotency-key-reused": (ExtraCallWords.refused, ExtraCallWords.sent_before),
    "request-in-progress": (ExtraCallWords.away, ExtraCallWords.in_progress),
}
"""What is said of a form's key, which nobody who fills one in has heard of: title and detail."""
_NOT_OFFERED, _GONE, _UNREADABLE = 404, 409, 422

_TypeCode = Annotated[str, Query(alias="type", pattern="^[A-Z][A-Z0-9_]{0,15}$")]
_Place = Annotated[str, Query(alias="municipality", pattern="^[0-9]{5}$")]


@routes.get("/today/extra-call", operation_id="showExtraCall")
async def show_extra_call(
    request: Request,
    by: Annotated[Principal, allowed(*READERS)],
    now: Now,
    call: UUID,
    type_code: _TypeCode,
    municipality_code: _Place,
) -> Response:
    """The draft for one line of unused seats, as it is offered now; with a form for those who may write it."""
    offer = await _offer(request, by, (call, type_code, municipality_code), now=now)
    typed = await kept_form(request)
    if offer is None:
        return _gone(request, typed, status=_NOT_OFFERED)
    return await _form_page(request, by, offer, typed, now=now, kept=bool(typed))


@forms.post("/today/extra-call", operation_id="draftExtraCall")
async def draft_extra_call(
    request: Request,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    now: Now,
    call: UUID,
    type_code: _TypeCode,
    municipality_code: _Place,
) -> Response:
    """Have the draft made, and lead to it; what stands against it is told beside what was typed."""
    typed: Mapping[str, str] = request.state.form
    offer = await _offer(request, by, (call, type_code, municipality_code), now=now)
    if offer is None:
        return _gone(request, typed, status=_GONE)
    outcome = await _sent(request, offer, typed)
    if isinstance(outcome, UUID):
        await drop_kept_form(request)
        return RedirectResponse(Writing(request, language_of(request)).link(f"/today/calls/{outcome}"), 303)
    return await _form_page(request, by, offer, typed, now=now, outcome=outcome)


async def _offer(request: Request, by: Principal, line: Line, *, now: datetime) -> Offer | None:
    # A transaction of its own, ended before anybody else is asked: it must not wait for their answer.
    async with runtime_of(request).database.transaction(read_only=True, acting=Acting.of(by)) as tx:
        return await offer_of(tx, by, line, now=now)


async def _sent(request: Request, offer: Offer, typed: Mapping[str, str]) -> UUID | Refusal | Away:
    """The id of the draft that was made, or why there is none as far as is known."""
    language, most = language_of(request), offer.offered.seats
    seats = seats_of(typed.get("seats", ""), most=most)
    if seats is None:
        why = say(ExtraCallWords.seats_beyond, language).format(most=most)
        return _own_refusal(request, _UNREADABLE, Fault(why, pointer="/seat_lines"))
    sent = await commands.draft_extra_call(
        asking_for_reader(request),
        offer.offered,
        offer.line.call_id,
        tuple(offer.copies.fields),
        typed,
        seats=seats,
        key=_key_of(typed),
        language=language,
    )
    if isinstance(sent, Closed):
        return _own_refusal(request, _GONE, Fault(say(ExtraCallWords.earlier_hidden, language)))
    if isinstance(sent, Refusal) and sent.code in _IN_OUR_WORDS:
        title, detail = (say(text, language) for text in _IN_OUR_WORDS[sent.code])
        return replace(sent, title=title, detail=detail, errors=())
    return sent.body.id if isinstance(sent, Found) else sent


def _own_refusal(request: Request, status: int, fault: Fault) -> Refusal:
    return Refusal(status, _NOT_SENT, say(ExtraCallWords.refused, language_of(request)), "", (fault,))


async def _form_page(
    request: Request,
    by: Principal,
    offer: Offer,
    typed: Mapping[str, str],
    *,
    now: datetime,
    kept: bool = False,
    outcome: Refusal | Away | None = None,
) -> Response:
    beside = await read_beside(asking_for_reader(request), offer)
    # Refused for good it was not done, and is another request when it comes again; unless that is known, the same.
    refused = isinstance(outcome, Refusal) and outcome.is_final and outcome.code != _NOT_SENT
    return gathered(
        request,
        "extra_call.html",
        ExtraCallWords,
        away=[*beside.away, outcome],
        reader=by,
        now=now,
        offer=offer,
        beside=beside,
        address=address_of(request),
        values=_prepared(offer) | {name: typed[name] for name in FIELDS if name in typed},
        key=str(new_id()) if refused else _key_of(typed),
        kept=kept,
        **answered(outcome, FIELDS, meant=_MEANT),
    )


def _prepared(offer: Offer) -> dict[str, str]:
    """The form before anybody typed: what the offer says; when to open and close is for people to say."""
    place, words = municipality(offer.line.municipality_code), ExtraCallWords.proposed_title
    of_call = {"year": offer.body.fiscal_year, "type_code": offer.line.type_code}
    return {
        "title_ko": words.ko.format(place=place.ko, **of_call),
        "title_en": words.en.format(place=place.en, **of_call),
        "opens_at": "",
        "closes_at": "",
        "seats": str(offer.offered.seats),
    }


def _key_of(typed: Mapping[str, str]) -> str:
    """The form's own key, which it has from when it was opened; a new one for a form that has none."""
    return idempotency.well_formed(typed.get(_KEY, "")) or str(new_id())


def _gone(request: Request, typed: Mapping[str, str], *, status: int) -> Response:
    """It is not offered any more: what was typed is shown, for whoever wants to take it elsewhere."""
    written = {name: typed[name] for name in FIELDS if typed.get(name)}
    return page(request, "extra_call_gone.html", ExtraCallGoneWords, status=status, written=written)
