"""Money by source and state: what metrics has made of events is what funding's ledger holds, won by won.

Both sides are added up here in own SQL, by the fiscal year and track of the budget line, its source, and the
municipality of the project (or of the line, for what belongs to no project yet).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Place = tuple[int, str, str, str | None]
Amounts = Mapping[Place, Mapping[str, int]]

_LEDGER = """
    SELECT l.fiscal_year, l.track, l.source,
           CASE WHEN a.kind IN ('APPROPRIATION', 'AVAILABLE') THEN l.municipality_code ELSE c.municipality_code END
               AS place,
           a.kind, t.kind AS moved_by, sum(e.amount_won)::bigint AS won
      FROM ledger_entry e JOIN ledger_transfer t ON t.id = e.transfer_id
      JOIN ledger_account a ON a.id = e.account_id JOIN budget_line l ON l.id = a.budget_line_id
      LEFT JOIN commitment c ON c.project_id = t.project_id
     GROUP BY 1, 2, 3, 4, 5, 6
"""
_CASES = """
    SELECT l.fiscal_year, l.track, l.source, r.municipality_code AS place, x.state, sum(x.won)::bigint AS won
      FROM release_line r JOIN budget_line l ON l.id = r.budget_line_id
      CROSS JOIN LATERAL (
        SELECT 'settled' AS state, s.fixed_won AS won FROM settlement_line s JOIN settlement o ON o.id = s.settlement_id
         WHERE o.project_id = r.project_id AND s.source = r.source
        UNION ALL
        SELECT 'unclear', p.amount_won FROM release p
         WHERE (p.project_id, p.source, p.state) = (r.project_id, r.source, 'ORDERED') AND p.unclear_since IS NOT NULL
        UNION ALL
        SELECT part.state, part.won FROM repayment b
         CROSS JOIN LATERAL (VALUES
             (CASE WHEN b.state NOT IN ('CONFIRMED', 'RELIEVED')
                   THEN CASE b.origin WHEN 'SETTLEMENT' THEN 'refund_due' ELSE 'recovery_due' END END,
              b.principal_won + b.interest_won + b.surcharge_won),
             (CASE WHEN b.state = 'CONFIRMED'
                   THEN CASE b.origin WHEN 'SETTLEMENT' THEN 'refunded' ELSE 'recovered' END END, b.principal_won),
             (CASE WHEN b.state = 'CONFIRMED' THEN 'interest' END, b.interest_won),
             (CASE WHEN b.state = 'CONFIRMED' THEN 'surcharge' END, b.surcharge_won + b.late_won)
         ) AS part (state, won)
         WHERE (b.project_id, b.source) = (r.project_id, r.source) AND part.state IS NOT NULL
      ) x
     GROUP BY 1, 2, 3, 4, 5
"""
_CARRIED = """
    SELECT l.fiscal_year, l.track, l.source, l.municipality_code AS place, 'carried_over' AS state,
           sum(c.amount_won)::bigint AS won
      FROM budget_line l CROSS JOIN LATERAL (
        SELECT amount_won FROM carry_over
         WHERE budget_line_id = l.id AND state = 'CONFIRMED' ORDER BY confirmed_at DESC, id DESC LIMIT 1) c
     GROUP BY 1, 2, 3, 4
