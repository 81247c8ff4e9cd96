"""A build inspected on its way and at its end: step by step, by the right people, with its evidence, in time."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.inspections.jobs import fail_overdue_inspections
from common.clock import KST
from contracts.roles import Role
from tests.support.building_site import (
    AUDIT,
    CHECK,
    INSPECTED,
    INSPECTOR,
    MENTOR,
    REPORT,
    SECOND,
    Site,
    papers,
    photo,
    site_under_way,
)
from tests.support.judging import JEONJU, OPERATOR, Judging, Person, at_once, owner_of

FIX_ENDS = datetime(2024, 10, 11, tzinfo=KST)


async def code(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
async def site(judging: Judging) -> Site:
    return await site_under_way(judging)


async def test_a_factory_is_completed_step_by_step_and_told_once(site: Site, judging: Judging):
    assert (await site.build())["state"] == "UNDER_WAY"
    await site.completed()
    build = await site.build()
    assert (build["state"], build["completed_at"] is not None) == ("COMPLETED", True)
    (inspected,) = await judging.told("interim-inspection-passed")
    (completed,) = await judging.told("project.completed")
    assert inspected["project_id"] == completed["project_id"] == site.project_id
    assert {"name", "inspected_by", "evidence"}.isdisjoint(completed | inspected)
    entries = await judging.journal(f"project/{site.project_id}")
    assert [entry["decision"] for entry in entries][-8:] == [
        "interim-inspection-planned",
        "interim-inspection-visited",
        "interim-inspection-passed",
        "completion-reported",
        "completion-audited",
        "completion-checked",
        "completion-passed",
        "project-completed",
    ]
    assert entries[-6]["rule_version"] == "inspection/2024-1"
    assert entries[-5]["evidence"][0].startswith("PHOTO/sha256:")
    late = await site.propose("SUSPENSION", "DISPUTE")
    assert await code(late) == (409, "build-change-not-possible")


async def test_no_step_is_left_out(site: Site):
    early = await site.post(f"/v1/builds/{site.project_id}/completions", REPORT, by=site.owner)
    assert await code(early) == (409, "interim-not-passed")
    path = await site.planned()
    assert await code(await site.post(f"{path}/results", {"result": "PASSED"}, by=INSPECTOR)) == (
        409,
        "inspection-not-at-this-step",
    )
    again = await site.post(f"/v1/builds/{site.project_id}/inspections", {"planned_on": "2024-09-12"}, by=OPERATOR)
    assert await code(again) == (409, "inspection-under-way")
    await site.done(f"{path}/visits", papers(), by=INSPECTOR)
    await site.done(f"{path}/results", {"result": "PASSED"}, by=INSPECTOR)
    report = await site.reported()
    for step, body, by in (("results", {"result": "PASSED"}, SECOND),):
        assert await code(await site.post(f"{report}/{step}", body, by=by)) == (409, "completion-not-at-this-step")
    await site.done(f"{report}/audits", AUDIT, by=OPERATOR)
    assert await code(await site.post(f"{report}/results", {"result": "PASSED"}, by=SECOND)) == (
        409,
        "completion-not-at-this-step",
    )
    assert await code(await site.post(f"{report}/audits", AUDIT, by=OPERATOR)) == (409, "completion-not-at-this-step")


async def test_evidence_is_whole_and_a_photo_says_when_and_where(site: Site):
    path = await site.planned()
    for evidence, refused in (
        ([photo(taken_at=None)], "photo-without-time-and-place"),
        ([photo(latitude_microdegrees=None)], "photo-without-time-and-place"),
        ([photo(taken_at=(INSPECTED + timedelta(days=1)).isoformat())], "photo-without-time-and-place"),
        ([{"kind": "INVOICE", "sha256": "a" * 64}], "inspection-evidence-missing"),
    ):
        assert await code(await site.post(f"{path}/visits", {"evidence": evidence}, by=INSPECTOR)) == (409, refused)
    for odd in ([], [photo(sha256="no hash")], [photo(latitude_microdegrees=91_000_000)], [photo(place="집")]):
        assert (await site.post(f"{path}/visits", {"evidence": odd}, by=INSPECTOR)).status_code == 422
    await site.done(f"{path}/visits", papers(), by=INSPECTOR)
    await site.done(f"{path}/results", {"result": "PASSED"}, by=INSPECTOR)
    thin = await site.post(f"/v1/builds/{site.project_id}/completions", papers("INVOICE"), by=site.owner)
    assert thin.json()["code"] == "inspection-evidence-missing"
    assert "DELIVERY_NOTE, LOGIN_STATISTICS" in thin.json()["detail"]


async def test_nobody_inspects_their_own_work(site: Site):
    signer_as_operator = Person(Role.TECHNOPARK_OPERATOR, owner_of(site.case).subject)
    path = await site.planned()
    assert await code(await site.post(f"{path}/visits", papers(), by=signer_as_operator)) == (409, "inspector-is-party")
    supplier_as_operator = Person(Role.TECHNOPARK_OPERATOR, "supplier")
    assert await code(await site.post(f"{path}/visits", papers(), by=supplier_as_operator)) == (
        409,
        "inspector-is-party",
    )
    await site.done(f"{path}/visits", papers(), by=INSPECTOR)
    await site.done(f"{path}/results", {"result": "PASSED"}, by=INSPECTOR)
    report = await site.reported()
    for mentor in (INSPECTOR.subject, OPERATOR.subject):
        named = await site.post(f"{report}/audits", AUDIT | {"mentor_subject": mentor}, by=OPERATOR)
        assert await code(named) == (409, "inspector-is-mentor")
    alone = await site.post(f"{report}/audits", AUDIT | {"demonstrated_by_own_staff": False}, by=OPERATOR)
    assert await code(alone) == (409, "not-demonstrated-by-own-staff")
    ahead = await site.post(f"{report}/audits", AUDIT | {"demonstrated_on": "2024-09-12"}, by=OPERATOR)
    assert await code(ahead) == (409, "not-demonstrated-by-own-staff")
    await site.done(f"{report}/audits", AUDIT, by=OPERATOR)
    stranger = Person(Role.MENTOR, "mentor-other")
    assert (await site.judging.get(report, stranger)).status_code == 404
    assert (await site.judging.post(f"{report}/mentor-checks", CHECK, by=stranger, version=2)).status_code == 404
    await site.done(f"{report}/mentor-checks", CHECK, by=MENTOR)
    for by, refused in (
        (OPERATOR, "completion-second-person-needed"),
        (Person(Role.TECHNOPARK_OPERATOR, MENTOR.subject), "inspector-is-mentor"),
        (signer_as_operator, "inspector-is-party"),
    ):
        assert await code(await site.post(f"{report}/results", {"result": "PASSED"}, by=by)) == (409, refused)


@pytest.mark.parametrize(
    ("audit", "check"),
    [({"functions_work": False}, {}), ({"installed_as_planned": False}, {}), ({}, {"targets_reached": False})],
)
async def test_what_does_not_work_or_misses_its_target_does_not_pass(site: Site, audit: dict, check: dict):
    await site.inspected()
    report = await site.reported()
    await site.done(f"{report}/audits", AUDIT | audit, by=OPERATOR)
    await site.done(f"{report}/mentor-checks", CHECK | check, by=MENTOR)
    passed = await site.post(f"{report}/results", {"result": "PASSED"}, by=SECOND)
    assert await code(passed) == (409, "completion-not-as-planned")
    reworked = await site.done(f"{report}/results", {"result": "REWORK", "rework_by": "2024-10-10"}, by=SECOND)
    assert datetime.fromisoformat(reworked["rework_due_at"]) == FIX_ENDS
    assert (await site.build())["state"] == "UNDER_WAY"
    assert (await site.judging.get(await site.reported(), OPERATOR)).json()["round"] == 2


async def test_a_condition_is_met_in_time_and_passes(site: Site, judging: Judging):
    path = await site.visited()
    for fix_by in (None, "2024-09-11", "2024-11-12"):
        conditional = {"result": "CONDITIONAL", "fix_by": fix_by}
        assert await code(await site.post(f"{path}/results", conditional, by=INSPECTOR)) == (
            409,
            "fix-date-not-possible",
        )
    await site.done(f"{path}/results", {"result": "CONDITIONAL", "fix_by": "2024-10-10"}, by=INSPECTOR)
    assert await judging.told("interim-inspection-passed") == []
    judging.clock.move_to(FIX_ENDS - timedelta(microseconds=1))
    assert await fail_overdue_inspections(judging.database, judging.clock) is False
    await site.done(f"{path}/fixes", papers(), by=INSPECTOR)
    assert len(await judging.told("interim-inspection-passed")) == 1


async def test_an_overdue_fix_fails_once_and_two_people_look_at_the_agreement(site: Site, judging: Judging):
    path = await site.visited()
    await site.done(f"{path}/results", {"result": "CONDITIONAL", "fix_by": "2024-10-10"}, by=INSPECTOR)
    judging.clock.move_to(FIX_ENDS)
    late = await site.post(f"{path}/fixes", papers(), by=INSPECTOR)
    assert await code(late) == (409, "fix-deadline-passed")
    done = await at_once(*(fail_overdue_inspections(judging.database, judging.clock) for _ in range(4)))
    assert sorted(map(bool, done)) == [False, False, False, True]
    assert (await judging.get(path, OPERATOR)).json()["state"] == "FAILED"
    (proposed,) = (await site.build())["changes"]
    assert (proposed["kind"], proposed["cause"], proposed["state"]) == ("TERMINATION", "FIX_OVERDUE", "PROPOSED")
    assert await code(await site.decide()) == (409, "fault-party-not-said")
    assert (await site.decide(fault_party="SUPPLIER")).json()["state"] == "TERMINATED"
    (told,) = await judging.told("project.terminated")
    assert (told["cause"], told["fault_party"]) == ("FIX_OVERDUE", "SUPPLIER")


async def test_rework_that_is_not_reported_in_time_fails_and_is_reviewed(site: Site, judging: Judging):
    report = await site.checked()
    await site.done(f"{report}/results", {"result": "REWORK", "rework_by": "2024-10-10"}, by=SECOND)
    judging.clock.move_to(FIX_ENDS)
    late = await site.post(f"/v1/builds/{site.project_id}/completions", REPORT, by=site.owner)
    assert await code(late) == (409, "fix-deadline-passed")
    assert await fail_overdue_inspections(judging.database, judging.clock) is True
    assert await fail_overdue_inspections(judging.database, judging.clock) is False
    assert (await judging.get(report, OPERATOR)).json()["state"] == "FAILED"
    assert (await site.build())["changes"][0]["cause"] == "FIX_OVERDUE"


async def test_a_failed_inspection_is_reviewed_and_if_the_review_lets_it_go_on_another_may_pass(site: Site):
    path = await site.visited()
    await site.done(f"{path}/results", {"result": "FAILED"}, by=INSPECTOR)
    assert (await site.build())["changes"][0]["cause"] == "INSPECTION_FAILED"
    assert (await site.decide("REFUSE")).json()["state"] == "UNDER_WAY"
    await site.completed()
    assert (await site.build())["state"] == "COMPLETED"


async def test_two_who_conclude_at_once_conclude_once(site: Site, judging: Judging):
    report = await site.checked()
    third = Person(Role.TECHNOPARK_OPERATOR, "third-operator")
    answers = await at_once(
        *(site.post(f"{report}/results", {"result": "PASSED"}, by=by, version=3) for by in (SECOND, third) * 3)
    )
    assert [answer.status_code for answer in answers].count(201) == 1
    assert len(await judging.told("project.completed")) == 1


async def test_those_it_concerns_see_it_and_nobody_else(site: Site):
    report = await site.checked()
    build = f"/v1/builds/{site.project_id}"
    (inspection,) = (await site.judging.get(f"{build}/inspections", OPERATOR)).json()["items"]
    theirs = [build, f"{build}/inspections", f"{build}/completions", report, f"/v1/inspections/{inspection['id']}"]
    for by in (site.owner, Person(Role.MUNICIPALITY_OFFICER, "officer", JEONJU)):
        assert [(await site.judging.get(path, by)).status_code for path in theirs] == [200] * 5
    for by in (Person(Role.MUNICIPALITY_OFFICER, "officer", "52710"), Person(Role.SUPPLIER, "other", "1000000000")):
        assert [(await site.judging.get(path, by)).status_code for path in theirs] == [404] * 5
        assert (await site.judging.get("/v1/builds", by)).json()["items"] == []


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE build SET state = 'UNDER_WAY', completed_at = NULL",
        "UPDATE completion SET state = 'REWORK', rework_due_at = now()",
        "UPDATE interim_inspection SET state = 'FAILED'",
        "UPDATE completion SET concluded_by = audited_by",
        "DELETE FROM completion",
        "TRUNCATE build CASCADE",
    ],
)
async def test_not_even_the_owner_role_undoes_a_completion(site: Site, attack: str):
    await site.completed()
    with pytest.raises(DBAPIError):
        async with site.judging.owner.transaction() as tx:
            await tx.execute(text(attack))
