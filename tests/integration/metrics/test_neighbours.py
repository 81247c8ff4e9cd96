"""Reading other services for a page, over real HTTP: what answers is shown, what does not is told with its last time."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from metrics.neighbours.queries import Asking, Away, Closed, Found, Neighbour, Rows, clients_of
from metrics.settings import Settings
from tests.support.neighbours import Neighbours, neighbours

pytestmark = pytest.mark.anyio

_DEADLINE = 20.0
"""What an answer that comes may take on a busy machine."""
_SHORT = 1.5
"""Enough for the one that answers, while the other one hangs for ten seconds."""


@dataclass(frozen=True, slots=True)
class Told:
    name: str


@dataclass(frozen=True)
class Asked:
    told: Neighbours
    asking: Asking


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    with neighbours() as told:
        settings = Settings(
            app_env="test",
            database_url="postgresql://db/metrics",
            **told.settings(),  # type: ignore[arg-type]
        )
        clients = clients_of(settings)
        yield Asked(told, Asking(clients, _DEADLINE, "a-token"))
        for client in clients.values():
            await client.aclose()


async def test_an_answer_is_read_as_far_as_it_is_asked_for_and_in_the_readers_name(asked: Asked) -> None:
    asked.told.answers["/v1/one"] = {"name": "하나", "added_later": 1}
    asked.told.answers["/v1/many"] = {"items": [{"name": "하나"}], "next": "c", "prev": None}
    assert await asked.asking.ask(Neighbour.FUNDING, "/v1/one", Told) == Found(Told("하나"))
    many = await asked.asking.ask(Neighbour.FUNDING, "/v1/many", Rows[Told], params={"page_size": "2"})
    assert many == Found(Rows((Told("하나"),), "c"))
    assert asked.told.asked == ["/v1/one", "/v1/many?page_size=2"]
    assert asked.told.tokens == {"Bearer a-token"}


@pytest.mark.parametrize("status", [401, 403, 404, 422])
async def test_what_is_not_for_the_reader_is_closed_and_nobody_is_away(asked: Asked, status: int) -> None:
    asked.told.answers["/v1/one"] = status
    assert await asked.asking.ask(Neighbour.APPLICANT, "/v1/one", Told) == Closed(Neighbour.APPLICANT, status)


@pytest.mark.parametrize("answer", [500, 503, b"<html>", b"[]", {"name": 7}, {}, 302])
async def test_no_usable_answer_is_away_since_the_last_one(asked: Asked, answer: object) -> None:
    first = await asked.asking.ask(Neighbour.FUNDING, "/v1/other", Told)
    assert isinstance(first, Closed)
    reached = asked.asking.clients["funding"].reached_at
    asked.told.answers["/v1/one"] = answer
    away = await asked.asking.ask(Neighbour.FUNDING, "/v1/one", Told)
    assert isinstance(away, Away)
    assert away.of is Neighbour.FUNDING
    assert away.reached_at is not None
    assert reached is not None
    assert away.reached_at >= reached >= away.watched_since


async def test_who_never_answered_is_told_with_the_time_since_which_he_is_asked() -> None:
    with neighbours() as told:
        address = told.address
    settings = Settings(
        app_env="test",
        database_url="postgresql://db/metrics",
        mentoring_url=address,  # type: ignore[arg-type]
    )
    clients = clients_of(settings)
    away = await Asking(clients, _DEADLINE).ask(Neighbour.MENTORING, "/v1/one", Told)
    assert away == Away(Neighbour.MENTORING, None, clients["mentoring"].made_at)
    for client in clients.values():
        await client.aclose()


@pytest.mark.promise("R36")
async def test_one_that_hangs_costs_its_own_deadline_and_holds_up_no_other(asked: Asked) -> None:
    asked.told.answers |= {"/v1/slow": "hang", "/v1/one": {"name": "하나"}}
    began = time.monotonic()
    asking = Asking(asked.asking.clients, _SHORT, "a-token")
    slow, fast = await asyncio.gather(
        asking.ask(Neighbour.APPLICANT, "/v1/slow", Told), asking.ask(Neighbour.FUNDING, "/v1/one", Told)
    )
    assert isinstance(slow, Away)
    assert fast == Found(Told("하나"))
    assert time.monotonic() - began < 10, "whoever hangs was waited for"