"""
_SHOWN = """
    WITH share AS (
        SELECT s.project_id, s.source, s.amount_won, c.municipality_code AS place, l.fiscal_year, l.track
          FROM commitment_share s JOIN commitment c USING (project_id) JOIN budget_line l USING (budget_line_id)
         WHERE c.state = 'COMMITTED'),
    told AS (
        SELECT project_id, source, CASE state WHEN 'POSTED' THEN 'paid' ELSE 'under_way' END AS state, amount_won AS won
          FROM disbursement WHERE state <> 'VOIDED'
        UNION ALL
        SELECT project_id, source, 'unclear', amount_won FROM disbursement WHERE state = 'ORDERED' AND unclear
        UNION ALL
        SELECT project_id, source, 'lapsed', amount_won FROM lapsed_share
        UNION ALL
        SELECT project_id, source, 'settled', fixed_won FROM settled_share
        UNION ALL
        SELECT b.project_id, b.source, part.state, part.won FROM repayment b
         CROSS JOIN LATERAL (VALUES
             (CASE b.state WHEN 'CONFIRMED' THEN 'back' WHEN 'RELIEVED' THEN 'relieved' ELSE 'due' END,
              b.principal_won + b.interest_won + b.surcharge_won + b.late_won),
             (CASE WHEN b.state NOT IN ('CONFIRMED', 'RELIEVED')
                   THEN CASE b.origin WHEN 'SETTLEMENT' THEN 'refund_due' ELSE 'recovery_due' END END,
              b.principal_won + b.interest_won + b.surcharge_won),
             (CASE WHEN b.state = 'CONFIRMED'
                   THEN CASE b.origin WHEN 'SETTLEMENT' THEN 'refunded' ELSE 'recovered' END END, b.principal_won),
             (CASE WHEN b.state = 'CONFIRMED' THEN 'interest' END, b.interest_won),
             (CASE WHEN b.state = 'CONFIRMED' THEN 'surcharge' END, b.surcharge_won + b.late_won)
         ) AS part (state, won)
         WHERE part.state IS NOT NULL
        UNION ALL
        SELECT project_id, source, 'committed', amount_won FROM share),
    line AS (
        SELECT l.*, part.state, part.won FROM budget_line l LEFT JOIN carried_over c USING (budget_line_id)
         CROSS JOIN LATERAL (VALUES ('budgeted', l.confirmed_won), ('left', l.left_won), ('carried_over', c.amount_won))
            AS part (state, won)
         WHERE l.confirmed_won IS NOT NULL AND part.won IS NOT NULL)
    SELECT fiscal_year, track, source, place, state, sum(won)::bigint AS won
      FROM share JOIN told USING (project_id, source) GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT fiscal_year, track, source, municipality_code, state, sum(won)::bigint FROM line GROUP BY 1, 2, 3, 4, 5
"""
_OF_ACCOUNT = {
    "APPROPRIATION": ("budgeted", -1),
    "AVAILABLE": ("left", 1),
    "PENDING": ("under_way", 1),
    "LAPSED": ("lapsed", 1),
    "REFUND_DUE": ("due", 1),
    "REFUNDED": ("back", 1),
}
"""Which state an account's balance is, with the sign in which a person reads it; what is due or back, in all."""


async def as_in_the_ledger(databases: Databases) -> Claim:
    """Every state of every source's money in every municipality, held against what metrics would show."""
    claim = Claim("money-differs")
    held = await in_the_ledger(databases["funding"])
    shown: Amounts = _summed(await databases["metrics"].fetch(_SHOWN))
    for place in sorted(held.keys() | shown.keys(), key=str):
        expected, found = held.get(place, {}), shown.get(place, {})
        for state in sorted(expected.keys() | found.keys()):
            where = f"metrics, {' '.join(str(part) for part in place if part is not None)}: {state}"
            claim.expect(where, expected=expected.get(state, 0), found=found.get(state, 0))
    return claim


async def in_the_ledger(funding: asyncpg.Connection) -> Amounts:
    """By year, track, source and municipality what funding holds in each state."""
    amounts = _summed([*await funding.fetch(_CASES), *await funding.fetch(_CARRIED)])
    for row in await funding.fetch(_LEDGER):
        of_place, won = amounts[_place(row)], row["won"]
        if row["kind"] in _OF_ACCOUNT:
            state, sign = _OF_ACCOUNT[row["kind"]]
            of_place[state] += sign * won
        if row["kind"] == "COMMITTED" and row["moved_by"] in {"COMMITMENT", "REVERSAL"}:
            of_place["committed"] += won
        if row["kind"] == "PAID" and row["moved_by"] == "DISBURSEMENT":
            of_place["paid"] += won
        if row["kind"] == "REFUND_DUE" and row["moved_by"] == "RELIEF":
            of_place["relieved"] -= won
    return amounts


def _summed(rows: Sequence[Mapping[str, Any]]) -> defaultdict[Place, Counter[str]]:
    amounts: defaultdict[Place, Counter[str]] = defaultdict(Counter)
    for row in rows:
        amounts[_place(row)][row["state"]] += row["won"]
    return amounts


def _place(row: Mapping[str, Any]) -> Place:
    return row["fiscal_year"], row["track"], row["source"], row["place"]


def of_source(amounts: Amounts, year: int, track: str) -> dict[str, dict[str, int]]:
    """By source what one track of a year has in each state, of all municipalities."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (of_year, of_track, source, _), won in amounts.items():
        if (of_year, of_track) == (year, track):
            found[source].update(won)
    return {source: {state: won[state] for state in won if won[state]} for source, won in found.items()}
