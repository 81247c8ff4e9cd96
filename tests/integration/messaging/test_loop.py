"""What one member of the group does around its batches, with a subscription of our own making."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from common import parked
from common.auth import Principal
from common.clock import FixedClock
from common.consumer import batch, loop, redrive
from common.consumer.batch import Applier
from common.consumer.loop import ConsumerLoop
from common.db import Database
from common.event import WireRecord, new_id
from common.inbox import Key
from common.kafka import KafkaOptions
from common.kafka_subscription import Look
from common.waiting import pause
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.driver import AT, deliveries, sequences_of, set_limit, wire
from tests.support.parcels.events import ParcelSent
from tests.support.waiting import eventually

OPTIONS = KafkaOptions(bootstrap_servers="unused", client_id="tests")


class Log:
    """Hands out what it is given, a batch for each fetch, as a partition that is never paused by itself does."""

    def __init__(self, *batches: Sequence[WireRecord]) -> None:
        self.batches = [list(one) for one in batches]
        self.nothing_comes = asyncio.Event()
        self.paused = False
        self.fetched_paused = 0
        self.committed: list[int] = []
        self.waited: list[float] = []

    def member(self, *_: object, **__: object) -> "Log":
        return self

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def look(self) -> Look:
        return Look(lag=0, done=0, has_work=True)

    async def fetch(self, *, timeout_seconds: float, max_records: int) -> list[WireRecord]:
        self.fetched_paused += self.paused
        self.waited.append(timeout_seconds)
        await pause(self.nothing_comes, min(timeout_seconds, 0.01))
        return self.batches.pop(0)[:max_records] if self.batches and not self.paused else []

    async def commit(self, records: Sequence[WireRecord]) -> None:
        self.committed.append(len(records))

    def handed_over(self) -> bool:
        return False

    def assigned(self) -> set[tuple[str, int]]:
        return set()

    def owns(self, record: WireRecord) -> bool:
        return record.partition >= 0

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


@asynccontextmanager
async def _running(database: Database, log: Log, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ConsumerLoop]:
    monkeypatch.setattr(loop, "Subscription", log.member)
    stop = asyncio.Event()
    made = ConsumerLoop(database, FixedClock(AT), HANDLERS, service="parcels", options=OPTIONS)
    task = asyncio.create_task(made.run(stop))
    try:
        yield made
    finally:
        stop.set()
        await task


async def test_what_a_dead_process_left_waiting_goes_on_when_the_next_one_starts(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    key = new_id()
    dead = Applier(database, FixedClock(AT), HANDLERS, service="parcels")
    for sequence in (2, 1):
        await dead.apply([wire(ParcelSent(parcel_id=key, grams=1), sequence)])
    assert await sequences_of(database, key) == [1]

    async def gone_on() -> bool:
        return await sequences_of(database, key) == [1, 2]

    async with _running(database, Log(), monkeypatch):
        await eventually(gone_on)


async def test_what_could_not_go_on_is_tried_until_it_does(database: Database, monkeypatch: pytest.MonkeyPatch):
    key, failed, free = new_id(), False, loop.free

    async def fails_once(database: Database, applier: Applier, keys: set[Key], *, service: str) -> int:
        nonlocal failed
        if keys and not failed:
            failed = True
            raise ConnectionResetError
        return await free(database, applier, keys, service=service)

    monkeypatch.setattr(loop, "free", fails_once)

    async def gone_on() -> bool:
        return await sequences_of(database, key) == [1, 2]

    records = [wire(ParcelSent(parcel_id=key, grams=1), sequence) for sequence in (2, 1)]
    async with _running(database, Log(records), monkeypatch):
        await eventually(gone_on)


async def test_what_waits_behind_an_event_that_an_operator_settled_goes_on_by_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """However much it is: whoever redrives takes a part, and the worker the rest, some at a time."""
    monkeypatch.setattr(loop, "_FREED_SECONDS", 0.0)
    monkeypatch.setattr(redrive, "AT_ONCE_MAX", 2)
    key = new_id()
    applier = Applier(database, FixedClock(AT), HANDLERS, service="parcels")
    await applier.apply([wire(ParcelSent(parcel_id=key, grams=2_000 if n == 1 else 1), n) for n in range(1, 8)])
    log = Log()
    async with _running(database, log, monkeypatch) as running:
        await eventually(lambda: not running.progress.fault)
        assert await sequences_of(database, key) == []
        await set_limit(database, 5_000)
        async with database.transaction() as tx:
            (first, *_) = await parked.list_waiting(tx)
            operator = Principal.service("operator")
            done = await redrive.redrive_event(tx, applier, first.id, by=operator, reason="a higher limit", at=AT)
            assert (done.applied, done.left) == (2, 5)

        async def gone_on() -> bool:
            return await sequences_of(database, key) == list(range(1, 8))

        await eventually(gone_on)
        assert 0.0 in log.waited, "while more can go on at once, nobody waits for new records"


@pytest.mark.promise("A17")
async def test_a_long_batch_commits_on_the_way_and_keeps_fetching_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(batch, "_LONG_SECONDS", 0.0)
    log = Log([wire(ParcelSent(parcel_id=new_id(), grams=1), 1) for _ in range(120)])

    async def done() -> bool:
        return len(await deliveries(database)) == 120 and sum(log.committed) == 120

    async with _running(database, log, monkeypatch):
        await eventually(done)
        assert log.committed == [50, 50, 20]
        assert log.fetched_paused == 2
        await eventually(lambda: not log.paused)
