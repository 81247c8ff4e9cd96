"""The journals verify: every chain recomputed from its first entry to its head, and the notes that entries refer to.

With the check's own hashing. A note that was erased has no words to compare, and is no fault.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import asyncpg

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_ENTRIES = "SELECT chain, position, decision, actor, facts, body, hash FROM journal_entry ORDER BY chain, position"
_HEADS = "SELECT chain, position, hash FROM journal_head"
_NOTES = "SELECT id::text, words, salt FROM journal_note"
_READ_AT_ONCE = 1_000
"""A season of ten thousand cases has some two hundred thousand entries: one chain is held at a time."""


async def verified(databases: Databases) -> list[Claim]:
    """Every chain of every service that keeps one."""
    claim = Claim("journal-broken")
    for service, database in databases.items():
        heads = {row["chain"]: (row["position"], row["hash"]) for row in await database.fetch(_HEADS)}
        notes = {row["id"]: row for row in await database.fetch(_NOTES)}
        found = []
        async with database.transaction():
            async for chain, entries in _chains(database):
                found.append(chain)
                _verify(claim, f"{service}.journal {chain}", entries, heads.get(chain))
                for entry in entries:
                    _compare(claim, f"{service}.journal {chain} #{entry['position']}", entry, notes)
        claim.expect(f"{service}.journal_head", expected=sorted(found), found=sorted(heads))
    return [claim]


async def _chains(database: asyncpg.Connection) -> AsyncIterator[tuple[str, list[Row]]]:
    """Each chain with its entries, one after the other, whatever their number."""
    chain, entries = "", list[Row]()
    async for row in database.cursor(_ENTRIES, prefetch=_READ_AT_ONCE):
        if row["chain"] != chain and entries:
            yield chain, entries
            entries = []
        chain = row["chain"]
        entries.append(row)
    if entries:
        yield chain, entries


def _compare(claim: Claim, where: str, entry: Row, notes: Mapping[str, Row]) -> None:
    told = json.loads(entry["facts"]).get("reason")
    if not isinstance(told, dict) or "sha256" not in told:
        return
    note = notes.get(told["note"])
    claim.expect(f"{where}: note", expected="kept", found="kept" if note else "missing")
    if note and note["words"] is not None:
        found = hashlib.sha256(note["salt"] + note["words"].encode()).hexdigest()
        claim.expect(f"{where}: words of its note", expected=told["sha256"], found=found)


def _verify(claim: Claim, where: str, entries: Sequence[Row], head: tuple[int, bytes] | None) -> None:
    reached = hashlib.sha256(entries[0]["chain"].encode()).digest()
    for expected, entry in enumerate(entries, start=1):
        claim.expect(f"{where}: position", expected=expected, found=entry["position"])
        reached = hashlib.sha256(reached + entry["body"]).digest()
        claim.expect(f"{where} #{expected}: hash", expected=reached.hex(), found=entry["hash"].hex())
        body = json.loads(entry["body"])
        said = body["decision"], body["actor"], body["facts"]
        columns = entry["decision"], entry["actor"], json.loads(entry["facts"])
        claim.expect(f"{where} #{expected}: columns", expected=said, found=columns)
    claim.expect(f"{where}: head", expected=(len(entries), reached), found=head)
