"""Writes an event into the transaction of what it tells, so that both are committed or neither.

The caller holds the lock of the aggregate's row: then sequences and ids of one key are in the order of its commits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from opentelemetry import trace
from sqlalchemy import text

from common import context, last_words, log_places, schema
from common.db import Transaction, announce_after_commit
from common.event import DomainEvent, encode_data, new_id

RELAY_LOCK = 0x6F7574626F78  # "outbox"
"""The advisory lock of whoever carries this database's events to Kafka: there is one relay leader."""

_tracer = trace.get_tracer("common.outbox")
_Event = TypeVar("_Event", bound=DomainEvent)

_SEND_AGAIN_FROM = text(
    """
    UPDATE outbox SET published_at = NULL FROM outbox AS one
    WHERE one.event_id = :event_id AND outbox.topic = one.topic AND outbox.key = one.key
        AND outbox.sequence >= one.sequence AND outbox.published_at IS NOT NULL
    RETURNING outbox.event_id
    """
)
_SEND_AGAIN = text("UPDATE outbox SET published_at = NULL WHERE topic = :topic AND published_at IS NOT NULL")

_TOLD = text("SELECT payload FROM outbox WHERE event_id = :event_id")


class EventTooLarge(Exception):
    """The event's data is larger than a row may be: the command that made it is wrong, and nothing is committed."""


async def record(tx: Transaction, event: DomainEvent, *, at: datetime, event_id: UUID | None = None) -> None:
    """Add the event to the transaction; `at` is the programme time at which it happened. It is written last.

    An event that follows from another one may have an id that follows from the other's: it cannot be told twice.
    """
    last_words.of(tx).events.append(_row(event, at, event_id or new_id()))
    announce_after_commit(tx)


async def told(tx: Transaction, event_id: UUID, cls: type[_Event]) -> _Event | None:
    """The event of this id as the outbox holds it, as after `restored` has taken it back from Kafka; or nothing."""
    payload = (await tx.execute(_TOLD, {"event_id": event_id})).scalar_one_or_none()
    return None if payload is None else msgspec.json.decode(payload, type=cls)


async def record_many(tx: Transaction, events: Sequence[DomainEvent], *, at: datetime) -> None:
    """Add many events in their order; the caller holds the locks of all their aggregates."""
    if events:
        last_words.of(tx).events.extend(_row(event, at, new_id()) for event in events)
        announce_after_commit(tx)


async def send_again(tx: Transaction, topic: str) -> int:
    """Let the relay send a topic's whole history once more, in its order, into whatever log Kafka has of it now."""
    result = await tx.execute(_SEND_AGAIN, {"topic": topic})
    await log_places.forget(tx, log_places.SENT, topic)
    announce_after_commit(tx)
    return result.rowcount


async def send_again_from(tx: Transaction, event_id: UUID) -> list[UUID]:
    """Let the relay send an event again with all that was sent of its key after it; returns the ids of what it sends.

    It is what is seen of a relay that was killed after sending and before marking: a key's end once more, in order.
    """
    sent = (await tx.execute(_SEND_AGAIN_FROM, {"event_id": event_id})).scalars().all()
    announce_after_commit(tx)
    return list(sent)


def _traceparent(span: trace.SpanContext) -> str | None:
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def _row(event: DomainEvent, at: datetime, event_id: UUID) -> dict[str, object]:
    payload = encode_data(event)
    if len(payload) > schema.MAX_PAYLOAD_BYTES:
        raise EventTooLarge(f"{event.TYPE} has {len(payload)} bytes of data, {schema.MAX_PAYLOAD_BYTES} are allowed")
    with _tracer.start_as_current_span(
        f"create {event.TOPIC}",
        kind=trace.SpanKind.PRODUCER,
        attributes={
            "messaging.system": "kafka",
            "messaging.operation.type": "create",
            "messaging.destination.name": event.TOPIC,
            "messaging.message.id": str(event_id),
            "cloudevents.event_type": event.TYPE,
        },
    ) as span:
        return {
            "event_id": event_id,
            "type": event.TYPE,
            "topic": event.TOPIC,
            "key": event.key,
            "payload": payload,
            "at": at,
            "correlation_id": context.correlation_id.get() or str(event_id),
            "causation_id": context.causation_id.get(),
            "traceparent": _traceparent(span.get_span_context()),
            "told_by": context.actor.get(),
        }
