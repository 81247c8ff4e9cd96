"""Asking the other services, as the person who reads the page: nobody sees on a page what the interfaces hide from him.

Each reading has its own deadline, and readings run beside each other. A service that is down is an answer like others:
the page shows the rest, and says what is missing and since when.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar, cast

import msgspec
from fastapi import Request

from common.http import BadAnswer, HttpClient, HttpFault
from common.web.runtime import runtime_of
from metrics.neighbours.domain import Away, Closed, Found, Neighbour, Reply, Rows, body_of, goes_on, rows_of
from metrics.settings import Settings

__all__ = [
    "Asking",
    "Away",
    "Closed",
    "Found",
    "Neighbour",
    "Reply",
    "Rows",
    "asking_for_anyone",
    "asking_for_reader",
    "body_of",
    "clients_of",
    "goes_on",
    "rows_of",
]

T = TypeVar("T")

_CLOSED = frozenset({401, 403, 404, 410, 422})


def clients_of(settings: Settings) -> Mapping[str, HttpClient]:
    """A client for each of the other services, for the life of a process."""
    addresses = {
        Neighbour.APPLICANT: settings.applicant_url,
        Neighbour.FUNDING: settings.funding_url,
        Neighbour.MENTORING: settings.mentoring_url,
    }
    return {
        name.value: HttpClient(address, read_timeout_seconds=settings.neighbour_timeout_seconds)
        for name, address in addresses.items()
    }


@dataclass(frozen=True, slots=True)
class Asking:
    """The other services, asked in the name of one person, or of nobody where `token` is none."""

    clients: Mapping[str, HttpClient]
    timeout_seconds: float
    token: str | None = None

    async def ask(
        self, of: Neighbour, path: str, shape: type[T], *, params: Mapping[str, str] | None = None
    ) -> Reply[T]:
        """Read one address; what comes back is of this shape, or is no answer. Raises nothing."""
        client = self.clients[of.value]
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        try:
            async with asyncio.timeout(self.timeout_seconds):
                body = await client.get_json(path, params=params, headers=headers)
            return Found(msgspec.convert(body, shape, strict=True))
        except BadAnswer as answer:
            if answer.status in _CLOSED:
                return Closed(of, answer.status)
        except (HttpFault, TimeoutError, msgspec.ValidationError):
            pass
        return Away(of, client.reached_at, client.made_at)


def asking_for_anyone(request: Request) -> Asking:
    """The other services, asked what they tell everybody, whoever reads the page."""
    runtime = runtime_of(request)
    settings = cast("Settings", runtime.settings)
    return Asking(runtime.others, settings.neighbour_timeout_seconds)


def asking_for_reader(request: Request) -> Asking:
    """The other services, asked in the name of this request's caller: with the token that let the caller in here."""
    token = request.headers["authorization"].partition(" ")[2].strip(" ")
    return replace(asking_for_anyone(request), token=token)
