"""Asking another service to do something, in a person's name and under a key: what comes twice is done once."""

import asyncio
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from common.http import HttpClient, HttpFault
from metrics.neighbours.domain import Away, Fault, Found, Neighbour, Refusal, Sent

__all__ = ["Fault", "Refusal", "Sent", "change", "send"]

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
    return await _asked(client, of, "POST", path, body, shape, headers)


async def change(
    client: HttpClient,
    of: Neighbour,
    path: str,
    body: object,
    shape: type[T],
    *,
    token: str,
    version: int,
    language: str,
) -> Sent[T]:
    """Put once what is to stand there in place of the version that was read; raises nothing.

    `Away` leaves open whether it was done: sent again, it is refused as stale if it was.
    """
    headers = {"Authorization": f"Bearer {token}", "If-Match": f'"{version}"', "Accept-Language": language}
    return await _asked(client, of, "PUT", path, body, shape, headers)


async def _asked(
    client: HttpClient,
    of: Neighbour,
    method: str,
    path: str,
    body: object,
    shape: type[T],
    headers: Mapping[str, str],
) -> Sent[T]:
    try:
        async with asyncio.timeout(_SECONDS):
            answer = await client.send(method, path, body=body, headers=headers, read_timeout_seconds=_SECONDS)
        if answer.status < _LOWEST_REFUSAL:
            return Found(msgspec.convert(answer.body, shape, strict=True))
        told = answer.body if isinstance(answer.body, dict) else {}
        return msgspec.convert({**told, "status": answer.status}, Refusal, strict=True)
    except (HttpFault, TimeoutError, msgspec.ValidationError):
        return Away(of, client.reached_at, client.made_at)
