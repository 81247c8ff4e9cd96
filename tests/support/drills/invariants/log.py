"""I4: the events of the outboxes are those of the topics, byte for byte. I5: per key they are first told in order."""

from collections import defaultdict
from collections.abc import Sequence

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases
from tests.support.drills.invariants.topics import Told

_OUTBOX = "SELECT event_id::text AS event_id, topic, key::text AS key, sequence, payload, published_at FROM outbox"


async def nothing_lost(databases: Databases, told: Sequence[Told]) -> Claim:
    """I4."""
    claim = Claim("I4")
    in_topics = {one.event_id: one for one in told}
    committed = {}
    for service, database in databases.items():
        for row in await database.fetch(_OUTBOX):
            committed[row["event_id"]] = row
            where = f"{service}.outbox {row['topic']} {row['key']} #{row['sequence']}"
            found = in_topics.get(row["event_id"])
            said = (row["topic"], row["key"], row["sequence"], bytes(row["payload"]))
            seen = (found.topic, found.key, found.sequence, found.value) if found else "not in its topic"
            claim.expect(where, expected=said, found=seen)
            claim.expect(f"{where}: marked", expected=True, found=row["published_at"] is not None)
    for one in told:
        known = "committed" if one.event_id in committed else "in no outbox"
        claim.expect(f"{one.topic}/{one.partition}@{one.offset} {one.event_id}", expected="committed", found=known)
    return claim


def in_order(told: Sequence[Told]) -> Claim:
    """I5."""
    claim = Claim("I5")
    first_told: dict[tuple[str, str], list[int]] = defaultdict(list)
    places: dict[tuple[str, str], set[int]] = defaultdict(set)
    for one in told:
        key = one.topic, one.key
        places[key].add(one.partition)
        if one.sequence not in first_told[key]:
            first_told[key].append(one.sequence)
    for (topic, key), sequences in first_told.items():
        claim.expect(f"{topic} {key}", expected=list(range(1, len(sequences) + 1)), found=sequences)
        claim.expect(f"{topic} {key}: partitions", expected=1, found=len(places[topic, key]))
    return claim


def duplicates(told: Sequence[Told]) -> int:
    """How many records are another copy of an event: allowed, and worth knowing."""
    return len(told) - len({one.event_id for one in told})
