"""An agreement in force is amended in its window, by all its parties and the province; what was committed stays."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.clock import KST
from contracts.roles import Role
from tests.support.applicant import business_number
from tests.support.building_site import IN_FORCE, OPERATOR, Site, site_under_way
from tests.support.judging import APPROVER, Judging, Person, at_once

SECOND_APPROVER = Person(Role.PROVINCE_APPROVER, "approver-2", "52")
PLAN = {"plan_sha256": "e" * 64}


def request(cause_on: str = "2024-06-05", **changes: object) -> dict[str, Any]:
    said = {"cause": "DESIGN_CHANGE", "cause_on": cause_on, "reason": "설계 변경", "evidence_sha256": ["d" * 64]}
    return said | changes


async def asked(site: Site, body: dict[str, Any], by: Person | None = None) -> Any:
    return await site.judging.post(f"/v1/agreements/{site.project_id}/amendments", body, by=by or site.owner)


async def refused(site: Site, body: dict[str, Any], by: Person | None = None) -> tuple[int, str]:
    answer = await asked(site, body, by)
    return answer.status_code, answer.json()["code"]


async def supplier_of(site: Site) -> Person:
    found = await site.judging.get(f"/v1/agreements/{site.project_id}", OPERATOR)
    return Person(Role.SUPPLIER, "supplier", found.json()["supplier_business_number"])


async def agreed(site: Site, body: dict[str, Any]) -> dict[str, Any]:
    """An amendment that firm, supplier and operator agree to."""
    made = await asked(site, body)
    assert made.status_code == 201, made.text
    amendment = made.json()
    supplier = await supplier_of(site)
    if "supplier_business_number" in body:
        supplier = Person(Role.SUPPLIER, "new-supplier", body["supplier_business_number"])
    for by in (supplier, OPERATOR):
        path = f"/v1/amendments/{amendment['id']}/consents"
        given = await site.judging.post(path, by=by, version=amendment["version"])
        assert given.status_code == 201, given.text
        amendment = given.json()
    assert amendment["state"] == "AGREED"
    return dict(amendment)


async def decided(site: Site, amendment: dict[str, Any], verdict: str = "APPROVED") -> dict[str, Any]:
    body = {"verdict": verdict, "reason": "가상 사유"}
    path = f"/v1/amendments/{amendment['id']}/decisions"
    answer = await site.judging.post(path, body, by=APPROVER, version=amendment["version"])
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_an_amendment_is_the_next_edition_once_all_parties_agree_and_the_province_approves(judging: Judging):
    site = await site_under_way(judging)
    amendment = await agreed(site, request(**PLAN, supplier_contract_won=30_000_000))
    first = await decided(site, amendment)
    assert (first["state"], first["edition"], first["terms_before"]["plan_sha256"]) == ("APPROVED", 2, "c" * 64)
    assert first["terms_after"] == first["terms_before"] | {
        "plan_sha256": "e" * 64,
        "supplier_contract_won": 30_000_000,
    }
    second = await decided(site, await agreed(site, request(plan_sha256="f" * 64)))
    assert (second["edition"], second["terms_before"]) == (3, first["terms_after"])
    signed = (await judging.get(f"/v1/agreements/{site.project_id}", OPERATOR)).json()
    assert signed["plan_sha256"] == "c" * 64
    decisions = [entry["decision"] for entry in await judging.journal(f"project/{site.project_id}")]
    assert decisions[-4:] == ["amendment-requested", "amendment-consented", "amendment-consented", "amendment-decided"]
    assert {each["kind"]: each["state"] for each in signed["deadlines"] if "AMENDMENT" in each["kind"]} == {
        "AMENDMENT_CONSENT": "MET",
        "AMENDMENT_DECISION": "MET",
    }


async def test_the_last_day_after_the_cause_rolls_over_a_weekend_and_the_next_day_is_too_late(judging: Judging):
    """Fifteen days after Friday 31 May is Saturday 15 June: Monday 17 June is the last day."""
    site = await site_under_way(judging)
    judging.clock.move_to(datetime(2024, 6, 18, tzinfo=KST))
    answer = await asked(site, request("2024-05-31", **PLAN))
    assert (answer.status_code, answer.json()["code"]) == (409, "amendment-too-late")
    assert "2024-06-17" in answer.json()["detail"]
    assert "[G2]" in answer.json()["detail"]
    assert await refused(site, request("1950-01-01", **PLAN)) == (409, "amendment-too-late")
    judging.clock.move_to(datetime(2024, 6, 17, 23, 59, 59, tzinfo=KST))
    assert (await asked(site, request("2024-05-31", **PLAN))).status_code == 201


async def test_within_a_month_of_its_end_an_agreement_is_not_amended_and_the_last_day_before_still_is(judging: Judging):
    """In force on 5 June 2024 for twelve months: 5 May 2025 is the last day to ask."""
    site = await site_under_way(judging)
    judging.clock.move_to(datetime(2025, 5, 6, tzinfo=KST))
    assert await refused(site, request("2025-05-05", **PLAN)) == (409, "agreement-ends-too-soon")
    judging.clock.move_to(datetime(2025, 5, 5, 23, 59, tzinfo=KST))
    assert (await asked(site, request("2025-05-05", ends_on="2025-12-05", cause="DELAY"))).status_code == 201


async def test_what_was_committed_or_selected_and_what_the_rules_bound_is_not_a_partys_to_change(judging: Judging):
    site = await site_under_way(judging)
    assert await refused(site, request(total_cost_won=41_000_000)) == (409, "term-not-amendable")
    assert await refused(site, request(type_code="JS2")) == (409, "term-not-amendable")
    assert await refused(site, request(municipality_code="52130")) == (409, "term-not-amendable")
    assert await refused(site, request()) == (409, "amendment-changes-nothing")
    assert await refused(site, request(plan_sha256="c" * 64)) == (409, "amendment-changes-nothing")
    assert await refused(site, request(supplier_contract_won=40_000_001)) == (409, "amended-contract-above-cost")
    assert await refused(site, request(ends_on="2025-12-06")) == (409, "amendment-end-out-of-range")
    assert await refused(site, request(ends_on="2024-06-05")) == (409, "amendment-end-out-of-range")
    assert await refused(site, request(supplier_business_number=business_number())) == (409, "amendment-supplier-stays")
    assert await refused(site, request("9999-12-31", **PLAN)) == (422, "amendment-cause-in-the-future")
    assert await refused(site, request("2024-06-06", **PLAN)) == (422, "amendment-cause-in-the-future")
    unknown = await asked(site, request(shares=[]))
    assert unknown.status_code == 422


async def test_a_supplier_that_failed_is_replaced_with_the_consent_of_the_new_one(judging: Judging):
    site = await site_under_way(judging)
    old, new = await supplier_of(site), business_number()
    body = request(cause="SUPPLIER_FAILURE", supplier_business_number=new)
    made = (await asked(site, body)).json()
    path = f"/v1/amendments/{made['id']}"
    by_old = await judging.post(f"{path}/consents", by=old, version=1)
    assert by_old.status_code == 404
    stranger = Person(Role.SUPPLIER, "s", business_number())
    assert (await judging.get(path, stranger)).status_code == 404
    assert (await judging.get(path, old)).status_code == 200
    for by in (Person(Role.SUPPLIER, "n", new), OPERATOR):
        made = (await judging.post(f"{path}/consents", by=by, version=made["version"])).json()
    done = await decided(site, made)
    assert (done["terms_after"]["supplier_business_number"], done["edition"]) == (new, 2)


async def test_one_is_open_at_a_time_a_party_decides_nothing_and_who_asked_takes_it_back(judging: Judging):
    site = await site_under_way(judging)
    both = await at_once(*(asked(site, request(plan_sha256=letter * 64)) for letter in "ef"))
    assert sorted(answer.status_code for answer in both) == [201, 409]
    (made,) = [answer.json() for answer in both if answer.status_code == 201]
    path = f"/v1/amendments/{made['id']}"
    early = await judging.post(f"{path}/decisions", {"verdict": "APPROVED", "reason": "x"}, by=APPROVER, version=1)
    assert (early.status_code, early.json()["code"]) == (409, "amendment-not-open")
    twice = await judging.post(f"{path}/consents", by=site.owner, version=1)
    assert (twice.status_code, twice.json()["code"]) == (409, "amendment-already-consented")
    not_theirs = await judging.post(f"{path}/withdrawals", {"reason": "x"}, by=OPERATOR, version=1)
    assert (not_theirs.status_code, not_theirs.json()["code"]) == (403, "amendment-of-another-party")
    gone = await judging.post(f"{path}/withdrawals", {"reason": "x"}, by=site.owner, version=1)
    assert gone.json()["state"] == "WITHDRAWN"
    amendment = await agreed(site, request(**PLAN))
    same_person = Person(Role.PROVINCE_APPROVER, OPERATOR.subject, "52")
    body = {"verdict": "APPROVED", "reason": "x"}
    path = f"/v1/amendments/{amendment['id']}/decisions"
    own = await judging.post(path, body, by=same_person, version=amendment["version"])
    assert (own.status_code, own.json()["code"]) == (403, "amendment-party-decides")
    race = await at_once(
        *(judging.post(path, body, by=by, version=amendment["version"]) for by in (APPROVER, SECOND_APPROVER))
    )
    assert sorted(answer.status_code for answer in race) == [201, 412]


async def test_a_build_that_has_ended_takes_no_amendment_any_more(judging: Judging):
    site = await site_under_way(judging)
    amendment = await agreed(site, request(**PLAN))
    assert (await site.propose("TERMINATION", "FRAUD", fault_party="ADOPTER")).status_code == 201
    assert (await site.decide(fault_party="ADOPTER")).status_code == 201
    body = {"verdict": "APPROVED", "reason": "x"}
    path = f"/v1/amendments/{amendment['id']}/decisions"
    late = await judging.post(path, body, by=APPROVER, version=amendment["version"])
    assert (late.status_code, late.json()["code"]) == (409, "agreement-not-in-force")
    assert (await decided(site, amendment, "REFUSED"))["state"] == "REFUSED"
    assert await refused(site, request(plan_sha256="f" * 64)) == (409, "agreement-not-in-force")


async def test_postgresql_refuses_what_a_party_has_not_agreed_to_and_rewrites_nothing(judging: Judging):
    site = await site_under_way(judging)
    assert judging.clock.now() == IN_FORCE
    assert (await asked(site, request(**PLAN))).status_code == 201
    approve = "UPDATE agreement_amendment SET state = 'APPROVED', edition = 2, decided_by = 'x', decided_at = now(), decision_reason = 'x'"
    for change in (approve, "UPDATE amendment_consent SET consented_by = 'x'", "DELETE FROM agreement_amendment"):
        with pytest.raises(DBAPIError):
            async with judging.owner.transaction() as tx:
                await tx.execute(text(change))
