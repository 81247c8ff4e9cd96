"""Events as the shipped code makes them, and records as they lie in the log, for anchors, peers and drains."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from common.event import Envelope, WireRecord, encode, encode_data, new_id
from common.kafka import PARTITIONS
from contracts.applicant import ApplicationSubmitted

MOMENT = datetime(2026, 3, 20, 1, 0, tzinfo=UTC)
CALL_ID = UUID("01900000-0000-7000-8000-000000000001")
_BATCH_BYTES = 480_000

_partition_of = DefaultPartitioner()
_partitions = list(range(PARTITIONS))


def submitted(application_id: UUID) -> ApplicationSubmitted:
    """The hottest event of the programme: an application is handed in."""
    return ApplicationSubmitted(
        application_id=application_id,
        call_id=CALL_ID,
        type_code="JS2",
        municipality_code="52130",
        company_id=CALL_ID,
        total_cost_won=60_000_000,
        submitted_at=MOMENT,
    )


def envelope_of(event: ApplicationSubmitted, *, sequence: int = 1) -> Envelope:
    return Envelope(
        event_id=new_id(),
        type=event.TYPE,
        topic=event.TOPIC,
        key=event.key,
        sequence=sequence,
        occurred_at=MOMENT,
        recorded_at=MOMENT,
        correlation_id=str(new_id()),
        causation_id=str(new_id()),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )


def wire_events(count: int) -> list[WireRecord]:
    """Records of so many different applications."""
    events = [submitted(new_id()) for _ in range(count)]
    return [encode(envelope_of(event), encode_data(event)) for event in events]


def partition(key: bytes | None) -> int:
    """The partition every producer of ours chooses."""
    found: int = _partition_of(key or b"", _partitions, _partitions)
    return found


async def send_batches(producer: AIOKafkaProducer, topic: str, records: Iterable[WireRecord]) -> None:
    """Send with one pre-built batch per partition and size: the fastest aiokafka knows."""
    by_partition: dict[int, list[WireRecord]] = {}
    for record in records:
        by_partition.setdefault(partition(record.key), []).append(record)
    waiting: list[Any] = []
    for number, some in by_partition.items():
        waiting += await _send_partition(producer, topic, number, some)
    await asyncio.gather(*waiting)


async def _send_partition(
    producer: AIOKafkaProducer, topic: str, number: int, records: Sequence[WireRecord]
) -> list[Any]:
    sent, batch = [], producer.create_batch()
    for record in records:
        content = {"key": record.key, "value": record.value, "headers": list(record.headers), "timestamp": None}
        if batch.append(**content) is None:
            sent.append(await producer.send_batch(batch, topic, partition=number))
            batch = producer.create_batch()
            batch.append(**content)
    sent.append(await producer.send_batch(batch, topic, partition=number))
    return sent


def producer(bootstrap_servers: str, *, idempotent: bool = True) -> AIOKafkaProducer:
    """A producer with the promises that the shipped one gives; without idempotence to see what that costs."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers,
        acks="all",
        enable_idempotence=idempotent,
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
        max_request_size=524_288,
    )
