"""What of an event partners see, told once on their topic and in their feed, and the order that the feed gets.

This is the one place that says which events leave for Samsung and with which fields; webhooks ask it too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from common import context, outbox
from common.auth import Principal
from common.consumer import Received, Statement
from common.consumer.telling import tell as tell_event
from common.db import Transaction
from common.event import DomainEvent, encode_data
from contracts.applicant import AgreementEffective, InterimInspectionPassed, ProjectSelected, ProjectTerminated
from contracts.mentoring import (
    ImprovementItemClosed,
    MentorTrainingCompleted,
    ResidencyAssigned,
    ResidencyEnded,
    ResidencyStarted,
)
from contracts.partner import (
    PartnerAgreementEffective,
    PartnerInspectionPassed,
    PartnerItemClosed,
    PartnerProjectSelected,
    PartnerProjectTerminated,
    PartnerResidencyAssigned,
    PartnerResidencyEnded,
    PartnerResidencyStarted,
    PartnerTrainingCompleted,
)
from metrics.partners import store

_SEEN_AS: Mapping[type[DomainEvent], type[DomainEvent]] = {
    MentorTrainingCompleted: PartnerTrainingCompleted,
    ProjectSelected: PartnerProjectSelected,
    AgreementEffective: PartnerAgreementEffective,
    InterimInspectionPassed: PartnerInspectionPassed,
    ProjectTerminated: PartnerProjectTerminated,
    ResidencyAssigned: PartnerResidencyAssigned,
    ResidencyStarted: PartnerResidencyStarted,
    ResidencyEnded: PartnerResidencyEnded,
    ImprovementItemClosed: PartnerItemClosed,
}
_BY = Principal.service("metrics").actor

SEEN = frozenset(_SEEN_AS)
"""The events that partners see something of."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What partners see of an event, under an id that is the same on the topic, in the feed and of each webhook."""

    id: UUID
    event: DomainEvent


def seen_of(event: DomainEvent, received: Received) -> Seen | None:
    """What partners see of it: the fields of its class in `contracts.partner` and no others; None for most events."""
    cls = _SEEN_AS.get(type(event))
    if cls is None:
        return None
    fields = {name: getattr(event, name) for name in cls.__struct_fields__}
    return Seen(uuid5(received.event_id, cls.TOPIC), cls(**fields))


def seen_fields(event: type[DomainEvent]) -> frozenset[str]:
    """Which fields of an event partners see; of most, none."""
    cls = _SEEN_AS.get(event)
    return frozenset(cls.__struct_fields__ if cls is not None else ())


def tell(event: DomainEvent, received: Received) -> Sequence[Statement]:
    """Tell what partners see of the event, with its effect and as often: once."""
    seen = seen_of(event, received)
    if seen is None:
        return []
    row = _row(seen, because=received.event_id, at=received.at)
    return [tell_event(seen.event, received, event_id=seen.id, by=_BY), (store.ADD, row)]


async def tell_seen(tx: Transaction, seen: Seen, *, at: datetime) -> None:
    """Tell what no other event brought about, as a day that is over: it is its own cause.

    The caller tells each id once. The order of its key is the outbox's, as that of all others.
    """
    # A database that went back to a backup may have had it taken back from Kafka: then only the rest of it is missing.
    if await outbox.told(tx, seen.id, type(seen.event)) is None:
        with context.carried(correlation=str(seen.id), causation=str(seen.id), by=_BY):
            await outbox.record(tx, seen.event, at=at, event_id=seen.id)
    await tx.execute(store.ADD, [_row(seen, because=seen.id, at=at)])


async def place_events(tx: Transaction, *, most: int) -> int:
    """Give what is committed and has no place in the feed yet the next places, in order; returns how many."""
    return await store.place(tx, most=most)


def _row(seen: Seen, *, because: UUID, at: datetime) -> dict[str, object]:
    return {
        "event_id": seen.id,
        "caused_by": because,
        "type": seen.event.TYPE,
        "topic": seen.event.TOPIC,
        "key": seen.event.key,
        "data": encode_data(seen.event).decode(),
        "occurred_at": at,
    }
