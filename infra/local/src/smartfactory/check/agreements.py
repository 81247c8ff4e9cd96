"""An agreement in force is what was committed, signed by all three and covered to the won; nothing else is in force."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_AGREEMENTS = """
    SELECT a.project_id, a.state, a.total_cost_won,
           (SELECT count(*) FROM agreement_signature s WHERE s.project_id = a.project_id) AS signatures
      FROM agreement a
"""
_AGREED = """
    SELECT a.project_id, share ->> 'source' AS source, (share ->> 'amount_won')::bigint AS amount_won
      FROM agreement a, jsonb_array_elements(a.shares) share
"""
_COMMITTED = "SELECT project_id, source, amount_won FROM commitment_share"
_COVERED = """
    SELECT c.project_id, c.state, coalesce(sum(l.amount_won) FILTER (WHERE l.covered_at IS NOT NULL), 0)::bigint AS won
      FROM coverage c LEFT JOIN coverage_line l USING (project_id) GROUP BY c.project_id
"""
_PARTIES = 3


async def in_force(databases: Databases) -> list[Claim]:
    """Both claims, by the two services' own tables."""
    applicant, funding = databases["applicant"], databases["funding"]
    agreements = {row["project_id"]: row for row in await applicant.fetch(_AGREEMENTS)}
    coverages = {row["project_id"]: row for row in await funding.fetch(_COVERED)}
    agreed, committed = _by_project(await applicant.fetch(_AGREED)), _by_project(await funding.fetch(_COMMITTED))
    split, force = Claim("agreed-as-committed"), Claim("agreement-in-force")
    for project_id in agreements:
        where = f"applicant.agreement {project_id}, shares"
        split.expect(where, expected=committed.get(project_id), found=agreed.get(project_id))
    for project_id in agreements.keys() | coverages.keys():
        agreement, coverage = agreements.get(project_id), coverages.get(project_id)
        stands = agreement is not None and agreement["state"] == "EFFECTIVE"
        granted = coverage is not None and coverage["state"] == "GRANTED"
        force.expect(f"funding.coverage {project_id}, granted", expected=stands, found=granted)
        if agreement is not None and stands:
            where = f"applicant.agreement {project_id}"
            force.expect(f"{where}, signatures", expected=_PARTIES, found=agreement["signatures"])
            won = coverage["won"] if coverage else 0
            force.expect(f"{where}, won covered", expected=agreement["total_cost_won"], found=won)
    return [split, force]


def _by_project(rows: list[Row]) -> dict[Any, dict[str, int]]:
    shares: dict[Any, dict[str, int]] = defaultdict(dict)
    for row in rows:
        shares[row["project_id"]][row["source"]] = row["amount_won"]
    return shares
