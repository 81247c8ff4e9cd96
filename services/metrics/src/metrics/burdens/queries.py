"""Asking for a burden: calls are the applicant service's, and the division is funding's, which is never made here."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import UUID

from contracts.types import Won
from metrics.burdens.domain import WHY, OfferedCall, OfferedType, Part, Rule, Split, Unreadable, read_won
from metrics.neighbours.queries import Asking, Away, Closed, Neighbour, Reply, Rows, body_of, rows_of

__all__ = ["WHY", "OfferedCall", "OfferedType", "Part", "Reckoning", "Rule", "Split", "Unreadable", "reckon"]

_CALLS_SHOWN = {"page_size": "20"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """The calls to choose from, and what came of the question, if one was asked.

    `unknown_offer` says that there is no such call or type, `unreadable` why the cost is none, and `no_rule` names the
    call's split rule if funding has none confirmed of that version.
    """

    calls: Sequence[OfferedCall]
    call: OfferedCall | None = None
    type: OfferedType | None = None
    unknown_offer: bool = False
    unreadable: Unreadable | None = None
    no_rule: str | None = None
    split: Split | None = None
    rule: Rule | None = None
    away: tuple[Away, ...] = field(default=())


async def reckon(asking: Asking, *, offer: tuple[UUID, str] | None, cost: str | None) -> Reckoning:
    """What every source and the firm would pay, by the rule and the cap that the chosen call has frozen."""
    listed = await asking.ask(Neighbour.APPLICANT, "/v1/calls", Rows[OfferedCall], params=_CALLS_SHOWN)
    calls = list(rows_of(listed))
    if offer is None:
        return Reckoning(calls=calls, unreadable=_why_not(cost), away=_away(listed))
    call_id, type_code = offer
    call = next((each for each in calls if each.id == call_id), None)
    if call is None:
        # Not among the newest, or they were not answered: a link to it goes on working.
        older = await asking.ask(Neighbour.APPLICANT, f"/v1/calls/{call_id}", OfferedCall)
        call = body_of(older)
        if call is None:
            return Reckoning(calls=calls, unknown_offer=isinstance(older, Closed), away=_away(listed, older))
        calls = [call, *calls]
    chosen, won = call.offered(type_code), read_won(cost or "")
    if chosen is None or isinstance(won, Unreadable):
        why = won if isinstance(won, Unreadable) else None
        return Reckoning(calls=calls, call=call, type=chosen, unknown_offer=chosen is None, unreadable=why)
    split, rule = await _divided(asking, call, chosen, won)
    return Reckoning(
        calls=calls,
        call=call,
        type=chosen,
        no_rule=call.split_rule_version if isinstance(split, Closed) else None,
        split=body_of(split),
        rule=body_of(rule),
        away=_away(split, rule),
    )


async def _divided(
    asking: Asking, call: OfferedCall, chosen: OfferedType, won: Won
) -> tuple[Reply[Split], Reply[Rule]]:
    address = f"/v1/split-rules/{quote(call.split_rule_version, safe='')}"
    params = {"total_cost_won": str(won), "cap_won": str(chosen.cap_won)}
    return await asyncio.gather(
        asking.ask(Neighbour.FUNDING, f"{address}/preview", Split, params=params),
        asking.ask(Neighbour.FUNDING, address, Rule),
    )


def _why_not(cost: str | None) -> Unreadable | None:
    won = None if cost is None else read_won(cost)
    return won if isinstance(won, Unreadable) else None


def _away(*replies: object) -> tuple[Away, ...]:
    return tuple(each for each in replies if isinstance(each, Away))
