"""Every event that was committed arrived once, in its order, at each service that listens to its topic."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

OWNERS = ("applicant", "funding", "mentoring", "metrics")
SUBSCRIPTIONS: Mapping[str, Sequence[str]] = {
    "applicant": ("funding.budget.v1", "funding.commitment.v1", "funding.standing.v1"),
    "funding": ("applicant.project.v1", "applicant.selection.v1", "applicant.standing.v1"),
    "mentoring": ("applicant.project.v1",),
    "metrics": (
        "applicant.application.v1",
        "applicant.call.v1",
        "applicant.project.v1",
        "funding.budget.v1",
        "funding.commitment.v1",
        "funding.disbursement.v1",
        "funding.repayment.v1",
        "funding.settlement.v1",
        "mentoring.mentor.v1",
        "mentoring.rotation.v1",
    ),
}
"""Who listens to what, by decisions.md; said here again so that a service cannot change it unnoticed."""

_OUTBOX = "SELECT event_id, topic, key, sequence, published_at FROM outbox ORDER BY topic, key, sequence"
_INBOX = "SELECT event_id, topic, key, sequence FROM inbox ORDER BY position"
_ARRIVED = "SELECT event_id::text FROM inbox UNION ALL SELECT event_id FROM parked_event WHERE event_id IS NOT NULL"
_PARKED = "SELECT id, topic, key, reason FROM parked_event WHERE resolved_at IS NULL ORDER BY id"

Row = Mapping[str, Any]


async def delivered(databases: Databases) -> list[Claim]:
    """Outbox ids equal inbox ids per consumer; per key the applied order is 1..n; nothing is parked or unsent."""
    sent = {owner: await databases[owner].fetch(_OUTBOX) for owner in OWNERS}
    by_topic: dict[str, list[Row]] = defaultdict(list)
    for rows in sent.values():
        for row in rows:
            by_topic[row["topic"]].append(row)
    claims = [_numbered(by_topic), _published(sent)]
    parked = Claim("nothing-parked")
    for consumer, topics in SUBSCRIPTIONS.items():
        received = await databases[consumer].fetch(_INBOX)
        claims.extend(_received(consumer, [row for topic in topics for row in by_topic[topic]], received))
        waiting = await databases[consumer].fetch(_PARKED)
        parked.expect(f"{consumer}.parked_event", expected=[], found=[tuple(row) for row in waiting])
    return [*claims, parked]


async def on_their_way(databases: Databases) -> list[str]:
    """What is committed and not yet sent, or sent and neither applied nor parked where it is heard."""
    waiting, sent = [], {owner: await databases[owner].fetch(_OUTBOX) for owner in OWNERS}
    for rows in sent.values():
        waiting += [str(row["event_id"]) for row in rows if row["published_at"] is None]
    for consumer, topics in SUBSCRIPTIONS.items():
        arrived = {str(row["event_id"]) for row in await databases[consumer].fetch(_ARRIVED)}
        due = (row for rows in sent.values() for row in rows if row["topic"] in topics)
        waiting += [str(row["event_id"]) for row in due if str(row["event_id"]) not in arrived]
    return waiting


def _numbered(by_topic: Mapping[str, Sequence[Row]]) -> Claim:
    claim = Claim("event-numbered")
    for topic, rows in by_topic.items():
        for key, sequences in _per_key(rows).items():
            claim.expect(f"outbox {topic} {key}", expected=_one_to(sequences), found=sequences)
    return claim


def _published(sent: Mapping[str, Sequence[Row]]) -> Claim:
    claim = Claim("event-published")
    for owner, rows in sent.items():
        waiting = [str(row["event_id"]) for row in rows if row["published_at"] is None]
        claim.expect(f"{owner}.outbox", expected=[], found=waiting)
    return claim


def _received(consumer: str, sent: Sequence[Row], received: Sequence[Row]) -> list[Claim]:
    lost, doubled, reordered = Claim("event-lost"), Claim("event-doubled"), Claim("event-reordered")
    arrived = {row["event_id"] for row in received}
    for row in sent:
        found = "applied" if row["event_id"] in arrived else "never arrived"
        where = f"{consumer}.inbox {row['topic']} {row['key']} #{row['sequence']}"
        lost.expect(where, expected="applied", found=found)
    known = {row["event_id"]: row["sequence"] for row in sent}
    for row in received:
        where = f"{consumer}.inbox {row['topic']} {row['key']} #{row['sequence']}"
        said = "sent under this id" if row["event_id"] in known else f"unknown id {row['event_id']}"
        doubled.expect(where, expected="sent under this id", found=said)
    for (topic, key), sequences in _per_topic_and_key(received).items():
        where = f"{consumer}.inbox {topic} {key}"
        twice = sorted({sequence for sequence in sequences if sequences.count(sequence) > 1})
        doubled.expect(where, expected=[], found=twice)
        once = list(dict.fromkeys(sequences))
        reordered.expect(where, expected=sorted(once), found=once)
    return [lost, doubled, reordered]


def _per_key(rows: Sequence[Row]) -> dict[Any, list[int]]:
    keys: dict[Any, list[int]] = defaultdict(list)
    for row in rows:
        keys[row["key"]].append(row["sequence"])
    return keys


def _per_topic_and_key(rows: Sequence[Row]) -> dict[tuple[str, Any], list[int]]:
    keys: dict[tuple[str, Any], list[int]] = defaultdict(list)
    for row in rows:
        keys[row["topic"], row["key"]].append(row["sequence"])
    return keys


def _one_to(sequences: Sequence[int]) -> list[int]:
    return list(range(1, len(sequences) + 1))
