"""What stood where in Kafka's logs, kept in our own database: a log that was lost, cut or made anew is recognised.

Offsets alone cannot tell: they are lost together with the log, or fit a new one by chance. So of each partition one
record is remembered, by its offset and its event's id: the last one that was acknowledged to the relay (`sent`) and the
last one that this service was done with (`heard`). Where another record stands there, or none, nothing is sent and
nothing is skipped until an operator says how to go on (docs/runbook/kafka-data-lost.md).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, INTEGER
from sqlalchemy.types import Text, Uuid

from common import telemetry
from common.db import Transaction
from common.event import Envelope, Undecodable, WireRecord, open_envelope
from common.schema import log_place

SENT, HEARD = "sent", "heard"
BEYOND = "beyond"
"""Of a log that goes on behind the last record that was sent, with events that this service does not know."""

_AT_THE_START = -1

_lost = telemetry.gauge(
    "kafka.log.lost",
    "{topic}",
    "1 when the log of a topic is not the one that was written or read before, by topic and side (sent, heard): events "
    "of that topic stand still until an operator republishes it or lets its listeners read it again. On the side "
    "beyond it holds events of this service that its database, restored to an earlier moment, does not know.",
)

NOTE_SENT = """
    INSERT INTO log_place AS known (side, topic, partition, kafka_offset, event_id)
    SELECT 'sent', topic, partition, kafka_offset, event_id
    FROM unnest($1::text[], $2::int[], $3::bigint[], $4::uuid[]) AS given (topic, partition, kafka_offset, event_id)
    ON CONFLICT (side, topic, partition)
    DO UPDATE SET kafka_offset = excluded.kafka_offset, event_id = excluded.event_id
    WHERE known.kafka_offset <= excluded.kafka_offset
    RETURNING 1
"""
"""For the relay's own connection. Fewer rows than were given come back when a log went back: it is another one."""

_NOTE_SENT = text(
    """
    INSERT INTO log_place AS known (side, topic, partition, kafka_offset, event_id)
    SELECT 'sent', topic, partition, kafka_offset, event_id
    FROM unnest(:topics, :partitions, :offsets, :ids) AS given (topic, partition, kafka_offset, event_id)
    ON CONFLICT (side, topic, partition)
    DO UPDATE SET kafka_offset = excluded.kafka_offset, event_id = excluded.event_id
    """
).bindparams(
    bindparam("topics", type_=ARRAY(Text)),
    bindparam("partitions", type_=ARRAY(INTEGER)),
    bindparam("offsets", type_=ARRAY(BIGINT)),
    bindparam("ids", type_=ARRAY(Uuid)),
)

_NOTE_HEARD = text(
    """
    INSERT INTO log_place AS known (side, topic, partition, kafka_offset, event_id)
    SELECT 'heard', topic, partition, kafka_offset, event_id
    FROM unnest(:topics, :partitions, :offsets, :ids) AS given (topic, partition, kafka_offset, event_id)
    ORDER BY topic, partition
    ON CONFLICT (side, topic, partition)
    DO UPDATE SET kafka_offset = excluded.kafka_offset, event_id = excluded.event_id
    WHERE known.kafka_offset <= excluded.kafka_offset AND known.event_id IS NOT NULL
    """
).bindparams(
    bindparam("topics", type_=ARRAY(Text)),
    bindparam("partitions", type_=ARRAY(INTEGER)),
    bindparam("offsets", type_=ARRAY(BIGINT)),
    bindparam("ids", type_=ARRAY(Uuid)),
)


class Partition(NamedTuple):
    """One partition of a topic, named without an installation's prefix."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands and whose it is; without an event it means: begin at the start of the log."""

    offset: int
    event_id: UUID | None


def columns(places: Mapping[Partition, Place]) -> tuple[list[str], list[int], list[int], list[UUID | None]]:
    """The places as the arrays that the statement takes."""
    return (
        [partition.topic for partition in places],
        [partition.number for partition in places],
        [place.offset for place in places.values()],
        [place.event_id for place in places.values()],
    )


async def note_heard(tx: Transaction, places: Mapping[Partition, Place]) -> None:
    """Remember, in the transaction of their effects, up to where the log was read and what stood there."""
    if places:
        topics, partitions, offsets, ids = columns(places)
        await tx.execute(_NOTE_HEARD, {"topics": topics, "partitions": partitions, "offsets": offsets, "ids": ids})


async def note_sent(tx: Transaction, places: Mapping[Partition, Place]) -> None:
    """Remember what was found at the ends of the logs as what this service has sent last."""
    if places:
        topics, partitions, offsets, ids = columns(places)
        await tx.execute(_NOTE_SENT, {"topics": topics, "partitions": partitions, "offsets": offsets, "ids": ids})


async def known(tx: Transaction, side: str, topics: Iterable[str]) -> dict[Partition, Place]:
    """What is remembered of these topics."""
    columns_ = log_place.c.topic, log_place.c.partition, log_place.c.kafka_offset, log_place.c.event_id
    rows = await tx.execute(select(*columns_).where(log_place.c.side == side, log_place.c.topic.in_(list(topics))))
    return {Partition(row.topic, row.partition): Place(row.kafka_offset, row.event_id) for row in rows}


async def forget(tx: Transaction, side: str, topic: str) -> None:
    """Forget what stood in a topic's log: whatever there is now is the one to go on with."""
    await tx.execute(delete(log_place).where(log_place.c.side == side, log_place.c.topic == topic))


async def begin_again(tx: Transaction, topic: str, *, partitions: int) -> None:
    """Have this service read the topic's log from its start, whatever was read before; it skips what it has."""
    await forget(tx, HEARD, topic)
    rows = [
        {"side": HEARD, "topic": topic, "partition": number, "kafka_offset": _AT_THE_START, "event_id": None}
        for number in range(partitions)
    ]
    await tx.execute(insert(log_place), rows)


async def begun(tx: Transaction, partitions: Iterable[Partition]) -> None:
    """Note that these are being read from the start."""
    for topic, number in partitions:
        here = (log_place.c.side == HEARD, log_place.c.topic == topic, log_place.c.partition == number)
        await tx.execute(delete(log_place).where(*here, log_place.c.kafka_offset == _AT_THE_START))


def stands(place: Place, record: WireRecord | None) -> bool:
    """Tell whether what is found at a place is what stood there."""
    if record is None or record.offset != place.offset:
        return False
    try:
        return open_envelope(record)[0].event_id == place.event_id
    except Undecodable:
        return False


def readable(records: Iterable[WireRecord]) -> Iterator[tuple[WireRecord, Envelope, bytes]]:
    """The records that are events, opened, each with its data unread; what is none no service of ours has told."""
    for record in records:
        try:
            envelope, data = open_envelope(record)
        except Undecodable:
            continue
        yield record, envelope, data


def last_places(opened: Iterable[tuple[WireRecord, Envelope]]) -> dict[Partition, Place]:
    """Of each partition the last of these events, and where it stands."""
    return {
        Partition(record.topic, record.partition): Place(record.offset, envelope.event_id)
        for record, envelope in opened
    }


def tell(side: str, topics: Iterable[str], lost: Iterable[str]) -> None:
    """Say, in numbers that an alert can rest on, which of the topics are lost and which are not."""
    gone = set(lost)
    for topic in topics:
        _lost.set(int(topic in gone), {"side": side, "topic": topic})
