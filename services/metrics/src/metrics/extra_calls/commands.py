"""A filled form becomes a call's draft: the applicant service decides, in the person's name, under the form's key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from metrics.extra_calls.domain import CallShown, Offered, draft_body
from metrics.neighbours.commands import Sent, send
from metrics.neighbours.queries import Asking, Away, Closed, Found, Neighbour

_PATH = "/v1/calls"


async def draft_extra_call(
    asking: Asking,
    offered: Offered,
    earlier_id: UUID,
    copied: tuple[str, ...],
    typed: Mapping[str, str],
    *,
    seats: int,
    key: str,
    language: str,
) -> Sent[CallShown] | Closed:
    """Have the draft made, once for a key. `Closed` if the earlier call, whose terms it copies, is not shown."""
    client = asking.clients[Neighbour.APPLICANT.value]
    earlier = await asking.ask(Neighbour.APPLICANT, f"{_PATH}/{earlier_id}", dict[str, Any])
    if not isinstance(earlier, Found):
        return earlier
    if not earlier.body.keys() >= set(copied):
        return Away(Neighbour.APPLICANT, client.reached_at, client.made_at)
    body = draft_body(offered, {name: earlier.body[name] for name in copied}, typed, seats=seats)
    return await send(
        client, Neighbour.APPLICANT, _PATH, body, CallShown, token=asking.token or "", key=key, language=language
    )
