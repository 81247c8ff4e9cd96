"""A commitment names the memorandum of its day, and each source that pays under one owes that money by its word."""

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_COMMITMENTS = """
    SELECT c.project_id, c.memorandum_id,
           (SELECT m.id FROM memorandum m
             WHERE m.state = 'CONFIRMED'
               AND m.signed_on <= (c.decided_at AT TIME ZONE 'Asia/Seoul')::date
               AND m.confirmed_at <= c.decided_at
             ORDER BY m.signed_on DESC, m.id DESC LIMIT 1) AS due
      FROM commitment c WHERE c.state <> 'REFUSED'
"""
_UNOWED = """
    SELECT s.project_id, s.source, s.municipality_code
      FROM commitment c JOIN commitment_share s USING (project_id)
     WHERE c.memorandum_id IS NOT NULL AND s.source NOT IN ('SME', 'NATIONAL')
       AND NOT EXISTS (
           SELECT FROM memorandum m, jsonb_array_elements(m.parties) party,
                       jsonb_array_elements(party -> 'obligations') owed
            WHERE m.id = c.memorandum_id AND owed ->> 'source' = s.source
              AND party ->> 'municipality_code' IS NOT DISTINCT FROM s.municipality_code)
"""


async def referred_to(databases: Databases) -> Claim:
    """The state's money comes by the national scheme's own notice, so no party of the province's memorandum owes it."""
    funding, claim = databases["funding"], Claim("under-memorandum")
    for row in await funding.fetch(_COMMITMENTS):
        claim.expect(
            f"funding.commitment {row['project_id']}, memorandum", expected=row["due"], found=row["memorandum_id"]
        )
    for row in await funding.fetch(_UNOWED):
        place = f"funding.commitment_share {row['source']} of {row['project_id']}"
        claim.expect(place, expected="a party that owes it", found="none")
    return claim
