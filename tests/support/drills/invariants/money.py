"""I1: transfers sum to zero and shares to the cost, to the won. I2: nothing is committed above a budget, at any moment."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from smartfactory.check.arithmetic import shares_of
from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases
from tests.support.drills.invariants.topics import Told

_TRANSFERS = "SELECT transfer_id, sum(amount_won)::bigint AS sum_won, count(*) AS entries FROM ledger_entry GROUP BY 1"
_COMMITTED = """
    SELECT c.project_id, c.total_cost_won, c.cap_won, s.source, s.amount_won
      FROM commitment c JOIN commitment_share s USING (project_id) WHERE c.state = 'COMMITTED'
"""
_PROJECTS = """
    SELECT p.id, p.total_cost_won, a.total_cost_won AS applied_won, c.terms
      FROM project p JOIN application a ON a.id = p.application_id JOIN call c ON c.id = p.call_id
"""
_LINES = """
    SELECT l.id, l.state, l.amount_won, l.committed_won,
           coalesce((SELECT sum(s.amount_won) FROM commitment_share s JOIN commitment c USING (project_id)
                      WHERE s.budget_line_id = l.id AND c.state = 'COMMITTED'), 0)::bigint AS shares_won,
           coalesce((SELECT sum(e.amount_won) FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
                      WHERE a.budget_line_id = l.id AND a.kind = 'AVAILABLE'), 0)::bigint AS available_won
      FROM budget_line l
"""
_ACCOUNTS = """
    SELECT a.id, a.balance_won, coalesce(sum(e.amount_won), 0)::bigint AS entries_won
      FROM ledger_account a LEFT JOIN ledger_entry e ON e.account_id = a.id GROUP BY a.id
"""


async def balanced(databases: Databases) -> Claim:
    """I1."""
    claim, funding = Claim("I1"), databases["funding"]
    for row in await funding.fetch(_TRANSFERS):
        claim.expect(f"ledger_transfer {row['transfer_id']}", expected=0, found=row["sum_won"])
        claim.expect(f"ledger_transfer {row['transfer_id']} has two sides", expected=True, found=row["entries"] > 1)
    for row in await funding.fetch(_ACCOUNTS):
        claim.expect(f"ledger_account {row['id']}", expected=row["entries_won"], found=row["balance_won"])
    shares: dict[Any, dict[str, int]] = defaultdict(dict)
    costs = {}
    for row in await funding.fetch(_COMMITTED):
        shares[row["project_id"]][row["source"]] = row["amount_won"]
        costs[row["project_id"]] = (row["total_cost_won"], row["cap_won"])
    projects = {row["id"]: row for row in await databases["applicant"].fetch(_PROJECTS)}
    for project_id, (cost_won, cap_won) in costs.items():
        project = projects[project_id]
        where = f"commitment of {project_id}"
        claim.expect(f"{where}: cost", expected=project["applied_won"], found=cost_won)
        claim.expect(f"{where}: shares sum to it", expected=cost_won, found=sum(shares[project_id].values()))
        rates = _rates(project["terms"])
        expected = shares_of(cost_won, cap_won=cap_won, rates_bp=rates, capped=rates.keys())
        claim.expect(f"{where}: each share", expected=expected, found=shares[project_id])
    return claim


async def within_budget(databases: Databases, told: Sequence[Told]) -> Claim:
    """I2: as the tables are now, and at every moment that was told of."""
    claim = Claim("I2")
    lines = {str(row["id"]): row for row in await databases["funding"].fetch(_LINES)}
    for line_id, line in lines.items():
        granted = line["amount_won"] if line["state"] == "CONFIRMED" else 0
        where = f"budget_line {line_id}"
        claim.expect(f"{where}: counter", expected=line["shares_won"], found=line["committed_won"])
        claim.expect(f"{where}: above its budget", expected=0, found=max(0, line["shares_won"] - granted))
        claim.expect(f"{where}: ledger", expected=granted - line["shares_won"], found=line["available_won"])
    for record in told:
        if record.topic == "funding.commitment.v1":
            for balance in record.data.get("balances", ()):
                granted = lines[balance["budget_line_id"]]["amount_won"]
                within = 0 <= balance["left_won"] <= granted
                where = f"{record.type} of {record.key}: left of {balance['budget_line_id']}"
                claim.expect(
                    where, expected=f"0 to {granted}", found=f"0 to {granted}" if within else balance["left_won"]
                )
    return claim


def _rates(terms: Any) -> Mapping[str, int]:
    read = json.loads(terms) if isinstance(terms, str) else terms
    return {rate["source"]: rate["rate_bp"] for rate in read["rates"]}
