"""What Kafka has and this service's database has not, because it was restored to an earlier moment (promise R39).

Kafka keeps what was told and heard after that moment. What was heard is heard again from the logs, by the same handlers
and past the same inbox. What was told and stands in no outbox any more is named, and taken back into it: then the
history is whole again, and nobody takes the next event of its key for one that was told long ago. What people decided
in that time stands in no table of this service any more: the events name which cases it was about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, TIMESTAMP
from sqlalchemy.types import LargeBinary, Text, Uuid

from common import log_places, republish
from common.auth import Principal
from common.consumer.batch import PARKED_IN_A_ROW_MAX, Applier
from common.db import Database, Transaction
from common.event import Envelope, registered_events
from common.kafka_history import History
from common.log_places import Partition, Place

_GIVEN = (
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("topics", type_=ARRAY(Text)),
    bindparam("keys", type_=ARRAY(Uuid)),
    bindparam("sequences", type_=ARRAY(BIGINT)),
)
_NOT_IN_THE_OUTBOX = text(
    """
    SELECT given.event_id, other.type AS other_type, other.payload AS other_payload
    FROM unnest(:ids, :topics, :keys, :sequences) AS given (event_id, topic, key, sequence)
    LEFT JOIN outbox AS other USING (topic, key, sequence)
    WHERE NOT EXISTS (SELECT FROM outbox WHERE outbox.event_id = given.event_id)
    """
).bindparams(*_GIVEN)
_NOT_DONE = text(
    """
    SELECT given.event_id
    FROM unnest(:ids, :topics, :keys, :sequences) AS given (event_id, topic, key, sequence)
    LEFT JOIN inbox_sequence AS known USING (topic, key)
    WHERE coalesce(known.last, 0) < given.sequence AND NOT EXISTS (
        SELECT FROM parked_event
        WHERE parked_event.topic = given.topic AND parked_event.key = given.key::text
            AND parked_event.sequence = given.sequence
    )
    """
).bindparams(*_GIVEN)
_TAKE_BACK = text(
    """
    WITH taken AS (
        INSERT INTO outbox (
            event_id, type, topic, key, sequence, payload, occurred_at, recorded_at, correlation_id, causation_id,
            traceparent, published_at
        )
        VALUES (
            :event_id, :type, :topic, :key, :sequence, :payload, :occurred_at, :recorded_at, :correlation_id,
            :causation_id, :traceparent, now()
        )
        RETURNING topic, key, sequence
    )
    INSERT INTO outbox_sequence AS known (topic, key, last) SELECT topic, key, sequence FROM taken
    ON CONFLICT (topic, key) DO UPDATE SET last = greatest(known.last, excluded.last)
    """
).bindparams(
    bindparam("event_id", type_=Uuid),
    bindparam("key", type_=Uuid),
    bindparam("payload", type_=LargeBinary),
    bindparam("occurred_at", type_=TIMESTAMP(timezone=True)),
    bindparam("recorded_at", type_=TIMESTAMP(timezone=True)),
)


class TooManyParked(Exception):
    """So many events in a row could not be applied that the deployment is at fault and not they."""


class Standing(Enum):
    """What the outbox has in the place of an event that it does not know."""

    TOLD = "told"
    """Nothing."""
    AGAIN = "again"
    """The same under another id: a handler has told it again, and whoever heard it skips that."""
    REPLACED = "replaced"
    """Another event: whoever listens has heard the one that Kafka has first, and no other."""


@dataclass(frozen=True, slots=True)
class Lost:
    """An event that this service told and does not know of."""

    envelope: Envelope
    payload: bytes
    standing: Standing


@dataclass(frozen=True, slots=True)
class Tellings:
    """What the logs of a service's own topics say of its outbox, and where they end."""

    lost: Sequence[Lost] = ()
    ends: Mapping[Partition, Place] = field(default_factory=dict)

    @property
    def to_take_back(self) -> list[Lost]:
        """Those that the outbox has nothing for."""
        return [one for one in self.lost if one.standing is Standing.TOLD]


