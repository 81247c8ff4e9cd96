"""I8: every chain verifies to its head, and each change of money has exactly one entry that names who made it."""

from collections import Counter

from smartfactory.check import chains
from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_ENTRY_OF = {
    "APPROPRIATION": "budget-line-confirmed",
    "COMMITMENT": "project-committed",
    "REVERSAL": "commitment-released",
}
_TRANSFERS = """
    SELECT t.kind, coalesce('project/' || t.project_id, 'budget-line/' || min(a.budget_line_id::text)) AS chain
      FROM ledger_transfer t JOIN ledger_entry e ON e.transfer_id = t.id JOIN ledger_account a ON a.id = e.account_id
     GROUP BY t.id
"""
_ENTRIES = "SELECT chain, decision, actor FROM journal_entry WHERE decision = ANY($1)"


async def explained(databases: Databases) -> Claim:
    claim = Claim("I8")
    for one in await chains.verified(databases):
        claim.looked_at += one.looked_at
        claim.findings.extend(one.findings)
    funding = databases["funding"]
    moved = Counter((row["chain"], _ENTRY_OF[row["kind"]]) for row in await funding.fetch(_TRANSFERS))
    entries = await funding.fetch(_ENTRIES, sorted(_ENTRY_OF.values()))
    told = Counter((row["chain"], row["decision"]) for row in entries)
    for place in moved.keys() | told.keys():
        claim.expect(f"funding.journal {place[0]}: {place[1]}", expected=moved[place], found=told[place])
    for row in entries:
        _role, _, who = row["actor"].partition(":")
        claim.expect(f"funding.journal {row['chain']}: actor", expected=True, found=bool(_role and who.strip(":-")))
    return claim
