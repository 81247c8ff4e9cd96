"""Amended agreements: in their window, agreed by all, decided by somebody else, edition by edition, in own SQL."""

from datetime import timedelta

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

_DAYS = 15
_SATURDAY = 5
_ALL = """
    SELECT a.id, a.project_id, a.cause_on, (a.requested_at AT TIME ZONE 'Asia/Seoul')::date AS asked_on, a.state,
           a.edition, a.terms_before::text AS before, a.terms_after::text AS after, a.decided_by,
           (a.terms_after ->> 'supplier_contract_won')::bigint AS contract_won, g.total_cost_won,
           g.plan_sha256 AS signed_plan, a.terms_before ->> 'plan_sha256' AS plan_before,
           (SELECT count(*) FROM amendment_consent c WHERE c.amendment_id = a.id) AS parties,
           EXISTS (SELECT FROM amendment_consent c
                    WHERE c.amendment_id = a.id AND c.consented_by = a.decided_by) AS by_a_party
      FROM agreement_amendment a JOIN agreement g USING (project_id) ORDER BY a.project_id, a.edition
"""
_PARTIES = 3


async def agreed(databases: Databases) -> list[Claim]:
    """Every approved amendment, against the agreement that it amends."""
    claim, last = Claim("amended-as-agreed"), dict[object, tuple[int, str]]()
    for row in await databases["applicant"].fetch(_ALL):
        where = f"applicant.agreement_amendment {row['id']}"
        late = (row["asked_on"] - row["cause_on"]).days > _DAYS
        # A fifteenth day that is a Saturday, Sunday or holiday moves on; a working Saturday there is not.
        moved = (row["cause_on"] + timedelta(days=_DAYS)).weekday() >= _SATURDAY
        claim.expect(f"{where}, window", expected=True, found=not late or moved)
        if row["state"] != "APPROVED":
            continue
        edition, terms = last.get(row["project_id"], (1, None))
        claim.expect(f"{where}, edition", expected=edition + 1, found=row["edition"])
        if terms is None:
            claim.expect(f"{where}, signed plan", expected=row["signed_plan"], found=row["plan_before"])
        else:
            claim.expect(f"{where}, terms before", expected=terms, found=row["before"])
        claim.expect(f"{where}, parties", expected=(_PARTIES, False), found=(row["parties"], row["by_a_party"]))
        within = row["contract_won"] <= row["total_cost_won"]
        claim.expect(f"{where}, contract within cost", expected=True, found=within)
        last[row["project_id"]] = (row["edition"], row["after"])
    return [claim]
