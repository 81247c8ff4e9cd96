"""The limits of Kafka: what aiokafka sends and fetches with nothing around it, and librdkafka beside it.

It also fills topics for the drains that are measured, and reads them back: nothing missing, nothing out of order.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from confluent_kafka import Consumer as RdConsumer
from confluent_kafka import Producer as RdProducer
from confluent_kafka import TopicPartition as RdPartition

from common.event import WireRecord, open_envelope
from common.kafka import PARTITIONS
from tools.bench.events import producer, send_batches, wire_events
from tools.bench.parts import Answer, serve
from tools.bench.workload import mixed

RAW_TOPIC = "bench.raw.v1"
_ROUND = 1000
_READ_SECONDS = 30.0
_RD_QUEUED = 50_000

_producers: dict[tuple[str, bool], AIOKafkaProducer] = {}
_memory: list[WireRecord] = []


async def _ready(bootstrap_servers: str, *, idempotent: bool = True) -> AIOKafkaProducer:
    if (bootstrap_servers, idempotent) not in _producers:
        made = producer(bootstrap_servers, idempotent=idempotent)
        await made.start()
        _producers[bootstrap_servers, idempotent] = made
        _memory[:] = _memory or wire_events(_ROUND)
    return _producers[bootstrap_servers, idempotent]


async def send_and_gather(bootstrap_servers: str, seconds: float) -> Answer:
    """`send()` for each of a thousand records, then wait for them all; again until the time is up."""
    sender, count = await _ready(bootstrap_servers), 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        sent = [
            await sender.send(RAW_TOPIC, key=one.key, value=one.value, headers=list(one.headers)) for one in _memory
        ]
        await asyncio.gather(*sent)
        count += len(sent)
    return {"operations": count, "seconds": time.monotonic() - began}


async def send_pre_built(bootstrap_servers: str, seconds: float, *, idempotent: bool = True) -> Answer:
    """One pre-built batch per partition of a thousand records, its partitions known."""
    sender, count = await _ready(bootstrap_servers, idempotent=idempotent), 0
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        await send_batches(sender, RAW_TOPIC, _memory)
        count += len(_memory)
    return {"operations": count, "seconds": time.monotonic() - began}


async def send_with_librdkafka(bootstrap_servers: str, seconds: float) -> Answer:
    """The C library with the same promises and its own lingering: produce without a pause, flush at the end."""
    await _ready(bootstrap_servers)
    return await asyncio.to_thread(_send_with_librdkafka, bootstrap_servers, seconds)


def _send_with_librdkafka(bootstrap_servers: str, seconds: float) -> Answer:
    refused: list[object] = []
    sender, count = RdProducer({"bootstrap.servers": bootstrap_servers, "enable.idempotence": True}), 0
    # The topic's metadata and the producer's id, before the clock starts.
    sender.produce(RAW_TOPIC, value=_memory[0].value, key=_memory[0].key)
    sender.flush(_READ_SECONDS)

    def told(error: object, _message: object) -> None:
        if error is not None:
            refused.append(error)

    began = time.monotonic()
    while time.monotonic() - began < seconds:
        for one in _memory:
            sender.produce(RAW_TOPIC, value=one.value, key=one.key, headers=list(one.headers), on_delivery=told)
        count += len(_memory)
        while len(sender) > _RD_QUEUED:
            sender.poll(0.005)
    left = sender.flush(_READ_SECONDS)
    return {"operations": count - left - len(refused), "seconds": time.monotonic() - began}


async def fill(bootstrap_servers: str, topic: str, count: int, *, mix: bool = False) -> Answer:
    """Put events into a topic: so many, or with deliveries again and poison among them."""
    sender = await _ready(bootstrap_servers)
    events = wire_events(count)
    load = mixed(events) if mix else events
    await send_batches(sender, topic, load)
    return {"records": len(load), "events": count}


async def ends(bootstrap_servers: str, topic: str) -> Answer:
    """Where each partition of the topic ends now."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)
    await reader.start()
    try:
        found = await reader.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
    finally:
        await reader.stop()
    return {"ends": {str(place.partition): offset for place, offset in found.items()}}


