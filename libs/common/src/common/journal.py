"""Why each decision was taken: who, when, under which rule version, on which evidence, in the decision's transaction.

Entries of one chain are linked by hashes, so that an edit, a deletion, an insertion or a reordering shows. They hold
references to people and papers, never personal data.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import func, or_, select

from common import last_words, schema
from common.acting import as_service
from common.auth import Principal
from common.clock import SystemClock
from common.db import Transaction

JsonValue: TypeAlias = "str | int | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""What a fact may be: no float, since no decision of this programme rests on one."""

_real_time = SystemClock()
_canonical = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk along one chain found; no faults means that it stands as it was written."""

    chain: str
    entries: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision for `record_many`: what `record` takes, without who and when."""

    chain: str
    decision: str
    facts: Mapping[str, JsonValue]
    rule_version: str | None = None
    evidence: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """One decision as it stands in its chain; `hash` follows from the hash before it and from `body`."""

    position: int
    decision: str
    actor: str
    rule_version: str | None
    evidence: Sequence[str]
    facts: Mapping[str, JsonValue]
    decided_at: datetime
    recorded_at: datetime
    body: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The last decision of a chain, 0 where there is none."""

    position: int
    hash: bytes


async def record(
    tx: Transaction,
    *,
    chain: str,
    decision: str,
    by: Principal,
    at: datetime,
    facts: Mapping[str, JsonValue],
    rule_version: str | None = None,
    evidence: Sequence[str] = (),
) -> None:
    """Append one decision to its chain; concurrent ones of a chain wait for each other at its head. Written last."""
    last_words.of(tx).entries.append(_row(Entry(chain, decision, facts, rule_version, evidence), by, at))


async def record_many(tx: Transaction, entries: Sequence[Entry], *, by: Principal, at: datetime) -> None:
    """Append many decisions of one act, in their order."""
    if entries:
        last_words.of(tx).entries.extend(_row(entry, by, at) for entry in entries)


async def entries_of(tx: Transaction, chain: str, *, after: int = 0, until: int | None = None) -> list[Recorded]:
    """A chain's decisions after one position until another: for whoever may see its case, as the caller has asked."""
    entry = schema.journal_entry
    columns = (entry.c[name] for name in Recorded.__dataclass_fields__)
    wanted = select(*columns).where(entry.c.chain == chain, entry.c.position > after)
    if until is not None:
        wanted = wanted.where(entry.c.position <= until)
    async with as_service(tx):
        return [Recorded(*row) for row in await tx.execute(wanted.order_by(entry.c.position))]


async def end_of(tx: Transaction, chain: str, *, at: datetime | None = None, recorded: bool = False) -> End:
    """Where a chain stands, or stood at an instant of programme time, or of real time if `recorded`.

    What was journalled after a later moment was known after it, whatever its own: the first later one ends the chain.
    """
    entry = schema.journal_entry
    known = select(entry.c.position, entry.c.hash).where(entry.c.chain == chain)
    if at is not None:
        moment = entry.c.recorded_at if recorded else entry.c.decided_at
        later = select(func.min(entry.c.position)).where(entry.c.chain == chain, moment > at).scalar_subquery()
        known = known.where(or_(later.is_(None), entry.c.position < later))
    async with as_service(tx):
        row = (await tx.execute(known.order_by(entry.c.position.desc()).limit(1))).one_or_none()
    return End(0, b"") if row is None else End(row.position, row.hash)


async def verify(tx: Transaction, chain: str) -> Verification:
    """Recompute a chain from its first entry and name every fault found."""
    entry, head = schema.journal_entry, schema.journal_head
    rows = (await tx.execute(select(entry).where(entry.c.chain == chain).order_by(entry.c.position))).mappings().all()
    end = (await tx.execute(select(head.c.position, head.c.hash).where(head.c.chain == chain))).one_or_none()
    faults = []
    previous = _origin(chain)
    for expected, row in enumerate(rows, start=1):
        if row["position"] != expected:
            faults.append(f"entry {expected} is missing: entry {row['position']} follows entry {expected - 1}")
            break
        previous = hashlib.sha256(previous + row["body"]).digest()
        if previous != row["hash"]:
            faults.append(f"entry {expected} does not follow from the entry before it")
            previous = row["hash"]
        if not _says_the_same(dict(row)):
            faults.append(f"entry {expected}: its columns do not say what its hashed body says")
    last = (rows[-1]["position"], rows[-1]["hash"]) if rows else None
    if last != (tuple(end) if end else None):
        faults.append(f"the chain's head stands at {end[0] if end else 0}, its last entry at {last[0] if last else 0}")
    return Verification(chain, len(rows), tuple(faults))


def _row(entry: Entry, by: Principal, at: datetime) -> dict[str, object]:
    columns = {
        "chain": entry.chain,
        "decision": entry.decision,
        "actor": by.actor,
        "rule_version": entry.rule_version,
        "evidence": list(entry.evidence),
        "facts": dict(entry.facts),
        "decided_at": at,
        "recorded_at": _real_time.now(),
    }
    return columns | {"origin": _origin(entry.chain), "body": _canonical.encode(columns)}


def _says_the_same(row: Mapping[str, Any]) -> bool:
    try:
        body = msgspec.json.decode(row["body"], type=dict[str, object])
    except msgspec.MsgspecError:
        return False
    columns = {name: row[name] for name in body if name in row}
    return columns.keys() == body.keys() and bool(_canonical.encode(columns) == row["body"])


def _origin(chain: str) -> bytes:
    return hashlib.sha256(chain.encode()).digest()
