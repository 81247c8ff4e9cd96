"""The burden of a firm before it applies (domain.md story 5): for everybody, and nothing is kept of what is asked."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from common.auth import Principal
from common.web import anyone
from metrics.burdens.queries import WHY, Reckoning, reckon
from metrics.neighbours.queries import asking_for_anyone
from metrics.pages.api.gathering import gathered
from metrics.pages.api.routing import language_of
from metrics.pages.api.shell import routes
from metrics.pages.domain.burden_words import BurdenWords
from metrics.pages.domain.figures import short_won

_OFFER = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[A-Z][A-Z0-9_]{0,15}$"
_ANSWERED, _REFUSED, _AWAY = 200, 422, 503


@routes.get("/burden", operation_id="showBurden")
async def show_burden(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    offer: Annotated[str | None, Query(pattern=_OFFER)] = None,
    cost: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """What each source and the firm pay of a cost, nominal and effective, by the rule that the chosen call froze."""
    call_id, _, type_code = (offer or "").partition("/")
    found = await reckon(asking_for_anyone(request), offer=(UUID(call_id), type_code) if call_id else None, cost=cost)
    language = language_of(request)
    minimum = found.type.min_cost_won if found.type else None
    return gathered(
        request,
        "burden.html",
        BurdenWords,
        away=found.away,
        reader=by,
        status=_status(found, asked=offer is not None),
        found=found,
        asked_offer=offer,
        asked_cost=cost or "",
        why=found.unreadable and WHY[found.unreadable],
        below=minimum if minimum and found.split and found.split.total_cost_won < minimum else None,
        won=lambda value: short_won(value, language),
    )


def _status(found: Reckoning, *, asked: bool) -> int:
    if found.unreadable or found.unknown_offer:
        return _REFUSED
    return _AWAY if asked and not found.split and not found.no_rule else _ANSWERED
