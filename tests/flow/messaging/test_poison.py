"""Poison among good events on a real topic: all that is good is applied, and each poison is kept once, as it came."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from confluent_kafka import KafkaException, Producer

from common import parked
from common.event import WireRecord, new_id
from common.kafka_history import History, look_up
from common.parked import ParkedEvent
from tests.support import misnamed, poison
from tests.support.parcels.driver import rows, sequences_of, wire
from tests.support.parcels.events import ParcelNoticed, ParcelSent, ParcelWeighed
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually


@pytest.mark.promise("R6")
async def test_poison_of_every_kind_is_parked_once_and_all_that_is_good_is_applied(parcels: Parcels):
    good = [new_id() for _ in range(10)]
    made = {kind: one.make(new_id()) for kind, one in poison.KINDS.items()}
    await parcels.publish(*_mixed(good, list(made.values())))

    # Killed between its commit and its offsets, it is handed the same poison again.
    worker = parcels.worker("consumer.after_commit=kill9").start()
    assert worker.wait_for_end(90) == -9
    worker.start(FAILPOINTS="")
    await eventually(parcels.consumed, 90)

    counted = await rows(parcels.database, "SELECT DISTINCT events, grams, last_grams FROM tally")
    assert counted == [(len(made), sum(range(2, len(made) + 2)), len(made) + 1)]
    for key in good:
        assert await sequences_of(parcels.database, key) == [1]
    places = {_content(record): (record.partition, record.offset) for record in await parcels.topic()}
    kept = {_content(event.record): event for event in await _parked(parcels)}
    assert len(kept) == len(await _parked(parcels)) == len(made)
    for kind, record in made.items():
        event, wanted = kept[_content(record)], poison.KINDS[kind]
        assert event.reason == wanted.reason, kind
        assert (event.record.partition, event.record.offset) == places[_content(record)], kind
        assert event.trace_id == (poison.TRACE_ID if wanted.traced else None), kind
        assert poison.MARK not in event.detail, kind
    assert worker.exit_code() is None
    assert poison.MARK not in worker.log
    assert poison.NINES not in worker.log


@pytest.mark.promise("R6")
async def test_a_structured_event_is_as_good_as_a_binary_one_and_an_unused_type_holds_nothing_back(parcels: Parcels):
    key = new_id()
    structured = poison.in_structured_mode(wire(ParcelSent(parcel_id=key, grams=1), 1))
    unused = wire(ParcelNoticed(parcel_id=key), 2)
    headers = [(name, b"kr.other.sort.v1" if name == "ce_type" else value) for name, value in unused.headers]
    unknown = WireRecord(topic=unused.topic, key=unused.key, value=b"\xff", headers=headers)
    await parcels.publish(structured, unknown, wire(ParcelSent(parcel_id=key, grams=3), 3))
    parcels.worker().start()
    await eventually(lambda: _applied(parcels, key, [1, 3]))
    assert await _parked(parcels) == []


@pytest.mark.promise("R6")
async def test_a_header_whose_name_is_no_text_is_parked_with_its_bytes_and_the_client_that_breaks_on_it_goes_on(
    parcels: Parcels,
):
    keys = [new_id() for _ in range(6)]
    events = [wire(ParcelSent(parcel_id=key, grams=1), 1) for key in keys]
    bad = {keys[1], keys[3]}
    sent = [misnamed.as_sent(one, misnamed=key in bad) for key, one in zip(keys, events, strict=True)]
    topic = parcels.prefix + ParcelSent.TOPIC
    first = await misnamed.publish(
        parcels.bootstrap_servers, topic, 0, misnamed.batch(sent, zipped=True, misnamed=b"\xff\xfe-name")
    )
    later = new_id()
    await misnamed.publish(
        parcels.bootstrap_servers, topic, 0,
        misnamed.batch([misnamed.as_sent(wire(ParcelSent(parcel_id=later, grams=1), 1))]),
    )  # fmt: skip
    worker = parcels.worker().start()
    await eventually(parcels.consumed, 60)

    for key in [*keys, later]:
        assert await sequences_of(parcels.database, key) == ([] if key in bad else [1])
    kept = {event.record.offset: event for event in await _parked(parcels)}
    assert set(kept) == {first + 1, first + 3}
    event = kept[first + 1]
    assert (event.reason, event.detail) == ("undecodable", "the name of a header is not UTF-8")
    assert (event.record.partition, event.record.key, event.record.value) == (0, events[1].key, events[1].value)
    names = [name.encode(errors="surrogateescape") for name, _ in event.record.headers]
    assert names == [*(name.encode() for name, _ in events[1].headers), b"\xff\xfe-name"]
    assert worker.exit_code() is None

    # Who reads the whole log, and who looks up one place in it, come by it as well.
    async with History(parcels.options, [ParcelSent.TOPIC]) as history:
        read = [record.offset async for batch in history.to_the_end() for record in batch]
    assert read == [*range(first, first + 7)]
    at = {(ParcelSent.TOPIC, 0): first + 4}
    assert (await look_up(parcels.options, at))[ParcelSent.TOPIC, 0].key == events[4].key


@pytest.mark.promise("R6")
async def test_a_record_of_a_megabyte_does_not_even_reach_the_topic(parcels: Parcels):
    outcome: list[Any] = []
    sender = Producer({"bootstrap.servers": parcels.servers.bootstrap_servers, "message.max.bytes": 4_000_000})
    sender.produce(
        parcels.prefix + ParcelSent.TOPIC, b"x" * 1_000_000, on_delivery=lambda error, _: outcome.append(error)
    )
    await asyncio.to_thread(sender.flush, 20)
    assert isinstance(KafkaException(outcome[0]), KafkaException)
    assert outcome[0].name() == "MSG_SIZE_TOO_LARGE"


def _mixed(good: list[UUID], bad: list[WireRecord]) -> list[WireRecord]:
    """Every poison with an event of every good parcel after it, in the order of each parcel."""
    records = [wire(ParcelSent(parcel_id=key, grams=1), 1) for key in good]
    for number, record in enumerate(bad, start=2):
        records += [record, *(wire(ParcelWeighed(parcel_id=key, grams=number), number) for key in good)]
    return records


def _content(record: Any) -> tuple[Any, ...]:
    return record.key, record.value, tuple(record.headers)


async def _parked(parcels: Parcels) -> list[ParkedEvent]:
    async with parcels.database.transaction() as tx:
        return await parked.list_waiting(tx, limit=1_000)


async def _applied(parcels: Parcels, key: UUID, wanted: list[int]) -> bool:
    return await sequences_of(parcels.database, key) == wanted
