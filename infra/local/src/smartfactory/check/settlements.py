"""What closes a project: refunds to the won, nothing taken back that was not paid, nothing decided by one person."""

from collections.abc import Mapping
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_SETTLEMENTS = """
    SELECT s.project_id, s.state, s.total_cost_won, s.spent_won, s.interest_won,
           s.submitted_by, s.attested_by, s.fixed_by,
           coalesce((SELECT sum(c.amount_won) FROM commitment_share c WHERE c.project_id = s.project_id), 0)::bigint
               AS committed_won,
           (SELECT array_agg(l.share_won ORDER BY l.position) FROM settlement_line l WHERE l.settlement_id = s.id)
               AS shares,
           (SELECT array_agg(l.fixed_won ORDER BY l.position) FROM settlement_line l WHERE l.settlement_id = s.id)
               AS fixed,
           coalesce((SELECT sum(l.interest_won) FROM settlement_line l WHERE l.settlement_id = s.id), 0)::bigint
               AS shared_interest_won
      FROM settlement s WHERE s.fixed_at IS NOT NULL
"""
_LINES = """
    SELECT l.settlement_id, l.source, l.paid_won, l.fixed_won, l.interest_won, l.refund_won, l.lapsed_won, r.state,
           coalesce(r.principal_won + r.interest_won, 0)::bigint AS ordered_won,
           (SELECT coalesce(sum(p.amount_won), 0)::bigint FROM release p
             WHERE (p.project_id, p.source, p.state) = (s.project_id, l.source, 'POSTED') AND p.posted_at <= s.fixed_at)
               AS posted_won,
           coalesce((SELECT g.amount_won FROM release_lapse g
                      WHERE (g.project_id, g.source) = (s.project_id, l.source)), 0)::bigint AS given_up_won
      FROM settlement s JOIN settlement_line l ON l.settlement_id = s.id
      LEFT JOIN repayment r ON (r.origin_id, r.source) = (s.id, l.source)
     WHERE l.source <> 'SME'
       AND NOT EXISTS (SELECT FROM recovery c WHERE c.project_id = s.project_id AND c.decided_at <= s.fixed_at)
"""
_TAKEN = """
    SELECT l.project_id, l.source, l.paid_won, l.returned_won, l.lapsed_won, l.committed_won,
           coalesce(sum(r.principal_won) FILTER (WHERE r.state <> 'RELIEVED'), 0)::bigint AS asked_back_won
      FROM release_line l LEFT JOIN repayment r USING (project_id, source)
     GROUP BY l.project_id, l.source
"""
_RECOVERIES = """
    SELECT r.id, r.state, r.opened_at, r.noticed_at, r.opinion_at, r.opinion_until, r.proposed_at, r.decided_at,
           r.closed_at, r.proposed_by, r.decided_by, r.heard_by,
           (SELECT count(*) FROM repayment p WHERE p.origin_id = r.id AND p.state NOT IN ('CONFIRMED', 'RELIEVED'))
               AS owing,
           (SELECT count(*) FROM release p WHERE p.project_id = r.project_id AND p.ordered_at > r.opened_at
               AND (r.closed_at IS NULL OR p.ordered_at < r.closed_at)) AS ordered_meanwhile,
           (SELECT count(*) FROM release p WHERE p.project_id = r.project_id AND p.ordered_at < r.decided_at
               AND coalesce(p.posted_at, p.voided_at, 'infinity') > r.decided_at) AS under_way
      FROM recovery r
"""
_LEDGER = """
    SELECT b.id::text, a.kind, coalesce(sum(e.amount_won), 0)::bigint AS ledger_won
      FROM budget_line b JOIN ledger_account a ON a.budget_line_id = b.id
      LEFT JOIN ledger_entry e ON e.account_id = a.id
      LEFT JOIN ledger_transfer t ON t.id = e.transfer_id
     WHERE a.kind IN ('LAPSED', 'REFUND_DUE', 'REFUNDED', 'INTEREST', 'PENALTY')
        OR a.kind = 'PAID' AND t.kind IN ('REPAYMENT_ORDER', 'RELIEF')
     GROUP BY b.id, a.kind
"""
_OWED = """
    SELECT r.budget_line_id::text AS line, r.state, r.principal_won, r.interest_won, r.surcharge_won, r.late_won
      FROM repayment r
"""
_GIVEN_UP = """
    SELECT l.budget_line_id::text AS line, g.amount_won
      FROM release_lapse g JOIN release_line l USING (project_id, source)
"""


async def settled(databases: Databases) -> list[Claim]:
    """All claims about settlements, clawbacks and what is owed back, if the season comes so far."""
    funding = databases["funding"]
    claims = [
        _to_the_won(await funding.fetch(_SETTLEMENTS)),
        _by_source(await funding.fetch(_LINES)),
        _only_what_was_paid(await funding.fetch(_TAKEN)),
        _by_procedure(await funding.fetch(_RECOVERIES)),
        _in_the_ledger(await funding.fetch(_LEDGER), await funding.fetch(_OWED), await funding.fetch(_GIVEN_UP)),
    ]
    return [claim for claim in claims if claim.looked_at]


