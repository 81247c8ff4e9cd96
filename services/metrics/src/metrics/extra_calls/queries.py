"""The offer of one line of seats, and what the applicant service shows beside it, as its reader sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from contracts.roles import Role
from metrics.extra_calls.domain import (
    EDITED,
    FIELDS,
    CallMoney,
    CallShown,
    Offered,
    drafts_for,
    is_as_typed,
    seats_of,
    typed_of,
)
from metrics.neighbours.queries import Asking, Away, Neighbour, Reply, Rows, body_of, rows_of
from metrics.today.queries.actions import CopiedTerms, ExtraCallDraft
from metrics.today.queries.day import area_of, read_today
from metrics.today.queries.seats import UnusedSeatLine

__all__ = [
    "EDITED",
    "FIELDS",
    "Beside",
    "CallShown",
    "Line",
    "Offer",
    "is_as_typed",
    "offer_of",
    "read_beside",
    "read_call",
    "seats_of",
    "typed_of",
]

_MOST_SEARCHED = 200
_MOST_CALLS = "100"

Line = tuple[UUID, str, str]
"""A call, a type and a municipality."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One line of unused seats with the extra call that is offered for it; `yours` if the reader may draft it."""

    line: UnusedSeatLine
    body: ExtraCallDraft
    copies: CopiedTerms
    roles: Sequence[Role]
    yours: bool

    @property
    def offered(self) -> Offered:
        """The same as the domain has it."""
        seats = self.body.seat_lines[0].seats
        return Offered(
            track=self.body.track,
            fiscal_year=self.body.fiscal_year,
            type_code=self.line.type_code,
            municipality_code=self.line.municipality_code,
            seats=seats,
            # What the offer names is for all its seats, and made of whole shares.
            of_one_seat=tuple(
                CallMoney(each.source, each.amount_won // seats, each.municipality_code)
                for each in self.body.planned_budget_lines
            ),
        )


@dataclass(frozen=True, slots=True)
class Beside:
    """The call whose terms are copied, drafts that somebody has begun for the same seats, and who did not answer."""

    earlier: CallShown | None
    drafts: Sequence[CallShown]
    away: Sequence[Away]


async def offer_of(tx: Transaction, by: Principal, line: Line, *, now: datetime) -> Offer | None:
    """What is offered for these seats now, if something is and the reader may see it."""
    day = await read_today(tx, now=now, by=by, municipality_code=area_of(by), most=_MOST_SEARCHED)
    for each in day.unused_seats.rows:
        if (each.call_id, each.type_code, each.municipality_code) != line:
            continue
        for action in each.actions:
            if action.body is not None and action.copies is not None:
                return Offer(each, action.body, action.copies, action.roles, action.yours)
    return None


async def read_beside(asking: Asking, offer: Offer) -> Beside:
    """What stands beside the form. Drafts are shown to those who work on calls, and to nobody else."""
    of_year = {
        "fiscal_year": str(offer.body.fiscal_year),
        "track": offer.body.track,
        "page_size": _MOST_CALLS,
    }
    earlier, calls = await asyncio.gather(
        read_call(asking, offer.line.call_id),
        asking.ask(Neighbour.APPLICANT, "/v1/calls", Rows[CallShown], params=of_year),
    )
    drafts = drafts_for(rows_of(calls), offer.line.type_code, offer.line.municipality_code)
    return Beside(body_of(earlier), drafts, [each for each in (earlier, calls) if isinstance(each, Away)])


async def read_call(asking: Asking, call_id: UUID) -> Reply[CallShown]:
    """One call, if it is shown to the reader."""
    return await asking.ask(Neighbour.APPLICANT, f"/v1/calls/{call_id}", CallShown)
