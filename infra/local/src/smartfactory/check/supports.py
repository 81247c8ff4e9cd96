"""Firms that were supported before are first-timers in no case, by SQL of the check's own over the imported records."""

from datetime import date

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_KNOWN = """
    SELECT a.id, a.first_timer,
           EXISTS (SELECT FROM past_support p
                    WHERE p.business_number = c.business_number AND p.withdrawn_at IS NULL
                      AND p.supported_on <= (a.submitted_at AT TIME ZONE 'Asia/Seoul')::date
                      AND p.imported_at <= a.submitted_at) AS known,
           c.supported_before AS said
      FROM application a JOIN company c ON c.id = a.company_id WHERE a.submitted_at IS NOT NULL
"""
_TWICE = """
    SELECT business_number, scheme, fiscal_year, worksite_name, count(*) AS times FROM past_support
     WHERE withdrawn_at IS NULL GROUP BY business_number, scheme, fiscal_year, worksite_name
"""


_TICKETS = """
    SELECT t.id, t.state, t.owned_by IS NOT NULL AS owned, t.closed_at, d.state AS watched,
           (d.due_at AT TIME ZONE 'Asia/Seoul')::date - 1 AS last_day, t.due_on
      FROM support_ticket t LEFT JOIN legal_deadline d ON d.subject_id = t.id AND d.kind = 'SUPPORT_TICKET'
"""


async def known(databases: Databases) -> list[Claim]:
    """Who was supported before is nowhere taken for a first-timer, and no support is stored twice."""
    applicant = databases["applicant"]
    claim = Claim("supported-before-is-known")
    for row in await applicant.fetch(_KNOWN):
        expected = not (row["known"] or row["said"])
        claim.expect(f"applicant.application {row['id']}: first-timer", expected=expected, found=row["first_timer"])
    once = Claim("support-imported-once")
    for row in await applicant.fetch(_TWICE):
        where = f"applicant.past_support {row['fiscal_year']} {row['scheme']}"
        once.expect(where, expected=1, found=row["times"])
    tickets = Claim("support-in-time")
    for row in await applicant.fetch(_TICKETS):
        where = f"applicant.support_ticket {row['id']}"
        closed = row["closed_at"] is not None
        tickets.expect(f"{where}, watched", expected=closed, found=row["watched"] == "MET")
        tickets.expect(f"{where}, day", expected=True, found=(row["last_day"] or date.min) >= row["due_on"])
        tickets.expect(f"{where}, owner", expected=row["state"] != "OPEN", found=row["owned"])
    return [claim, once, tickets]