def _to_the_won(settlements: list[Row]) -> Claim:
    claim = Claim("settled-to-the-won")
    for row in settlements:
        where = f"funding.settlement of {row['project_id']}"
        claim.expect(f"{where}: cost", expected=row["committed_won"], found=row["total_cost_won"])
        claim.expect(f"{where}: shares", expected=row["total_cost_won"], found=sum(row["shares"]))
        owed = _shared_out(row["total_cost_won"] - row["spent_won"], row["shares"])
        for share_won, saved_won, fixed_won in zip(row["shares"], owed, row["fixed"], strict=True):
            above_won = max(0, fixed_won - (share_won - saved_won))
            claim.expect(f"{where}: fixed above what is owed", expected=0, found=above_won)
        claim.expect(f"{where}: interest", expected=row["interest_won"], found=row["shared_interest_won"])
        people = {row["submitted_by"], row["attested_by"], row["fixed_by"]}
        claim.expect(f"{where}: three people", expected=3, found=len(people))
    return claim


def _shared_out(total_won: int, shares: list[int]) -> list[int]:
    """Largest remainders, ties by order: the check's own arithmetic."""
    whole = sum(shares)
    parts = [total_won * share // whole for share in shares]
    order = sorted(range(len(shares)), key=lambda at: (-(total_won * shares[at] % whole), at))
    for at in order[: total_won - sum(parts)]:
        parts[at] += 1
    return parts


def _by_source(lines: list[Row]) -> Claim:
    claim = Claim("refunded-by-source")
    for row in lines:
        where = f"funding.settlement_line {row['source']} of {row['settlement_id']}"
        due_won = max(0, row["paid_won"] + row["interest_won"] - row["fixed_won"])
        claim.expect(f"{where}: refund (F-09)", expected=due_won, found=row["refund_won"])
        claim.expect(f"{where}: ordered", expected=due_won, found=row["ordered_won"])
        claim.expect(f"{where}: paid", expected=row["posted_won"], found=row["paid_won"])
        claim.expect(f"{where}: given up", expected=row["given_up_won"], found=row["lapsed_won"])
    return claim


def _only_what_was_paid(lines: list[Row]) -> Claim:
    claim = Claim("taken-back-within")
    for row in lines:
        where = f"funding.release_line {row['source']} of {row['project_id']}"
        claim.expect(f"{where}: asked back", expected=row["asked_back_won"], found=row["returned_won"])
        claim.expect(f"{where}: above what was paid", expected=0, found=max(0, row["asked_back_won"] - row["paid_won"]))
        over_won = max(0, row["paid_won"] + row["lapsed_won"] - row["committed_won"])
        claim.expect(f"{where}: paid and given up above its commitment", expected=0, found=over_won)
    return claim


def _by_procedure(recoveries: list[Row]) -> Claim:
    claim = Claim("clawed-back-by-procedure")
    for row in recoveries:
        where = f"funding.recovery {row['id']}"
        claim.expect(f"{where}: orders while it was open", expected=0, found=row["ordered_meanwhile"])
        if row["decided_at"] is None:
            continue
        steps = [row[name] for name in ("opened_at", "noticed_at", "proposed_at", "decided_at")]
        claim.expect(f"{where}: notice before finding before decision", expected=sorted(steps), found=steps)
        heard = row["opinion_at"] is not None or row["proposed_at"].date() > row["opinion_until"]
        claim.expect(f"{where}: the firm was heard", expected=True, found=heard)
        claim.expect(f"{where}: payments under way at its decision", expected=0, found=row["under_way"])
        people = [row[name] for name in ("proposed_by", "decided_by", "heard_by") if row[name] is not None]
        claim.expect(f"{where}: nobody decides twice", expected=len(people), found=len(set(people)))
        if row["state"] == "CLOSED":
            claim.expect(f"{where}: closed and still owed", expected=0, found=row["owing"])
    return claim


def _in_the_ledger(ledger: list[Row], owed: list[Row], given_up: list[Row]) -> Claim:
    claim = Claim("settled-in-ledger")
    due: dict[tuple[str, str], int] = {}
    for row in owed:
        if row["state"] == "RELIEVED":
            continue
        ordered_won = row["principal_won"] + row["interest_won"] + row["surcharge_won"]
        late_won = row["late_won"] if row["state"] == "CONFIRMED" else 0
        where = "REFUNDED" if row["state"] == "CONFIRMED" else "REFUND_DUE"
        for kind, amount_won in (
            (where, ordered_won + late_won),
            ("PAID", -row["principal_won"]),
            ("INTEREST", -row["interest_won"]),
            ("PENALTY", -row["surcharge_won"] - late_won),
        ):
            due[row["line"], kind] = due.get((row["line"], kind), 0) + amount_won
    for row in given_up:
        due[row["line"], "LAPSED"] = due.get((row["line"], "LAPSED"), 0) + row["amount_won"]
    found = {(row["id"], row["kind"]): row["ledger_won"] for row in ledger}
    for line, kind in found.keys() | due.keys():
        where = f"funding.ledger_account {kind} of budget line {line}"
        claim.expect(where, expected=due.get((line, kind), 0), found=found.get((line, kind), 0))
    return claim
