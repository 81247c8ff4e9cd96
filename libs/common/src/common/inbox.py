"""Which events this service is done with: the claim that stops a second delivery, and the guard of the order per key.

Sequences are contiguous per (topic, key). So "next", "old" and "too early" are a comparison with the last sequence that
is done, and an event that waits for a parked one is simply too early.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.types import Text, Uuid

from common.db import Transaction
from common.event import Envelope
from common.prepared import Prepared

_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

APPLIED = "applied"
UNUSED = "unused"
DISCARDED = "discarded"


class Key(NamedTuple):
    """What order is kept for. The key is text, since a record that is no event may have any."""

    topic: str
    key: str

    @property
    def names_an_aggregate(self) -> bool:
        """Whether it is a key as our events have it: a UUID in its usual spelling."""
        return _UUID.fullmatch(self.key) is not None


class Verdict(Enum):
    """What the guard says about one event."""

    NEXT = "next"
    OLD = "old"
    GAP = "gap"
    BEHIND = "behind"


@dataclass(slots=True)
class Standing:
    """Where one key stands: the last sequence that is done, and the later ones that are parked.

    Those that `failed` are parked for a fault of their own, the others only wait for their turn.
    """

    last: int = 0
    waiting: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    def judge(self, sequence: int) -> Verdict:
        """Say what an event of this sequence is, without noting anything.

        The next one is next even if it is parked: a second copy of it may be whole, or its fault may be mended.
        """
        if sequence <= self.last:
            return Verdict.OLD
        if sequence == self.last + 1:
            return Verdict.NEXT
        if sequence in self.waiting:
            return Verdict.OLD
        return Verdict.BEHIND if self.waiting else Verdict.GAP

    def may_go_on(self) -> bool:
        """Tell whether something parked is done already, or has its turn now."""
        return self.last + 1 in self.waiting - self.failed or any(done <= self.last for done in self.waiting)


class Claim(NamedTuple):
    """An event that is about to be done with, and how."""

    envelope: Envelope
    outcome: str


class LostClaim(Exception):
    """Another member of the group did one of these events at the same time: look again."""


class IdTaken(Exception):
    """The id of the event belongs to another one, of another key or sequence: it is not what it says it is."""


_LOCK = Prepared(
    text(
        """
    SELECT topic, key, last FROM inbox_sequence
    WHERE (topic, key) IN (SELECT * FROM unnest(:topics, :keys))
    ORDER BY topic, key FOR UPDATE
    """
    ).bindparams(bindparam("topics", type_=ARRAY(Text)), bindparam("keys", type_=ARRAY(Uuid)))
)

_WAITING = Prepared(
    text(
        """
    SELECT topic, key, sequence, reason NOT IN ('gap', 'behind') AS failed FROM parked_event
    WHERE resolved_at IS NULL AND sequence IS NOT NULL AND (topic, key) IN (SELECT * FROM unnest(:topics, :keys))
    """
    ).bindparams(bindparam("topics", type_=ARRAY(Text)), bindparam("keys", type_=ARRAY(Text)))
)

# DISTINCT ON: a batch may hold one event twice, and the same row cannot be inserted or updated twice by one statement.
_CLAIM = Prepared(
    text(
        """
    WITH given AS (
        SELECT * FROM unnest(:ids, :types, :topics, :keys, :sequences, :outcomes) WITH ORDINALITY
            AS event (event_id, type, topic, key, sequence, outcome, place)
    ), claimed AS (
        INSERT INTO inbox (event_id, type, topic, key, sequence, outcome)
        SELECT event_id, type, topic, key, sequence, outcome
        FROM (SELECT DISTINCT ON (event_id) * FROM given ORDER BY event_id, place) AS once ORDER BY place
        ON CONFLICT (event_id) DO NOTHING
        RETURNING event_id, topic, key, sequence
    ), advanced AS (
        INSERT INTO inbox_sequence AS known (topic, key, last)
        SELECT topic, key, max(sequence) FROM claimed GROUP BY topic, key ORDER BY topic, key
        ON CONFLICT (topic, key) DO UPDATE SET last = greatest(known.last, excluded.last)
    )
    SELECT event_id FROM claimed
    """
    ).bindparams(
        bindparam("ids", type_=ARRAY(Uuid)),
        bindparam("types", type_=ARRAY(Text)),
        bindparam("topics", type_=ARRAY(Text)),
        bindparam("keys", type_=ARRAY(Uuid)),
        bindparam("sequences", type_=ARRAY(BIGINT)),
        bindparam("outcomes", type_=ARRAY(Text)),
    )
)


_CLAIMED = text("SELECT event_id, topic, key, sequence FROM inbox WHERE event_id = ANY(:ids)").bindparams(
    bindparam("ids", type_=ARRAY(Uuid))
)

_PASS_OVER = text(
    """
    INSERT INTO inbox_sequence AS known (topic, key, last) VALUES (:topic, :key, :sequence)
    ON CONFLICT (topic, key) DO UPDATE SET last = greatest(known.last, excluded.last)
    """
).bindparams(bindparam("key", type_=Uuid))


async def lock(tx: Transaction, keys: Iterable[Key]) -> dict[Key, Standing]:
    """Lock these keys against other members of the group and redrives, and say where each stands."""
    standings = {key: Standing() for key in keys}
    real = [key for key in standings if key.names_an_aggregate]
    if real:
        # As texts: the driver writes them as it writes UUIDs.
        given = {"topics": [key.topic for key in real], "keys": [key.key for key in real]}
        for row in await _LOCK.all(tx, given):
            standings[Key(row["topic"], str(row["key"]))].last = row["last"]
    if standings:
        given = {"topics": [key.topic for key in standings], "keys": [key.key for key in standings]}
        for row in await _WAITING.all(tx, given):
            standing = standings[Key(row["topic"], row["key"])]
            standing.waiting.add(row["sequence"])
            if row["failed"]:
                standing.failed.add(row["sequence"])
    return standings


async def reached(tx: Transaction, key: Key) -> int:
    """Lock one key as `lock` does, and say only what is done of it: however much waits, it is not read."""
    if not key.names_an_aggregate:
        return 0
    rows = await _LOCK.all(tx, {"topics": [key.topic], "keys": [key.key]})
    return int(rows[0]["last"]) if rows else 0


async def claim(tx: Transaction, claims: Sequence[Claim]) -> set[UUID]:
    """Note a batch of events as done, in one statement; the ids that nobody had claimed before come back."""
    if not claims:
        return set()
    envelopes = [claim.envelope for claim in claims]
    rows = await _CLAIM.all(
        tx,
        {
            "ids": [envelope.event_id for envelope in envelopes],
            "types": [envelope.type for envelope in envelopes],
            "topics": [envelope.topic for envelope in envelopes],
            "keys": [envelope.key for envelope in envelopes],
            "sequences": [envelope.sequence for envelope in envelopes],
            "outcomes": [claim.outcome for claim in claims],
        },
    )
    return {row["event_id"] for row in rows}


async def claim_all(tx: Transaction, claims: Sequence[Claim]) -> None:
    """Claim a batch of different events, all or none; raises `LostClaim` or `IdTaken`."""
    if len(await claim(tx, claims)) == len(claims):
        return
    wanted = {one.envelope.event_id: one.envelope for one in claims}
    if len(wanted) < len(claims):
        raise IdTaken("two different events of one batch have the same id")
    for event_id, *place in await tx.execute(_CLAIMED, {"ids": list(wanted)}):
        if place != [wanted[event_id].topic, wanted[event_id].key, wanted[event_id].sequence]:
            raise IdTaken(f"the id belongs to sequence {place[2]} of {place[1]}")
    raise LostClaim


async def pass_over(tx: Transaction, envelope: Envelope) -> None:
    """Let a key go on behind an event that cannot be claimed, since its id is another one's."""
    given = {"topic": envelope.topic, "key": envelope.key, "sequence": envelope.sequence}
    await tx.execute(_PASS_OVER, given)


def key_of(envelope: Envelope) -> Key:
    """The key whose order this event belongs to."""
    return Key(envelope.topic, str(envelope.key))
