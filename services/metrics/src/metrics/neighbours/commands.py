"""Asking another service to do something, in a person's name and under a key: what comes twice is done once."""

import asyncio
from typing import TypeVar

import msgspec

from common.http import HttpClient, HttpFault
from metrics.neighbours.domain import Away, Fault, Found, Neighbour, Refusal, Sent

__all__ = ["Fault", "Refusal", "Sent", "send"]

T = TypeVar("T")

_SECONDS = 4.0
"""More than a unit of work may take there, so that whether it was done is seldom unknown."""
_LOWEST_REFUSAL = 400


async def send(
    client: HttpClient,
    of: Neighbour,
    path: str,
    body: object,
    shape: type[T],
    *,
    token: str,
    key: str,
    language: str,
) -> Sent[T]:
    """Post once. What was made is of this shape; raises nothing.

    `Away` leaves open whether it was done: sent again under the same key, it is done once.
    """
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Accept-Language": language}
    try:
        async with asyncio.timeout(_SECONDS):
            answer = await client.send("POST", path, body=body, headers=headers, read_timeout_seconds=_SECONDS)
        if answer.status < _LOWEST_REFUSAL:
            return Found(msgspec.convert(answer.body, shape, strict=True))
        told = answer.body if isinstance(answer.body, dict) else {}
        return msgspec.convert({**told, "status": answer.status}, Refusal, strict=True)
    except (HttpFault, TimeoutError, msgspec.ValidationError):
        return Away(of, client.reached_at, client.made_at)
