"""No payment was ordered, and no agreement signed for the programme, but on the tax office's last good word that held.

Worked out from both services' own rows: what the office said is read from the answer that the applicant service keeps.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from smartfactory.check.claims import Claim
from smartfactory.snapshots import Databases

Row = Mapping[str, Any]

_ORDERED = """
    SELECT r.id, r.project_id, r.company_id, r.ordered_at, r.standing_id, s.company_id AS asked_about,
           s.project_id AS asked_for, s.answer_sha256,
           s.holds_until > r.ordered_at AND s.answered_at <= r.ordered_at AS held,
           EXISTS (SELECT FROM standing b WHERE b.project_id = r.project_id AND b.state = 'BAD'
                      AND b.number > s.number AND b.answered_at <= r.ordered_at) AS broken_since
      FROM release r LEFT JOIN standing s ON s.id = r.standing_id
     WHERE r.ordered_at IS NOT NULL
"""
_SAID = """
    SELECT k.id, k.purpose, k.project_id, k.number, k.answered_at, k.answer_sha256, k.about,
           k.answer ->> 'status' = 'ACTIVE' AS alive,
           NOT ((k.answer ->> 'national_tax_arrears')::boolean OR (k.answer ->> 'local_tax_arrears')::boolean) AS paid,
           k.answer ->> 'business_number' = c.business_number AS of_this_firm
      FROM standing_check k JOIN company c ON c.id = k.company_id
     WHERE k.state = 'ANSWERED' ORDER BY k.project_id, k.number
"""
_SIGNED = "SELECT project_id, signed_at FROM agreement_signature WHERE party = 'OPERATOR'"


async def asked_again(databases: Databases) -> list[Claim]:
    """Both claims."""
    said = await databases["applicant"].fetch(_SAID)
    return [
        _before_payments(await databases["funding"].fetch(_ORDERED), {row["id"]: row for row in said}),
        _before_agreements(await databases["applicant"].fetch(_SIGNED), said),
    ]


def _before_payments(ordered: Sequence[Row], said: Mapping[Any, Row]) -> Claim:
    claim = Claim("paid-in-good-standing")
    for release in ordered:
        where = f"funding.release {release['id']}"
        known = said.get(release["standing_id"])
        asked = (release["asked_for"], release["asked_about"])
        claim.expect(f"{where}: whose standing", expected=(release["project_id"], release["company_id"]), found=asked)
        claim.expect(f"{where}: the answer held when it was ordered", expected=True, found=release["held"])
        claim.expect(f"{where}: a bad answer since", expected=False, found=release["broken_since"])
        good = known is not None and known["alive"] and known["paid"] and known["of_this_firm"]
        claim.expect(f"{where}: what the tax office had said is good", expected=True, found=good)
        if known is not None:
            found = release["answer_sha256"]
            claim.expect(f"{where}: the answer's hash", expected=known["answer_sha256"], found=found)
    return claim


def _before_agreements(signed: Sequence[Row], said: Sequence[Row]) -> Claim:
    claim = Claim("agreed-without-arrears")
    answers: dict[Any, list[Row]] = defaultdict(list)
    for row in said:
        if row["purpose"] == "AGREEMENT":
            answers[row["project_id"]].append(row)
    for signature in signed:
        before = [row for row in answers[signature["project_id"]] if row["answered_at"] <= signature["signed_at"]]
        good = bool(before) and before[-1]["paid"] and before[-1]["of_this_firm"]
        claim.expect(f"applicant.agreement {signature['project_id']}: arrears looked at", expected=True, found=good)
    return claim
