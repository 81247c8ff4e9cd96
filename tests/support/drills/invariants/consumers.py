"""I6: projections are what their owners' tables say. I7: each consumer applied each event once, in order, or parked it."""

from collections import Counter

from smartfactory.check import projections
from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases
from tests.support.drills.installation import SUBSCRIPTIONS

_OUTBOX = "SELECT event_id::text AS event_id, key::text AS key, sequence FROM outbox WHERE topic = $1"
_INBOX = """
    SELECT event_id::text AS event_id, topic, key::text AS key, sequence FROM inbox ORDER BY position
"""
_PARKED = "SELECT event_id, reason, detail, resolved_at FROM parked_event"
_ANSWERS = """
    SELECT key::text AS project_id, count(*) AS times FROM outbox
     WHERE topic = 'funding.commitment.v1' AND (type LIKE '%.committed.v_' OR type LIKE '%.refused.v_') GROUP BY key
"""
_TRANSFERS = "SELECT project_id::text AS project_id, kind, count(*) AS times FROM ledger_transfer GROUP BY 1, 2"
_TURNS = """
    SELECT c.call_id::text AS call_id, c.turn FROM outbox o JOIN commitment c ON c.project_id = o.key
     WHERE o.topic = 'funding.commitment.v1' AND (o.type LIKE '%.committed.v_' OR o.type LIKE '%.refused.v_')
       AND c.turn IS NOT NULL ORDER BY o.id
"""
_SELECTED = "SELECT DISTINCT key::text AS key FROM outbox WHERE type LIKE '%.project.selected.v_'"


async def agreeing(databases: Databases) -> Claim:
    """I6, against the owners; against a rebuilt one the drill of R16 compares."""
    claim = Claim("I6")
    for one in await projections.agreeing(databases):
        claim.looked_at += one.looked_at
        claim.findings.extend(one.findings)
    return claim


async def applied_once(databases: Databases) -> Claim:
    """I7: by inboxes, and by the one effect that money knows of each project, which it has in the project's turn."""
    claim = Claim("I7")
    for consumer, topics in SUBSCRIPTIONS.items():
        rows = await databases[consumer].fetch(_INBOX)
        parked = {row["event_id"] for row in await databases[consumer].fetch(_PARKED) if row["resolved_at"] is None}
        times = Counter((row["topic"], row["key"], row["sequence"]) for row in rows)
        for place, count in times.items():
            claim.expect(f"{consumer}.inbox {place}", expected=1, found=count)
        arrived = {row["event_id"] for row in rows} | parked
        for topic in topics:
            for owner in databases.values():
                for row in await owner.fetch(_OUTBOX, topic):
                    found = "applied or parked" if row["event_id"] in arrived else "never arrived"
                    where = f"{consumer}: {topic} {row['key']} #{row['sequence']}"
                    claim.expect(where, expected="applied or parked", found=found)
        _in_order(claim, consumer, rows)
    await _one_decision(claim, databases)
    return claim


def _in_order(claim: Claim, consumer: str, rows: list[dict[str, object]]) -> None:
    applied: dict[tuple[object, object], list[object]] = {}
    for row in rows:
        applied.setdefault((row["topic"], row["key"]), []).append(row["sequence"])
    for key, sequences in applied.items():
        claim.expect(f"{consumer}.inbox {key}: order", expected=sorted(sequences), found=sequences)  # type: ignore[type-var]


async def _one_decision(claim: Claim, databases: Databases) -> None:
    funding = databases["funding"]
    answers = {row["project_id"]: row["times"] for row in await funding.fetch(_ANSWERS)}
    for row in await databases["applicant"].fetch(_SELECTED):
        claim.expect(f"funding's answers to {row['key']}", expected=1, found=answers.get(row["key"], 0))
    for row in await funding.fetch(_TRANSFERS):
        if row["project_id"] is not None:
            where = f"ledger_transfer {row['kind']} of {row['project_id']}"
            claim.expect(where, expected=1, found=row["times"])
    turns: dict[object, list[object]] = {}
    for row in await funding.fetch(_TURNS):
        turns.setdefault(row["call_id"], []).append(row["turn"])
    for call_id, answered in turns.items():
        claim.expect(f"funding's answers to call {call_id}: order", expected=sorted(answered), found=answered)  # type: ignore[type-var]
