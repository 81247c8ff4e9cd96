"""Whoever lost money at a year's end, or carried it over, had been told before; each warning reached its offices once.

Years are judged in which somebody carried money over: the year's end of the others was not lived through.
"""

from collections import Counter

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_LINES = """
    SELECT l.id, make_timestamptz(l.fiscal_year::int + 1, 1, 1, 0, 0, 0, 'Asia/Seoul') AS ends_at,
           (SELECT min(proposed_at) FROM carry_over c WHERE c.budget_line_id = l.id AND c.state = 'CONFIRMED')
               AS carried_at,
           (SELECT min(looked_at) FROM lapse_warning w WHERE w.budget_line_id = l.id AND w.lapsing_won > 0) AS told_at
      FROM budget_line l
     WHERE l.state = 'CONFIRMED' AND l.legal_regime <> 'PRIVATE_FUND'
       AND EXISTS (SELECT FROM carry_over c JOIN budget_line o ON o.id = c.budget_line_id
                    WHERE c.state = 'CONFIRMED' AND (o.fiscal_year, o.track) = (l.fiscal_year, l.track))
       AND (l.amount_won > l.committed_won
            OR EXISTS (SELECT FROM carry_over c WHERE c.budget_line_id = l.id AND c.state = 'CONFIRMED'))
     ORDER BY l.id
"""
_WARNINGS = """
    SELECT budget_line_id, municipality_code, lapsing_won,
           concat_ws('/', budget_line_id, nullif(lapses_in, fiscal_year), stage_days) AS told
      FROM lapse_warning WHERE lapsing_won > 0 ORDER BY budget_line_id, lapses_in, stage_days
"""
_EVENTS = """
    SELECT concat_ws('/', key, nullif(left(said ->> 'last_day', 4), said ->> 'fiscal_year'), said ->> 'stage_days')
           AS told
      FROM (SELECT key, convert_from(payload, 'UTF8')::jsonb AS said FROM outbox
             WHERE type LIKE '%.budget.lapse-warned.v1') AS event
"""
_NOTICES = """
    SELECT reason, recipient, municipality_code, state, body FROM notice WHERE kind = 'MONEY_LAPSES' ORDER BY reason
"""


async def told_in_time(databases: Databases) -> Claim:
    """Each line that lapsed or was carried over was told of before; each warning, once, to whom it concerns."""
    funding, claim = databases["funding"], Claim("lapses-told")
    for row in await funding.fetch(_LINES):
        by = row["carried_at"] or row["ends_at"]
        in_time = row["told_at"] is not None and row["told_at"] < min(by, row["ends_at"])
        claim.expect(f"funding.budget_line {row['id']}: told before it was too late", expected=True, found=in_time)
    events = Counter(row["told"] for row in await funding.fetch(_EVENTS))
    notices = await databases["applicant"].fetch(_NOTICES)
    for row in await funding.fetch(_WARNINGS):
        told = row["told"]
        amount = f"{row['lapsing_won']:,}"
        own = [each for each in notices if each["reason"] == f"lapse/{told}"]
        reached = sorted(
            (each["recipient"], each["municipality_code"])
            for each in own
            if each["state"] == "SENT" and amount in each["body"] and str(row["budget_line_id"]) in each["body"]
        )
        concerned = [("PROVINCE", None)]
        if row["municipality_code"] is not None:
            concerned.insert(0, ("MUNICIPALITY", row["municipality_code"]))
        claim.expect(f"funding.lapse_warning {told}: events", expected=1, found=events[told])
        claim.expect(f"funding.lapse_warning {told}: notices with its amount", expected=concerned, found=reached)
    return claim
