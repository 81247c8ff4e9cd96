"""Events as Kafka would hand them over."""

from datetime import datetime
from uuid import UUID

from common.event import DomainEvent, Envelope, WireRecord, encode, encode_data, new_id


def wire(
    event: DomainEvent, sequence: int, *, at: datetime, offset: int = 0, event_id: UUID | None = None
) -> WireRecord:
    """A record of this event, as it lies in the log."""
    envelope = Envelope(
        event_id=event_id or new_id(),
        type=event.TYPE,
        topic=event.TOPIC,
        key=event.key,
        sequence=sequence,
        occurred_at=at,
        recorded_at=at,
        correlation_id="test",
    )
    made = encode(envelope, encode_data(event))
    return WireRecord(
        topic=made.topic, partition=0, offset=offset, key=made.key, value=made.value, headers=made.headers
    )
