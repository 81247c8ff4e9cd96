"""How a service does, as those who look after the platform read it: what waits, what is parked, where it stands in the logs."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx2
import pytest
from asgi_lifespan import LifespanManager

from common.api import build_app
from common.clock import FixedClock
from common.consumer.batch import Applier
from common.db import Database
from common.event import new_id
from common.outbox import RELAY_LOCK
from common.settings import ServiceSettings
from common.web.health import NotReady
from smartfactory.stack.provision import DatabaseUrls
from tests.support.documented import documented
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.driver import AT, scalar, send, wire
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.main import MENDER, READER, SERVICE
from tests.support.tokens import Issuer

SECRET = "rather-secret"


class Operator:
    """Who asks the parcel service how it does."""

    def __init__(self, client: httpx2.AsyncClient, issuer: Issuer, health: Any, database: Database) -> None:
        self.client, self.issuer, self.health, self.database = client, issuer, health, database

    async def ask(self, role: str = READER) -> httpx2.Response:
        return await self.client.get("/v1/service-state", headers=self.issuer.headers(role=role))

    async def state(self) -> dict[str, Any]:
        answer = await self.ask()
        assert answer.status_code == 200, answer.text
        assert SECRET not in answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def operator(urls: DatabaseUrls, database: Database) -> AsyncIterator[Operator]:
    settings = ServiceSettings(app_env="test", database_url=urls.application)
    issuer = Issuer()
    app = build_app(SERVICE, settings, clock=FixedClock(AT), database=database, verifier=issuer.verifier())
    async with (
        LifespanManager(app),
        httpx2.AsyncClient(
            event_hooks=documented(app), transport=httpx2.ASGITransport(app), base_url="http://parcels.test"
        ) as client,
    ):
        yield Operator(client, issuer, app.state.health, database)


async def test_a_service_that_has_done_nothing_says_so(operator: Operator):
    state = await operator.state()
    assert (state["service"], state["ready"]) == ("parcels", True)
    assert {each["check"] for each in state["checks"] if each["good"]} == {"database", "schema", "denied tokens"}
    assert state["unsent_events"] == {"waiting": 0, "oldest_at": None}
    assert state["parked_events"] == {"waiting": 0, "keys": 0, "oldest_at": None}
    assert (state["sent"], state["heard"], state["relay_leads"]) == ([], [], False)
    assert state["listens_to"] == sorted({event.TOPIC for event in HANDLERS})


async def test_what_has_not_left_is_counted_with_the_time_of_the_oldest(operator: Operator, database: Database):
    await send(database, new_id(), 1, 2, 3)
    first = await scalar(database, "SELECT recorded_at FROM outbox ORDER BY id LIMIT 1")
    state = await operator.state()
    assert state["unsent_events"]["waiting"] == 3
    assert datetime.fromisoformat(state["unsent_events"]["oldest_at"]) == first
    assert datetime.fromisoformat(state["read_at"]) >= datetime.fromisoformat(state["unsent_events"]["oldest_at"])
    async with database.dedicated() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await raw.execute("UPDATE outbox SET published_at = now()")
    assert (await operator.state())["unsent_events"] == {"waiting": 0, "oldest_at": None}


async def test_what_is_parked_is_counted_by_keys_and_the_log_is_read_up_to_the_last_of_each_partition(
    operator: Operator, database: Database
):
    heavy, light = new_id(), new_id()
    applier = Applier(database, FixedClock(AT), HANDLERS, service="parcels")
    records = [
        wire(ParcelSent(parcel_id=heavy, grams=grams, note=SECRET), sequence, offset=offset)
        for sequence, (grams, offset) in enumerate(((2000, 4), (3, 5)), start=1)
    ]
    await applier.apply([*records, wire(ParcelSent(parcel_id=light, grams=1), 1, offset=6)])
    state = await operator.state()
    assert (state["parked_events"]["waiting"], state["parked_events"]["keys"]) == (2, 1)
    assert state["parked_events"]["oldest_at"] is not None
    assert state["heard"] == [{"topic": ParcelSent.TOPIC, "partition": 0, "offset": 6}]


async def test_a_worker_that_carries_the_events_is_seen_by_its_lock(operator: Operator, database: Database):
    async with database.dedicated() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        assert await raw.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK)
        assert (await operator.state())["relay_leads"]
        assert await raw.fetchval("SELECT pg_advisory_unlock($1)", RELAY_LOCK)
        assert not (await operator.state())["relay_leads"]


async def test_what_is_missing_is_said_in_the_check_s_own_words(operator: Operator):
    async def missing() -> str:
        raise NotReady("the scales are away")

    operator.health.checks = {**operator.health.checks, "scales": missing}
    state = await operator.state()
    assert not state["ready"]
    assert [each for each in state["checks"] if not each["good"]] == [
        {"check": "scales", "good": False, "finding": "the scales are away"}
    ]


async def test_no_connection_is_held_while_the_checks_ask_others(operator: Operator):
    held = list[int]()

    async def slow() -> str:
        pool: Any = operator.database._engine.pool
        held.append(pool.checkedout())
        return "the scales are there"

    operator.health.checks = {"scales": slow}
    assert (await operator.state())["ready"]
    assert held == [0]


async def test_it_is_for_those_who_look_after_the_platform(operator: Operator):
    assert [(await operator.ask(role)).status_code for role in (READER, MENDER, "sender")] == [200, 200, 403]
    assert (await operator.client.get("/v1/service-state")).status_code == 401