async def tellings(database: Database, history: History) -> Tellings:
    """The events of the service's own topics that its outbox has not, each once, in the order of each key."""
    found, ends = list[Lost](), dict[Partition, Place]()
    events = registered_events()
    async for records in history.to_the_end():
        opened = list(log_places.readable(records))
        ends |= log_places.last_places((record, envelope) for record, envelope, _ in opened)
        told = {
            envelope.event_id: (envelope, payload)
            for _, envelope, payload in opened
            if envelope.type in events and envelope.topic == events[envelope.type].TOPIC
        }
        async with database.transaction(read_only=True) as tx:
            rows = await tx.execute(_NOT_IN_THE_OUTBOX, _places([envelope for envelope, _ in told.values()]))
            missing = {row.event_id: row for row in rows}
        found += [
            Lost(envelope, payload, _standing(envelope, payload, missing[id_]))
            for id_, (envelope, payload) in told.items()
            if id_ in missing
        ]
    # A relay that was killed before it marked what it had sent has sent it twice.
    return Tellings(_one_in_each_place(list({one.envelope.event_id: one for one in found}.values())), ends)


async def unheard(database: Database, history: History, places: Mapping[tuple[str, int], int]) -> list[Envelope]:
    """The events before the group's places in the logs that this service is not done with and that wait nowhere."""
    found: dict[object, Envelope] = {}
    async for records in history.to_the_end():
        before = [one for one in records if one.offset < places.get((one.topic, one.partition), 0)]
        heard = {envelope.event_id: envelope for _, envelope, _ in log_places.readable(before)}
        async with database.transaction(read_only=True) as tx:
            missing = set((await tx.execute(_NOT_DONE, _places(list(heard.values())))).scalars())
        found |= {id_: envelope for id_, envelope in heard.items() if id_ in missing}
    return list(found.values())


async def hear_again(history: History, applier: Applier) -> None:
    """Apply what the logs have and this service has not done; raises `Trouble` or `TooManyParked`, and may be repeated.

    What its handlers tell again gets the sequences that it had before: whoever heard it then skips it.
    """
    async for records in history.to_the_end():
        pending = records
        while pending:
            applied = await applier.apply(pending)
            if applied.halted:
                raise TooManyParked(f"{PARKED_IN_A_ROW_MAX} events in a row were parked: mend the deployment")
            pending = pending[applied.done :]


async def take_back(tx: Transaction, told: Tellings, *, by: Principal, reason: str, at: datetime) -> None:
    """Put into the outbox, as sent, what Kafka has of this service and it has not, and know the logs by their ends.

    What is told next of their keys then comes after them.
    """
    republish.check_explained(reason)
    await log_places.note_sent(tx, told.ends)
    taken = sorted(told.to_take_back, key=lambda one: one.envelope.topic)
    if taken:
        await tx.execute(_TAKE_BACK, [_row(one) for one in taken])
    for topic, some in groupby(taken, key=lambda one: one.envelope.topic):
        await republish.note_on_log(
            tx, topic, "log.taken-back", by=by, at=at, reason=reason, events=sum(1 for _ in some)
        )


def _one_in_each_place(lost: Sequence[Lost]) -> Sequence[Lost]:
    """The same, with the first of each place of a key as the one to take back: those behind it nobody has heard.

    A worker that ran on a restored database before it was held against Kafka has given places away a second time.
    """
    first, told = dict[tuple[str, UUID, int], Lost](), list[Lost]()
    for one in lost:
        before = first.setdefault((one.envelope.topic, one.envelope.key, one.envelope.sequence), one)
        if one.standing is Standing.TOLD and before is not one:
            same = (before.envelope.type, before.payload) == (one.envelope.type, one.payload)
            told.append(replace(one, standing=Standing.AGAIN if same else Standing.REPLACED))
        else:
            told.append(one)
    return told


def _standing(envelope: Envelope, payload: bytes, row: Row[Any]) -> Standing:
    if row.other_type is None:
        return Standing.TOLD
    same = (row.other_type, bytes(row.other_payload)) == (envelope.type, payload)
    return Standing.AGAIN if same else Standing.REPLACED


def _places(envelopes: Sequence[Envelope]) -> dict[str, object]:
    return {
        "ids": [one.event_id for one in envelopes],
        "topics": [one.topic for one in envelopes],
        "keys": [one.key for one in envelopes],
        "sequences": [one.sequence for one in envelopes],
    }


def _row(lost: Lost) -> dict[str, object]:
    of = lost.envelope
    return {
        "event_id": of.event_id,
        "type": of.type,
        "topic": of.topic,
        "key": of.key,
        "sequence": of.sequence,
        "payload": lost.payload,
        "occurred_at": of.occurred_at,
        "recorded_at": of.recorded_at,
        "correlation_id": of.correlation_id,
        "causation_id": of.causation_id,
        "traceparent": of.traceparent,
    }
