"""A worker's readiness tells the truth about its consumer, and a consumer that is stuck is replaced, then the process.

The limits are seconds here that are minutes in a shipped worker; everything else is as it ships.
"""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx2
import pytest
from pydantic import SecretStr

from common import kafka_subscription
from common.acting import THE_SERVICE
from common.clock import SystemClock
from common.consumer import loop
from common.consumer.watchdog import Patience
from common.db import Database
from common.event import new_id
from common.kafka import KafkaOptions, create_topics
from common.kafka_subscription import NewGroup, Subscription
from common.settings import ServiceSettings
from common.waiting import pause
from common.worker import Worker
from tests.flow.messaging.conftest import Parcels
from tests.support.connections import kept
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.driver import send, sequences_of
from tests.support.parcels.events import DeliveryMade, ParcelSent
from tests.support.waiting import eventually

PATIENCE = Patience(look_every_seconds=0.1, not_ready_seconds=0.5, join_again_seconds=4.0, give_up_seconds=30.0)
SHORT = dataclasses.replace(PATIENCE, join_again_seconds=1.5, give_up_seconds=4.5)


class Members:
    """Every member that the worker has made, the last one at work; `spoil` makes each deaf as soon as it has joined."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made: list[Subscription] = []
        self.spoil = False
        monkeypatch.setattr(loop, "Subscription", self.member)

    def member(self, *args: object, **given: object) -> Subscription:
        made = Subscription(*args, **given)  # type: ignore[arg-type]
        start = made.start

        async def started() -> None:
            await start()
            if self.spoil:
                deafen(made)

        made.start = started  # type: ignore[method-assign]
        self.made.append(made)
        return made


def deafen(member: Subscription) -> asyncio.Event:
    """The consumer stays a member, asks the broker no more and gets nothing for ever: seen after lost connections."""
    never, deaf = asyncio.Event(), asyncio.Event()

    async def nothing(_partitions: object, timeout: float = 0, **_: object) -> dict[object, object]:
        deaf.set()
        await pause(never, timeout)
        return {}

    member._consumer._fetcher.fetched_records = nothing
    # A fetch that was under way before still hears: only when the next one has begun, nothing more is heard.
    return deaf


@asynccontextmanager
async def working(parcels: Parcels, patience: Patience = PATIENCE) -> AsyncIterator[SimpleNamespace]:
    settings = ServiceSettings(
        app_env="test",
        database_url=SecretStr(parcels.urls.application),
        kafka_bootstrap_servers=parcels.servers.bootstrap_servers,
        kafka_topic_prefix=parcels.prefix,
        kafka_group_prefix=parcels.prefix,
        kafka_session_timeout_ms=2_000,
        worker_port=parcels.servers.free_port(),
    )
    database, stop = (
        Database(parcels.urls.application, application_name="parcels-worker", acting=THE_SERVICE),
        asyncio.Event(),
    )
    worker = Worker("parcels", settings, database=database, clock=SystemClock(), handlers=HANDLERS, patience=patience)
    running = asyncio.create_task(worker.run(stop))
    client = httpx2.AsyncClient(timeout=30, limits=kept())

    async def ready() -> str:
        """Empty when the page says that it is ready, or what it says."""
        try:
            answer = await client.get(f"http://127.0.0.1:{settings.worker_port}/readyz")
        except httpx2.HTTPError as error:
            return type(error).__name__
        return "" if answer.status_code == 200 else str(answer.json()["checks"]["consumer"]["detail"])

    async def is_ready() -> bool:
        return await ready() == ""

    try:
        yield SimpleNamespace(running=running, ready=ready, is_ready=is_ready)
    finally:
        stop.set()
        await asyncio.wait({running})
        await client.aclose()


async def arrived(parcels: Parcels, key: object, count: int) -> None:
    async def all_of_them() -> bool:
        return await sequences_of(parcels.database, key) == list(range(1, count + 1))

    await eventually(all_of_them)


@pytest.mark.promise("A14")
async def test_a_broker_that_does_not_answer_takes_the_readiness_and_never_the_process(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(kafka_subscription, "_ASK_SECONDS", 1.0)
    key = new_id()
    async with working(parcels, SHORT) as worker:
        # Nothing waits while it joins: on a busy machine that may take longer than such a short patience lasts.
        await eventually(worker.is_ready)
        await send(parcels.database, key, 1)
        await arrived(parcels, key, 1)
        with parcels.servers.kafka.frozen():
            await send(parcels.database, key, 2)
            began = time.monotonic()
            await eventually(lambda: _says(worker, "does not answer"))
            # Longer than what makes a stuck process give up: Kafka away is not this process's fault.
            await eventually(lambda: time.monotonic() - began > SHORT.give_up_seconds + 1)
            assert not worker.running.done()
        await arrived(parcels, key, 2)
        await eventually(worker.is_ready)
        assert not worker.running.done()


@pytest.mark.promise("A14")
async def test_a_coordinator_that_does_not_answer_takes_the_readiness(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
):
    members, gone = Members(monkeypatch), asyncio.Event()

    async def nobody_answers(*_: object) -> None:
        await gone.wait()

    key = new_id()
    async with working(parcels) as worker:
        await send(parcels.database, key, 1)
        await arrived(parcels, key, 1)
        with monkeypatch.context() as patch:
            patch.setattr(kafka_subscription, "_ASK_SECONDS", 1.0)
            patch.setattr(members.made[-1]._consumer._coordinator, "fetch_committed_offsets", nobody_answers)
            await eventually(lambda: _says(worker, "the coordinator of the group, does not answer"))
        await eventually(worker.is_ready)


@pytest.mark.promise("A15")
async def test_a_member_that_gets_nothing_is_not_ready_and_then_replaced(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
):
    members, key = Members(monkeypatch), new_id()
    async with working(parcels) as worker:
        await send(parcels.database, key, 1)
        await arrived(parcels, key, 1)
        before = len(members.made)
        await deafen(members.made[-1]).wait()
        await send(parcels.database, key, 2, 3)
        await eventually(lambda: _says(worker, "records wait and nothing moved"))
        assert len(members.made) == before, "replaced before anybody could see that it was not ready"
        await arrived(parcels, key, 3)
        assert len(members.made) > before
        await eventually(worker.is_ready)


@pytest.mark.promise("A15")
async def test_when_another_member_does_not_help_the_process_ends_for_a_new_one_to_come(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
):
    members, key = Members(monkeypatch), new_id()
    async with working(parcels, SHORT) as worker:
        await eventually(worker.is_ready)
        await send(parcels.database, key, 1)
        await arrived(parcels, key, 1)
        members.spoil = True
        await deafen(members.made[-1]).wait()
        await send(parcels.database, key, 2)
        assert await asyncio.wait_for(worker.running, 90) == 1, "a supervisor starts it again"
    members.spoil = False
    async with working(parcels) as worker:
        await arrived(parcels, key, 2)


@pytest.mark.promise("A16")
async def test_a_member_without_a_partition_complains_while_its_group_stands_still(parcels: Parcels):
    parcels.prefix = parcels.servers.topic_prefix()
    await create_topics(parcels.options, [ParcelSent.TOPIC, DeliveryMade.TOPIC], partitions=1)
    async with _first_member(parcels) as owner:
        key = new_id()
        async with working(parcels, SHORT) as worker:
            await eventually(worker.is_ready)
            await send(parcels.database, key, 1)
            await eventually(lambda: _says(worker, "1 records wait and nothing moved"))
            began = time.monotonic()
            await eventually(lambda: time.monotonic() - began > SHORT.give_up_seconds)
            assert not worker.running.done(), "it is the other one that stands still"
            await owner.leave()
            await arrived(parcels, key, 1)
            await eventually(worker.is_ready)


@asynccontextmanager
async def _first_member(parcels: Parcels) -> AsyncIterator[SimpleNamespace]:
    """A member that has the only partition, keeps it when another joins, and settles nothing until it leaves."""
    # Members are given partitions in the order of their names. A session that outlasts any stall of this process:
    # were it to end, the other one would get the partition and the record.
    options = dataclasses.replace(parcels.options, client_id="a", session_timeout_ms=20_000)
    with pytest.raises(NewGroup):
        await _fetching(owner := _owner(parcels, options))
    await owner.close()
    fetching = asyncio.create_task(_fetching(owner := _owner(parcels, options)))

    async def leave() -> None:
        fetching.cancel()
        await asyncio.wait({fetching})
        await owner.close()

    try:
        await eventually(owner.assigned)
        yield SimpleNamespace(leave=leave)
    finally:
        await leave()


def _owner(parcels: Parcels, options: KafkaOptions) -> Subscription:
    return Subscription(options, group=parcels.prefix + "parcels", topics=[ParcelSent.TOPIC])


async def _fetching(owner: Subscription) -> None:
    await owner.start()
    while True:
        owner.pause()
        await owner.fetch(timeout_seconds=0.1, max_records=1)


async def _says(worker: SimpleNamespace, text: str) -> bool:
    return text in await worker.ready()
