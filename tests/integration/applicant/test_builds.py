"""A build suspended, resumed and terminated: by two people, for a cause, and once."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.roles import Role
from tests.support.building_site import INSPECTOR, SECOND, Site, site_under_way
from tests.support.judging import APPROVER, OPERATOR, Judging, Person, at_once


@pytest.fixture
async def site(judging: Judging) -> Site:
    return await site_under_way(judging)


async def test_it_is_suspended_and_goes_on_by_two_people_each_time(site: Site, judging: Judging):
    proposed = await site.propose("SUSPENSION", "SUPPLIER_INSOLVENT")
    assert (proposed.status_code, proposed.json()["state"]) == (201, "UNDER_WAY")
    assert await judging.told("project.suspended") == []
    assert (await site.decide()).json()["state"] == "SUSPENDED"
    (told,) = await judging.told("project.suspended")
    assert (told["project_id"], told["cause"]) == (site.project_id, "SUPPLIER_INSOLVENT")

    stopped = await site.post(f"/v1/builds/{site.project_id}/inspections", {"planned_on": "2024-09-11"}, by=OPERATOR)
    assert (stopped.status_code, stopped.json()["code"]) == (409, "build-not-under-way")
    assert (await site.propose("RESUMPTION", "CAUSE_REMOVED")).status_code == 201
    assert (await site.decide()).json()["state"] == "UNDER_WAY"
    assert len(await judging.told("project.resumed")) == 1
    entries = await judging.journal(f"project/{site.project_id}")
    assert [entry["decision"] for entry in entries][-4:] == [
        "suspension-proposed",
        "suspension-approved",
        "resumption-proposed",
        "resumption-approved",
    ]


async def test_whoever_proposed_does_not_decide_not_even_in_another_role(site: Site):
    assert (await site.propose("SUSPENSION", "DISPUTE")).status_code == 201
    own = await site.decide(by=Person(Role.PROVINCE_APPROVER, OPERATOR.subject, "52"))
    assert (own.status_code, own.json()["code"]) == (409, "build-change-own-proposal")
    assert (await site.decide(by=Person(Role.PROVINCE_OFFICER, "officer", "52"))).status_code == 403
    second = await site.propose("TERMINATION", "FRAUD", by=SECOND, fault_party="ADOPTER")
    assert second.json()["code"] == "build-change-under-review"
    assert (await site.decide("REFUSE")).json()["changes"][0]["state"] == "REFUSED"
    nothing = await site.decide()
    assert (nothing.status_code, nothing.json()["code"]) == (409, "build-change-not-proposed")


async def test_a_firm_asks_for_its_own_stop_and_finds_no_fault(site: Site):
    for cause, changes in (("FRAUD", {}), ("ADOPTER_REQUEST", {"fault_party": "SUPPLIER"})):
        asked = await site.propose("TERMINATION", cause, by=site.owner, **changes)
        assert (asked.status_code, asked.json()["code"]) == (409, "cause-not-the-firms-to-say")
    stranger = Person(Role.COMPANY_OWNER, "owner", "0199f1b0-1d20-7c31-9b52-3c1e8f40a999")
    assert (await site.propose("TERMINATION", "ADOPTER_REQUEST", by=stranger)).status_code == 404
    assert (await site.propose("TERMINATION", "ADOPTER_REQUEST", by=site.owner)).status_code == 201
    assert (await site.build())["state"] == "UNDER_WAY"
    assert (await site.decide(fault_party="ADOPTER")).json()["state"] == "TERMINATED"


async def test_nothing_follows_a_termination(site: Site, judging: Judging):
    path = await site.visited()
    assert (await site.propose("TERMINATION", "FRAUD", fault_party="BOTH")).status_code == 201
    assert (await site.decide()).json()["state"] == "TERMINATED"
    for kind in ("SUSPENSION", "RESUMPTION", "TERMINATION"):
        again = await site.propose(kind, "FRAUD")
        assert (again.status_code, again.json()["code"]) == (409, "build-change-not-possible")
    late = await site.post(f"{path}/results", {"result": "PASSED"}, by=INSPECTOR)
    assert (late.status_code, late.json()["code"]) == (409, "build-not-under-way")
    assert len(await judging.told("project.terminated")) == 1
    with pytest.raises(DBAPIError):
        async with judging.owner.transaction() as tx:
            await tx.execute(text("UPDATE build SET state = 'UNDER_WAY', terminated_at = NULL"))


async def test_a_completed_project_is_terminated_when_fraud_is_found(site: Site, judging: Judging):
    await site.completed()
    assert (await site.propose("TERMINATION", "FRAUD", fault_party="ADOPTER")).status_code == 201
    ended = (await site.decide()).json()
    assert (ended["state"], ended["completed_at"] is not None) == ("TERMINATED", True)
    (told,) = await judging.told("project.terminated")
    assert (told["cause"], told["fault_party"]) == ("FRAUD", "ADOPTER")


async def test_a_build_is_not_completed_while_its_termination_is_proposed(site: Site, judging: Judging):
    report = await site.checked()
    assert (await site.propose("TERMINATION", "FRAUD", fault_party="ADOPTER")).status_code == 201
    passed = await site.post(f"{report}/results", {"result": "PASSED"}, by=SECOND)
    assert (passed.status_code, passed.json()["code"]) == (409, "build-change-under-review")
    assert await judging.told("project.completed") == []
    assert (await site.decide("REFUSE")).status_code == 201
    await site.done(f"{report}/results", {"result": "PASSED"}, by=SECOND)


async def test_completion_and_termination_race_and_one_is_first(site: Site, judging: Judging):
    report = await site.checked()
    read = (await site.build())["version"]
    body = {"kind": "TERMINATION", "cause": "FRAUD", "fault_party": "ADOPTER", "evidence": ["a" * 64]}
    ending = judging.post(f"/v1/builds/{site.project_id}/changes", body, by=OPERATOR, version=read)
    passing = judging.post(f"{report}/results", {"result": "PASSED"}, by=SECOND, version=3)
    answers = [answer.status_code for answer in await at_once(ending, passing)]
    # Whichever came second was refused: the proposal read an older build, the completion a build under review.
    assert sorted(answers) in ([201, 409], [201, 412])
    state = (await site.build())["state"]
    assert state == ("COMPLETED" if answers[1] == 201 else "UNDER_WAY")


async def test_a_stale_decision_changes_nothing(site: Site):
    await site.propose("SUSPENSION", "DISPUTE")
    path = f"/v1/builds/{site.project_id}/decisions"
    assert (await site.post(path, {"decision": "APPROVE"}, by=APPROVER, version=1)).status_code == 412
    assert (await site.post(path, {"decision": "MAYBE"}, by=APPROVER)).status_code == 422
    without = await site.judging.http.post(path, json={"decision": "APPROVE"}, headers=site.judging._headers(APPROVER))
    assert without.status_code in {400, 428}
