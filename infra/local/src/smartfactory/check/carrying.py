"""Money of a year that is over left only as far as two people had carried it over before that year ended."""

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_CARRIED = """
    SELECT c.id, c.fiscal_year, c.to_year, l.fiscal_year AS line_year, c.proposed_by <> c.confirmed_by AS by_two,
           extract(year FROM c.confirmed_at AT TIME ZONE 'Asia/Seoul')::int AS confirmed_in,
           c.municipality_code IS NOT DISTINCT FROM l.municipality_code AS of_its_line
      FROM carry_over c JOIN budget_line l ON l.id = c.budget_line_id WHERE c.state = 'CONFIRMED'
"""
_LINES = """
    SELECT l.id, coalesce(sum(r.amount_won), 0)::bigint AS left_won,
           coalesce(sum(r.amount_won) FILTER (WHERE r.late), 0)::bigint AS late_won,
           (SELECT coalesce(max(c.amount_won + c.paid_won), 0) FROM carry_over c
             WHERE c.budget_line_id = l.id AND c.state = 'CONFIRMED')::bigint AS may_won,
           (SELECT coalesce(max(c.to_year), l.fiscal_year) FROM carry_over c
             WHERE c.budget_line_id = l.id AND c.state = 'CONFIRMED')::int AS may_until,
           coalesce(max(r.year), l.fiscal_year)::int AS left_in
      FROM budget_line l
      JOIN (SELECT budget_line_id, amount_won, extract(year FROM ordered_at AT TIME ZONE 'Asia/Seoul') AS year,
                   extract(year FROM ordered_at AT TIME ZONE 'Asia/Seoul') >
                       (SELECT fiscal_year FROM budget_line WHERE id = budget_line_id) AS late
              FROM release WHERE state IN ('ORDERED', 'CONFIRMED', 'POSTED')) r ON r.budget_line_id = l.id
     WHERE l.legal_regime <> 'PRIVATE_FUND' GROUP BY l.id
"""


async def carried_over(databases: Databases) -> Claim:
    """Each carry-over is of two people and of its line's year, and bounds what left the line after that year."""
    funding, claim = databases["funding"], Claim("carried-over")
    for row in await funding.fetch(_CARRIED):
        where = f"funding.carry_over {row['id']}"
        claim.expect(
            f"{where}: two people of its line", expected=(True, True), found=(row["by_two"], row["of_its_line"])
        )
        claim.expect(
            f"{where}: year, next year",
            expected=(row["line_year"], row["line_year"] + 1),
            found=(row["fiscal_year"], row["to_year"]),
        )
        too_late = max(0, row["confirmed_in"] - row["line_year"])
        claim.expect(f"{where}: years too late", expected=0, found=too_late)
    for row in await funding.fetch(_LINES):
        where = f"funding.budget_line {row['id']}"
        if row["late_won"]:
            over_won = max(0, row["left_won"] - row["may_won"])
            claim.expect(f"{where}: left beyond what was carried over", expected=0, found=over_won)
        over_years = max(0, row["left_in"] - row["may_until"])
        claim.expect(f"{where}: years after the last that it may pay in", expected=0, found=over_years)
    return claim
