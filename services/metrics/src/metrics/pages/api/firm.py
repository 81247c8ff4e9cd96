"""A firm's one page: where its cases stand, what comes next and until when; for its owner and its staff."""

from typing import Annotated

from fastapi import Request, Response

from common.auth import Principal
from common.web import Now, allowed
from contracts.roles import COMPANY_ROLES
from metrics.dossiers.queries.firms import read_firm
from metrics.neighbours.queries import asking_for_reader
from metrics.pages.api.gathering import gathered
from metrics.pages.api.shell import routes
from metrics.pages.domain.firm_words import FirmWords


@routes.get("/firm", operation_id="showFirm")
async def show_firm(request: Request, by: Annotated[Principal, allowed(*COMPANY_ROLES)], now: Now) -> Response:
    """All cases of the reader's firm, those with something to do first."""
    firm = await read_firm(asking_for_reader(request))
    return gathered(request, "firm.html", FirmWords, away=firm.away, reader=by, now=now, firm=firm)
