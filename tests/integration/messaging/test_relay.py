"""What the relay sends and in which order, with a Kafka of our own making."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import text

from common import relay
from common.db import Database
from common.event import WireRecord, new_id
from common.kafka import KafkaOptions, Published
from common.relay import Relay
from tests.support.parcels.driver import scalar, send, tell
from tests.support.parcels.events import DeliveryMade, ParcelSent
from tests.support.waiting import eventually

OPTIONS = KafkaOptions(bootstrap_servers="unused", client_id="tests")


class Broker:
    """Acknowledges all but the topics it does not have, and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[WireRecord] = []
        self.missing: set[str] = set()
        self.producers = 0

    def publisher(self, _options: KafkaOptions) -> "Broker":
        self.producers += 1
        return self

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def lost_a_connection(self) -> bool:
        return False

    async def publish(self, records: Sequence[WireRecord], **_deadline: float) -> Published:
        known = [record.topic not in self.missing for record in records]
        self.got += [record for record, is_known in zip(records, known, strict=True) if is_known]
        return Published(known, None, frozenset(record.topic for record in records) & self.missing)

    def sequences(self, key: UUID) -> list[int]:
        mine = [record for record in self.got if record.key == str(key).encode()]
        return [int(dict(record.headers)["ce_sequence"] or 0) for record in mine]


class Frozen(Broker):
    """Takes as long to acknowledge as its relay is frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep, self.wake = asyncio.Event(), asyncio.Event()

    async def publish(self, records: Sequence[WireRecord], **deadline: float) -> Published:
        self.asleep.set()
        await self.wake.wait()
        return await super().publish(records, **deadline)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker()
    monkeypatch.setattr(relay, "Publisher", made.publisher)
    monkeypatch.setattr(relay, "_BATCH_ROWS", 2)
    return made


@asynccontextmanager
async def _running(database: Database) -> AsyncIterator[Relay]:
    stop, made = asyncio.Event(), Relay(database, OPTIONS)
    task = asyncio.create_task(made.run(stop))
    try:
        yield made
    finally:
        stop.set()
        await task


def _unpublished(database: Database, wanted: int) -> Callable[[], object]:
    async def look() -> bool:
        return await scalar(database, "SELECT count(*) FROM outbox WHERE published_at IS NULL") == wanted

    return look


@pytest.mark.promise("I5")
async def test_an_event_committed_late_goes_before_the_next_of_its_key(
    database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
):
    """While a batch is on its way the next one is selected: by then a smaller id may have been committed."""
    late, selects, original = new_id(), 0, Relay._select

    async def select(self: Relay, *given: object, **more: object) -> object:
        nonlocal selects
        selects += 1
        if selects == 2:
            committed.set()
            await done.wait()
        return await original(self, *given, **more)  # type: ignore[arg-type]

    committed, done = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(Relay, "_select", select)

    async def commit_late() -> None:
        async with database.transaction() as slow:
            await tell(slow, ParcelSent(parcel_id=late, grams=1))
            for _ in range(2):
                await send(database, new_id(), 1)
            ready.set()
            await committed.wait()
        await send(database, late, 2, 3)
        done.set()

    ready = asyncio.Event()
    slow = asyncio.create_task(commit_late())
    await ready.wait()
    async with _running(database):
        await eventually(_unpublished(database, 0))
    await slow
    assert broker.sequences(late) == [1, 2, 3]
    assert len(broker.got) == 5, "an event was sent twice without need"


async def test_a_topic_that_kafka_does_not_have_holds_up_no_other(database: Database, broker: Broker):
    broker.missing.add(DeliveryMade.TOPIC)
    for _ in range(5):
        async with database.transaction() as tx:
            await tell(tx, DeliveryMade(parcel_id=new_id(), grams=1))
    parcel = new_id()
    await send(database, parcel, 1, 2, 3)
    async with _running(database) as running:
        await eventually(_unpublished(database, 5))
        await send(database, parcel, 4)
        await eventually(_unpublished(database, 5))
        assert broker.sequences(parcel) == [1, 2, 3, 4]
        assert broker.producers == 1, "the producer is well"
        await eventually(lambda: running.state.oldest is not None)
        assert DeliveryMade.TOPIC in running.state.fault


async def test_what_waited_for_its_topic_leaves_once_there_is_one(
    database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay, "_HOLD_SECONDS", 0.0)
    broker.missing.add(ParcelSent.TOPIC)
    parcel = new_id()
    await send(database, parcel, 1, 2, 3)
    async with _running(database) as running:
        await eventually(lambda: ParcelSent.TOPIC in running.state.fault)
        broker.missing.clear()
        await eventually(_unpublished(database, 0))
        assert broker.sequences(parcel) == [1, 2, 3]
        await eventually(lambda: running.state.fault == "", what="the relay is well, which it knows after its mark")


async def test_a_relay_that_does_not_lead_has_nothing_to_complain_of(database: Database, broker: Broker):
    """What waited when it lost the lead is the next leader's business."""
    await send(database, new_id(), 1)
    async with _running(database) as leader:
        await eventually(lambda: leader.state.leading)
        follower = Relay(database, OPTIONS)
        await send(database, new_id(), 1)
        follower.state.oldest = relay._real_time.now().replace(year=2020)
        stop = asyncio.Event()
        task = asyncio.create_task(follower.run(stop))
        await eventually(lambda: follower.state.complaint() == "")
        stop.set()
        await task