async def read_back(bootstrap_servers: str, topic: str, starts: dict[str, int], count: int) -> Answer:
    """Read what came after `starts`: how many events, how many again, how many out of their key's order."""
    ids: set[object] = set()
    latest: dict[object, int] = {}
    again = disordered = 0
    for record in await _records(bootstrap_servers, topic, starts, count):
        envelope, _ = open_envelope(WireRecord(topic=topic, key=record.key, value=record.value, headers=record.headers))
        if envelope.event_id in ids:
            again += 1
            continue
        ids.add(envelope.event_id)
        disordered += envelope.sequence != latest.get(envelope.key, 0) + 1
        latest[envelope.key] = envelope.sequence
    return {"events": len(ids), "again": again, "disordered": disordered}


async def get_many(bootstrap_servers: str, count: int) -> Answer:
    """`getmany` of what `fill` has put there, with nothing done to it."""
    starts = (await ends(bootstrap_servers, RAW_TOPIC))["ends"]
    await fill(bootstrap_servers, RAW_TOPIC, count)
    began = time.monotonic()
    records = await _records(bootstrap_servers, RAW_TOPIC, starts, count)
    return {"operations": len(records), "seconds": time.monotonic() - began}


async def get_with_librdkafka(bootstrap_servers: str, count: int) -> Answer:
    """The same with the C library."""
    starts = (await ends(bootstrap_servers, RAW_TOPIC))["ends"]
    await fill(bootstrap_servers, RAW_TOPIC, count)
    return await asyncio.to_thread(_get_with_librdkafka, bootstrap_servers, starts, count)


def _get_with_librdkafka(bootstrap_servers: str, starts: dict[str, int], count: int) -> Answer:
    reader = RdConsumer({"bootstrap.servers": bootstrap_servers, "group.id": "bench-rd", "enable.auto.commit": False})
    reader.assign([RdPartition(RAW_TOPIC, int(number), offset) for number, offset in starts.items()])
    seen, began = 0, time.monotonic()
    while seen < count and time.monotonic() - began < _READ_SECONDS:
        seen += len(reader.consume(num_messages=500, timeout=1.0))
    seconds = time.monotonic() - began
    reader.close()
    return {"operations": seen, "seconds": seconds}


async def round_trips(bootstrap_servers: str, topic: str, rate: float, count: int) -> Answer:
    """Milliseconds from `send` to `getmany`, of single records at random moments with this mean rate."""
    sender = await _ready(bootstrap_servers)
    starts = (await ends(bootstrap_servers, topic))["ends"]
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, fetch_max_wait_ms=500)
    await reader.start()
    _assign(reader, topic, starts)
    left: dict[bytes, float] = {}
    taken: list[float] = []

    async def read() -> None:
        while len(taken) < count:
            for batch in (await reader.getmany(timeout_ms=500)).values():
                now = time.monotonic()
                taken.extend(now - left[one.value] for one in batch)

    reading = asyncio.create_task(read())
    due = time.monotonic()
    chance = random.Random(count)  # noqa: S311  reproducible
    for number in range(count):
        one = f"{number:0591d}".encode()
        due += chance.expovariate(rate)
        if (wait := due - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        left[one] = time.monotonic()
        await sender.send(topic, value=one, partition=number % PARTITIONS)
    await asyncio.wait_for(reading, _READ_SECONDS)
    await reader.stop()
    return {"milliseconds": [round(one * 1000, 3) for one in sorted(taken)]}


async def _records(bootstrap_servers: str, topic: str, starts: dict[str, int], count: int) -> Sequence[Any]:
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, max_partition_fetch_bytes=1_048_576)
    await reader.start()
    _assign(reader, topic, starts)
    found: list[Any] = []
    until = time.monotonic() + _READ_SECONDS
    try:
        while len(found) < count and time.monotonic() < until:
            for batch in (await reader.getmany(timeout_ms=300, max_records=1000)).values():
                found += batch
    finally:
        await reader.stop()
    return found


def _assign(reader: AIOKafkaConsumer, topic: str, starts: dict[str, int]) -> None:
    places = {TopicPartition(topic, int(number)): offset for number, offset in starts.items()}
    reader.assign(list(places))
    for place, offset in places.items():
        reader.seek(place, offset)


if __name__ == "__main__":
    serve(
        {
            "send_and_gather": send_and_gather,
            "send_pre_built": send_pre_built,
            "send_with_librdkafka": send_with_librdkafka,
            "fill": fill,
            "ends": ends,
            "read_back": read_back,
            "get_many": get_many,
            "get_with_librdkafka": get_with_librdkafka,
            "round_trips": round_trips,
        }
    )
