"""The journals verify: every chain recomputed from its first entry to its head, with the check's own hashing."""

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
    return [claim]


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