@pytest.mark.promise("R40", "I5")
async def test_a_leader_that_stands_still_loses_its_lease_and_changes_nothing_when_it_wakes(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    first, second, key = Frozen(), Broker(), new_id()
    made = iter([first, second, *(second for _ in range(10))])
    monkeypatch.setattr(relay, "Publisher", lambda _options: next(made))
    monkeypatch.setattr(relay, "_LEASE_SECONDS", 2)
    # A leader asks its database far more often than that, as the shipped one does: it must not lose its lease by itself.
    monkeypatch.setattr(relay, "_POLL_SECONDS", 0.1)
    async with _running(database) as sleeper:
        await eventually(lambda: sleeper.state.leading)
        # Committed as one, so that the sleeper has both in its hands.
        async with database.transaction() as tx:
            for grams in (1, 2):
                await tell(tx, ParcelSent(parcel_id=key, grams=grams))
        await eventually(first.asleep.is_set)
        async with _running(database) as other:
            await eventually(lambda: other.state.leading)
            await send(database, key, 3)
            await eventually(_unpublished(database, 0))
            assert second.sequences(key) == [1, 2, 3]
            marked = await scalar(database, "SELECT max(published_at) FROM outbox")
            first.wake.set()
            await eventually(lambda: first.got)
            await eventually(lambda: not sleeper.state.leading)
            await send(database, key, 4)
            await eventually(_unpublished(database, 0))
            assert other.state.leading
            assert first.sequences(key) == [1, 2], "the sleeper went on to send"
            assert second.sequences(key) == [1, 2, 3, 4]
            stamp = "SELECT max(published_at) FROM outbox WHERE sequence <= 3"
            assert await scalar(database, stamp) == marked


async def test_a_batch_is_read_in_the_order_of_the_index_before_anything_is_known_of_the_table(database: Database):
    """Without statistics a planner would rather read and sort all that is unmarked, for each batch."""
    async with database.dedicated() as connection:
        reader = (await connection.get_raw_connection()).driver_connection
        await reader.execute(
            """
            INSERT INTO outbox (event_id, type, topic, key, sequence, payload, occurred_at, correlation_id)
            SELECT uuidv7(), 'a', 'b', uuidv7(), 1, repeat('x', 400)::bytea, now(), 'c' FROM generate_series(1, 3000)
            """
        )
        await reader.execute(relay._READ_IN_ORDER)
        plan = "\n".join(row[0] for row in await reader.fetch(f"EXPLAIN {relay._SELECT}", [], [], 500))
    assert "Index Scan using outbox_unpublished_idx" in plan, plan
    assert "Sort" not in plan, plan


async def test_a_topic_that_aged_while_nothing_happened_is_not_taken_for_a_lost_one(
    database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
):
    """Nothing stands any more where its last record did: of a topic that is kept for ever that is a loss."""

    async def nothing(*_: object) -> dict[object, object]:
        return {}

    monkeypatch.setattr(relay, "look_up", nothing)
    kept: dict[str, int] = {}
    monkeypatch.setattr(relay, "kept_days", lambda: kept)
    key = new_id()
    await send(database, key, 1)
    async with _running(database):
        await eventually(_unpublished(database, 0))
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO log_place (side, topic, partition, kafka_offset, event_id)"
                " SELECT 'sent', topic, 0, 0, event_id FROM outbox"
            )
        )
    for age, days, leaves in ((91, None, False), (1, 90, False), (91, 90, True)):
        kept.clear()
        if days is not None:
            kept[ParcelSent.TOPIC] = days
        async with database.transaction() as tx:
            await tx.execute(
                text("UPDATE outbox SET published_at = now() - make_interval(days => :age) WHERE sequence = 1"),
                {"age": age},
            )
        if not await scalar(database, "SELECT count(*) FROM outbox WHERE sequence = 2"):
            await send(database, key, 2)
        async with _running(database) as running:
            if leaves:
                await eventually(_unpublished(database, 0))
            else:
                await eventually(
                    lambda running=running: "is not the one that was written before" in running.state.fault
                )
    assert broker.sequences(key) == [1, 2]
