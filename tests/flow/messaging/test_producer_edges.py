"""What the producer's library does when Kafka fails, and that it costs no event (docs/kafka-edges.md)."""

import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from common import kafka
from common.event import WireRecord, new_id
from common.kafka import KafkaFault, KafkaOptions, Publisher
from tests.flow.messaging.conftest import Parcels
from tests.support.parcels.driver import wire
from tests.support.parcels.events import ParcelSent
from tests.support.waiting import eventually


def parcel() -> WireRecord:
    return wire(ParcelSent(parcel_id=new_id(), grams=1), 1)


@asynccontextmanager
async def _publisher(parcels: Parcels) -> AsyncIterator[Publisher]:
    """One that has published, so that it knows its topics and has its producer id."""
    made = Publisher(parcels.options)
    await made.start()
    try:
        assert (await made.publish([parcel()], deadline_seconds=30)).fault is None
        yield made
    finally:
        await made.close()


@pytest.fixture
async def publisher(parcels: Parcels) -> AsyncIterator[Publisher]:
    async with _publisher(parcels) as made:
        yield made


async def works(parcels: Parcels, *records: WireRecord) -> bool:
    """Whether another producer delivers what the spoilt one did not."""
    other = Publisher(parcels.options)
    await other.start()
    try:
        return all((await other.publish(records, deadline_seconds=30)).acknowledged)
    finally:
        await other.close()


@pytest.mark.promise("A1", "A2", "A3")
async def test_a_send_without_an_answer_ends_by_the_deadline_and_may_arrive_all_the_same(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(kafka, "_STOP_SECONDS", 1.0)

    async def times(record: WireRecord) -> int:
        return Counter(one.key for one in await parcels.topic())[record.key]

    for _ in range(5):
        record = await _given_up(parcels)
        # A broker that was away too long for its controller refuses the record when it goes on: it is lost then.
        with contextlib.suppress(AssertionError):
            await eventually(lambda given_up=record: times(given_up), 5)
            break
    else:
        pytest.fail("none of five records that were given up and not withdrawn arrived")
    assert await works(parcels, record)
    assert await times(record) == 2, "a duplicate is what it costs: the inbox of the consumer drops it"


async def _given_up(parcels: Parcels) -> WireRecord:
    """A record that was handed to a broker that stands still, by a producer that has since ended."""
    record = parcel()
    async with _publisher(parcels) as publisher:
        with parcels.servers.kafka.frozen():
            began = time.monotonic()
            published = await publisher.publish([record], deadline_seconds=0.5)
            assert time.monotonic() - began < 20, "an idempotent batch never expires by itself"
            assert (published.acknowledged, published.fault) == ([False], "no acknowledgement before the deadline")
            began = time.monotonic()
            await publisher.close()
            assert time.monotonic() - began < 20, "a producer with unsent records waits for ever to flush them"
    return record


@pytest.mark.promise("A4")
async def test_a_producer_whose_sequence_is_out_of_order_is_replaced(parcels: Parcels, publisher: Publisher):
    record = parcel()
    assert (await publisher.publish([record], deadline_seconds=30)).fault is None
    numbers = publisher._producer._txn_manager._sequence_numbers
    for partition in range(6):
        numbers[kafka.TopicPartition(parcels.prefix + record.topic, partition)] += 7
    published = await publisher.publish([record], deadline_seconds=2)
    assert published.acknowledged == [False]
    assert published.fault, "a fault is what makes the relay take another producer"
    assert await works(parcels, record)


@pytest.mark.promise("A5", "A6")
async def test_records_are_acknowledged_by_all_replicas_and_numbered(publisher: Publisher):
    sender = publisher._producer._sender
    assert sender._acks == -1
    assert sender._txn_manager is not None
    assert sender._txn_manager.has_pid()


@pytest.mark.promise("A7")
async def test_a_producer_whose_task_was_cancelled_does_not_hang_its_owner(parcels: Parcels, publisher: Publisher):
    record = parcel()
    publisher._producer._sender.sender_task.cancel()
    published = await publisher.publish([record], deadline_seconds=1)
    assert published.acknowledged == [False]
    assert published.fault
    assert await works(parcels, record)


@pytest.mark.promise("A23")
async def test_without_a_broker_the_start_fails_at_once_and_leaves_nothing_open(parcels: Parcels):
    nowhere = KafkaOptions(bootstrap_servers=f"127.0.0.1:{parcels.servers.free_port()}", client_id="drill")
    publisher = Publisher(nowhere)
    with pytest.raises(KafkaFault, match="no connection to Kafka"):
        await publisher.start()
    await publisher.close()
