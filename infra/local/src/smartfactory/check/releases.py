"""Every won that left was committed, proven, approved by two and ordered by a third; the bank's book says the same."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_LINES = """
    SELECT l.project_id, l.source, l.committed_won, l.open_won, l.paid_won, s.amount_won AS share_won,
           coalesce(sum(r.amount_won) FILTER (WHERE r.state = 'POSTED'), 0)::bigint AS posted_won,
           coalesce(sum(r.amount_won) FILTER (WHERE r.state NOT IN ('POSTED', 'VOIDED')), 0)::bigint AS under_way_won
      FROM release_line l JOIN commitment_share s USING (project_id, source)
      LEFT JOIN release r USING (project_id, source)
     GROUP BY l.project_id, l.source, s.amount_won
"""
_ACCOUNTS = """
    SELECT b.id, coalesce(sum(e.amount_won) FILTER (WHERE a.kind = 'PENDING'), 0)::bigint AS pending_won,
           coalesce(sum(e.amount_won) FILTER (WHERE a.kind = 'PAID' AND t.kind = 'DISBURSEMENT'), 0)::bigint AS paid_won
      FROM budget_line b JOIN ledger_account a ON a.budget_line_id = b.id
      LEFT JOIN ledger_entry e ON e.account_id = a.id LEFT JOIN ledger_transfer t ON t.id = e.transfer_id GROUP BY b.id
"""
_RELEASES = """
    SELECT r.id::text, r.project_id, r.budget_line_id, r.source, r.amount_won, r.state, r.requested_by, r.ordered_by,
           array(SELECT a.approver FROM release_approval a WHERE a.release_id = r.id) AS approvers,
           EXISTS (SELECT FROM release_approval a WHERE a.release_id = r.id AND a.body = 'MUNICIPALITY') AS by_its_own,
           EXISTS (SELECT FROM release_gate g WHERE g.project_id = r.project_id AND g.gate = r.gate) AS gate_passed,
           (SELECT coalesce(sum(p.amount_won), 0)::bigint FROM self_payment p
             WHERE p.project_id = r.project_id AND p.state = 'VERIFIED') AS proven_won,
           (SELECT coalesce(sum(s.amount_won), 0)::bigint FROM commitment_share s
             WHERE s.project_id = r.project_id AND s.source = 'SME') AS self_pay_won
      FROM release r
"""
_OFFICERS = 2
_LEFT = frozenset({"ORDERED", "CONFIRMED", "POSTED"})
_PAID = frozenset({"CONFIRMED", "POSTED"})


async def released(databases: Databases, bank_book: Path | None) -> list[Claim]:
    """All claims about releases; the last one only where the bank's book can be read."""
    funding = databases["funding"]
    releases = await funding.fetch(_RELEASES)
    claims = [
        _within_commitment(await funding.fetch(_LINES)),
        _in_the_ledger(await funding.fetch(_ACCOUNTS), releases),
        _by_the_rules(releases),
    ]
    return claims if bank_book is None else [*claims, _as_the_bank_says(bank_book, releases)]


def _within_commitment(lines: list[Row]) -> Claim:
    claim = Claim("released-within")
    for line in lines:
        where = f"funding.release_line {line['source']} of {line['project_id']}"
        claim.expect(f"{where}: committed", expected=line["share_won"], found=line["committed_won"])
        claim.expect(f"{where}: paid", expected=line["posted_won"], found=line["paid_won"])
        claim.expect(f"{where}: under way", expected=line["under_way_won"], found=line["open_won"])
        over_won = max(0, line["posted_won"] + line["under_way_won"] - line["share_won"])
        claim.expect(f"{where}: above its commitment", expected=0, found=over_won)
    return claim


def _in_the_ledger(accounts: list[Row], releases: list[Row]) -> Claim:
    claim = Claim("released-in-ledger")
    paid: dict[Any, int] = defaultdict(int)
    pending: dict[Any, int] = defaultdict(int)
    for release in releases:
        if release["state"] == "POSTED":
            paid[release["budget_line_id"]] += release["amount_won"]
        elif release["state"] != "VOIDED":
            pending[release["budget_line_id"]] += release["amount_won"]
    for account in accounts:
        where = f"funding.ledger_account of budget line {account['id']}"
        claim.expect(f"{where}: paid", expected=paid[account["id"]], found=account["paid_won"])
        claim.expect(f"{where}: pending", expected=pending[account["id"]], found=account["pending_won"])
    return claim


def _by_the_rules(releases: list[Row]) -> Claim:
    claim = Claim("released-by-rule")
    for release in releases:
        where = f"funding.release {release['id']}"
        claim.expect(f"{where}: its gate is passed", expected=True, found=release["gate_passed"])
        proven = release["proven_won"] >= release["self_pay_won"]
        claim.expect(f"{where}: self-pay proven (F-04)", expected=True, found=proven)
        if release["state"] not in _LEFT:
            continue
        people = Counter([*release["approvers"], release["requested_by"], release["ordered_by"]])
        enough = len(set(release["approvers"])) >= _OFFICERS
        claim.expect(f"{where}: two officers at least", expected=True, found=enough)
        claim.expect(f"{where}: nobody has two parts", expected=1, found=max(people.values()))
        if release["source"] == "MUNICIPALITY":
            claim.expect(f"{where}: its municipality approved", expected=True, found=release["by_its_own"])
    return claim


def _as_the_bank_says(bank_book: Path, releases: list[Row]) -> Claim:
    claim = Claim("bank-agrees")
    book = bank_book.read_text("utf-8").splitlines() if bank_book.exists() else []
    payments = [line for line in map(json.loads, book) if line["happened"] == "PAID"]
    paid: dict[str, int] = defaultdict(int)
    for line in payments:
        paid[line["reference"]] += line["amount_won"]
    ours = {release["id"]: release["amount_won"] for release in releases if release["state"] in _PAID}
    for reference in ours.keys() | paid.keys():
        where = f"the bank's payment {reference}"
        claim.expect(where, expected=ours.get(reference, 0), found=paid.get(reference, 0))
    return claim
