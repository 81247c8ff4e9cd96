"""A filled form becomes a call's draft: the applicant service decides, in the person's name, under the form's key."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from metrics.extra_calls.domain import TERMS, CallShown, Offered, draft_body, edited_body
from metrics.neighbours.commands import Sent, change, send
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


async def edit_draft(
    asking: Asking, call_id: UUID, typed: Mapping[str, str], *, version: int, language: str
) -> Sent[CallShown] | Closed:
    """Have titles and window of a draft changed, if it is still the version that was read. `Closed` if it is hidden."""
    client, path = asking.clients[Neighbour.APPLICANT.value], f"{_PATH}/{call_id}"
    present = await asking.ask(Neighbour.APPLICANT, path, dict[str, Any])
    if not isinstance(present, Found):
        return present
    if not present.body.keys() >= set(TERMS):
        return Away(Neighbour.APPLICANT, client.reached_at, client.made_at)
    # What was read a moment ago may be newer than what the form was opened on: the version is the form's.
    body = edited_body(present.body, typed)
    return await change(
        client,
        Neighbour.APPLICANT,
        path,
        body,
        CallShown,
        token=asking.token or "",
        version=version,
        language=language,
    )
