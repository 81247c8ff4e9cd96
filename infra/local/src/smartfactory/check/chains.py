"""The journals verify: every chain recomputed from its first entry to its head, and the notes that entries refer to.

With the check's own hashing. A note that was erased has no words to compare, and is no fault.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_ENTRIES = "SELECT chain, position, decision, actor, facts, body, hash FROM journal_entry ORDER BY chain, position"
_HEADS = "SELECT chain, position, hash FROM journal_head"
_NOTES = "SELECT id::text, words, salt FROM journal_note"


async def verified(databases: Databases) -> list[Claim]:
    """Every chain of every service that keeps one."""
    claim = Claim("journal-broken")
    for service, database in databases.items():
        chains: dict[str, list[Row]] = defaultdict(list)
        for row in await database.fetch(_ENTRIES):
            chains[row["chain"]].append(row)
        heads = {row["chain"]: (row["position"], row["hash"]) for row in await database.fetch(_HEADS)}
        claim.expect(f"{service}.journal_head", expected=sorted(chains), found=sorted(heads))
        for chain, entries in chains.items():
            _verify(claim, f"{service}.journal {chain}", entries, heads.get(chain))
        notes = {row["id"]: row for row in await database.fetch(_NOTES)}
        for entry in (entry for entries in chains.values() for entry in entries):
            _compare(claim, f"{service}.journal {entry['chain']} #{entry['position']}", entry, notes)
    return [claim]


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
