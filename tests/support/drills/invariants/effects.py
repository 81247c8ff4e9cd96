"""I3: one effect per acknowledged key, none per refused one, none that nobody asked for. From histories and journals."""

import json
from collections import Counter
from collections.abc import Iterator

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases
from tests.support.drills.history import History, Moment, Operation, Person

_DECIDED = "SELECT chain, actor, count(*) AS times FROM journal_entry WHERE decision = $1 GROUP BY chain, actor"
_STORED = "SELECT subject, key, status, convert_from(body, 'UTF8') AS body FROM idempotency_key WHERE method = 'POST'"


async def once_each(databases: Databases, history: History) -> Claim:
    """Per decision and chain as many entries as acknowledged requests; and per key the answer that was given."""
    claim = Claim("I3")
    for operation in history.undecided():
        claim.expect(f"{operation.kind} under {operation.key}", expected="an answer", found="none that is definite")
    wanted: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    for operation in history.operations:
        if operation.effect is not None:
            wanted.setdefault((operation.effect.service, operation.effect.decision), Counter())
    for operation, end in _acknowledged(history):
        if operation.effect is not None:
            chain = operation.effect.chain.format(id=_id_of(end))
            wanted[operation.effect.service, operation.effect.decision][chain, _actor(operation)] += 1
    for (service, decision), expected in wanted.items():
        found = {
            (row["chain"], row["actor"]): row["times"] for row in await databases[service].fetch(_DECIDED, decision)
        }
        for place in expected.keys() | found.keys():
            where = f"{service}.journal {place[0]}: {decision} by {place[1]}"
            claim.expect(where, expected=expected.get(place, 0), found=found.get(place, 0))
    await _answers(claim, databases, history)
    return claim


async def _answers(claim: Claim, databases: Databases, history: History) -> None:
    """What a client was told under a key, in every answer, is what the service keeps under it."""
    stored = {
        (service, row["subject"], row["key"]): (row["status"], row["body"])
        for service, database in databases.items()
        for row in await database.fetch(_STORED)
    }
    for operation, end in history.ended("ok"):
        if operation.key is not None:
            place = operation.service, _actor(operation), operation.key
            found = stored.get(place)
            claim.expect(
                f"{operation.service}.idempotency_key {operation.key}", expected=(end.status, end.body), found=found
            )


def _acknowledged(history: History) -> Iterator[tuple[Operation, Moment]]:
    """The first acknowledgement under each key: several clients may ask under one, and that is still one effect."""
    seen: set[tuple[str, Person, str | None]] = set()
    for operation, end in history.ended("ok"):
        under = operation.service, operation.by, operation.key
        if operation.key is None or under not in seen:
            seen.add(under)
            yield operation, end


def _actor(operation: Operation) -> str:
    return f"{operation.by.role}:{operation.by.tenant}:{operation.by.subject}"


def _id_of(end: Moment) -> str:
    body = json.loads(end.body)
    return str(body.get("id", "")) if isinstance(body, dict) else ""
