"""Objections: in 20 days by the Korean calendar, decided by somebody else, and what an upheld one brings back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from common.clock import KST
from contracts.roles import Role
from tests.support.applicant import OPERATOR as SCREENER
from tests.support.applicant import Applicant
from tests.support.applicant import Person as Somebody
from tests.support.judging import (
    APPROVER,
    JEONJU,
    OPERATOR,
    WANJU,
    Judging,
    Person,
    Standing,
    at_once,
    member,
    owner_of,
)

OTHER_APPROVER = Person(Role.PROVINCE_APPROVER, "second-approver", "52")
PREPARER = Person(Role.TECHNOPARK_OPERATOR, "preparer")
# Told on Thursday 25 April: day 20 is 15 May, Buddha's birthday, so 16 May is the last day.
TOLD = datetime(2024, 4, 25, 10, tzinfo=KST)
WINDOW_ENDS = datetime(2024, 5, 17, tzinfo=KST)
REFUSED_SCORE = 5000


async def judged(judging: Judging, scores: list[int], *, seats: int = 1, **options: Any) -> list[Standing]:
    """Cases of one type and municipality, decided by their scores: those below 60 points are not selected."""
    await judging.open_call({("JS1", JEONJU): seats}, size_min=1, **options)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * len(scores))
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, score) for case, score in zip(cases, scores, strict=True)])
    judging.clock.move_to(TOLD)
    await judging.decided()
    return cases


async def objected(judging: Judging, case: Standing, **changes: Any) -> Any:
    body = {"statement": "다시 판단해 주시기 바랍니다.", "evidence_sha256": ["a" * 64]} | changes
    return await judging.post(f"/v1/applications/{case.id}/objections", body, by=owner_of(case))


async def prepared(judging: Judging, objection: dict[str, Any], by: Person = PREPARER) -> dict[str, Any]:
    path, body = f"/v1/objections/{objection['id']}/preparations", {"recommendation": "UPHOLD", "findings": "확인했다"}
    answer = await judging.post(path, body, by=by, version=objection["version"])
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def decide(
    judging: Judging, objection: dict[str, Any], verdict: str = "UPHELD", by: Person = OTHER_APPROVER, **options: Any
) -> Any:
    path = f"/v1/objections/{objection['id']}/decisions"
    body = {"verdict": verdict, "reason": "제출된 자료로 판단했다."}
    return await judging.post(path, body, by=by, **{"version": objection["version"]} | options)


async def upheld(judging: Judging, case: Standing) -> dict[str, Any]:
    filed = await objected(judging, case)
    assert filed.status_code == 201, filed.text
    answer = await decide(judging, await prepared(judging, filed.json()))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.promise("I11")
async def test_edge_8_an_objection_on_the_last_day_reinstates_a_rejected_firm_when_seats_are_gone(judging: Judging):
    winner, reserve, late, later = await judged(judging, [9000, 8000, REFUSED_SCORE, REFUSED_SCORE])
    outcome = (await judging.outcomes())[late.id]
    assert outcome["outcome"] == "NOT_SELECTED"
    judging.clock.move_to(WINDOW_ENDS - timedelta(microseconds=1))
    filed = await objected(judging, late)
    assert filed.status_code == 201, filed.text
    judging.clock.move_to(WINDOW_ENDS)
    refused = await objected(judging, later)
    assert (refused.status_code, refused.json()["code"]) == (409, "objection-late")
    assert "2024-05-16" in refused.text

    answer = await decide(judging, await prepared(judging, filed.json()))
    assert (answer.status_code, answer.json()["consequence"]) == (201, "FIRST_RESERVE"), answer.text
    now = (await judging.outcomes())[late.id]
    assert (now["outcome"], now["decided_outcome"], now["reserve_order"]) == ("RESERVE", "NOT_SELECTED", 0)

    project = await judging.project(winner)
    await judging.deliver(judging.committed(project))
    given = await judging.post(
        f"/v1/projects/{project['id']}/withdrawals", {"reason": "사정"}, by=owner_of(winner), version=2
    )
    assert given.status_code == 201, given.text
    await judging.deliver(judging.released(project))
    after = await judging.outcomes()
    assert (after[late.id]["outcome"], after[reserve.id]["outcome"]) == ("SELECTED", "RESERVE")
    assert (await judging.project(late))["promoted"] is True


async def test_an_upheld_objection_takes_a_place_that_nobody_had_and_its_money(judging: Judging):
    _, refused = await judged(judging, [9000, REFUSED_SCORE], seats=2)
    assert (await upheld(judging, refused))["consequence"] == "REINSTATED"
    assert [told["application_id"] for told in await judging.told("project.selected") if told["promoted"]] == [
        str(refused.id)
    ]
    assert await judging.value("SELECT taken FROM place") == 2
    outcomes = [told["outcome"] for told in await judging.told("ranked") if told["application_id"] == str(refused.id)]
    assert outcomes == ["NOT_SELECTED", "SELECTED"]
    decisions = [entry["decision"] for entry in await judging.journal(f"application/{refused.id}")]
    assert decisions == [
        "application-ranked",
        "objection-filed",
        "objection-prepared",
        "application-ranked",
        "objection-decided",
    ]


async def test_a_free_seat_without_money_makes_the_first_reserve(judging: Judging):
    _, refused = await judged(judging, [9000, REFUSED_SCORE], seats=2, municipality_won={JEONJU: 20_000_000})
    assert (await upheld(judging, refused))["consequence"] == "FIRST_RESERVE"
    assert await judging.value("SELECT taken FROM place") == 1
    (entry,) = [
        entry
        for entry in await judging.journal(f"application/{refused.id}")
        if entry["decision"] == "application-ranked" and "short_budget" in entry["facts"]
    ]
    assert (entry["facts"]["no_seat"], entry["facts"]["short_budget"]) == (False, f"MUNICIPALITY/{JEONJU}")


async def test_a_dismissed_objection_changes_nothing_and_is_told_with_its_reasons(judging: Judging):
    _, refused = await judged(judging, [9000, REFUSED_SCORE])
    filed = (await objected(judging, refused)).json()
    ready = await prepared(judging, filed)
    hidden = (await judging.get(f"/v1/objections/{filed['id']}", owner_of(refused))).json()
    assert (hidden["state"], hidden["findings"], hidden["recommendation"]) == ("PREPARED", None, None)
    answer = await decide(judging, ready, "DISMISSED")
    assert (answer.json()["state"], answer.json()["consequence"]) == ("DISMISSED", "NONE")
    assert (await judging.outcomes())[refused.id]["outcome"] == "NOT_SELECTED"
    shown = (await judging.get(f"/v1/objections/{filed['id']}", owner_of(refused))).json()
    assert (shown["reason"], shown["findings"]) == ("제출된 자료로 판단했다.", "확인했다")
    (told,) = (await judging.get("/v1/notices", owner_of(refused), kind="OBJECTION_DECIDED")).json()["items"]
    assert "받아들이지 않았습니다" in told["body"]
    (event,) = await judging.told("objection-decided")
    assert (event["verdict"], event["consequence"]) == ("DISMISSED", "NONE")
    again = await objected(judging, refused)
    assert (again.status_code, again.json()["code"]) == (409, "already-objected")


@pytest.mark.promise("R19")
async def test_nobody_who_decided_proposed_or_prepared_decides_on_the_objection(judging: Judging):
    _, refused = await judged(judging, [9000, REFUSED_SCORE])
    ready = await prepared(judging, (await objected(judging, refused)).json())
    for who in (APPROVER.subject, OPERATOR.subject, PREPARER.subject):
        answer = await decide(judging, ready, by=Person(Role.PROVINCE_APPROVER, who, "52"))
        assert (answer.status_code, answer.json()["code"]) == (403, "may-not-judge-own-decision"), who
    answers = await at_once(*(decide(judging, ready, verdict) for verdict in ("UPHELD", "DISMISSED") * 3))
    assert sorted(answer.status_code for answer in answers) == [201, *[412] * 5]
    assert len(await judging.told("objection-decided")) == 1


async def test_who_scored_the_case_as_a_panel_member_does_not_decide_on_it_as_an_approver(judging: Judging):
    _winner, case = await judged(judging, [9000, REFUSED_SCORE])
    objection = await prepared(judging, (await objected(judging, case)).json())
    judge = Person(Role.PROVINCE_APPROVER, member(1).subject, "52")
    answer = await decide(judging, objection, by=judge)
    assert (answer.status_code, answer.json()["code"]) == (403, "may-not-judge-own-decision")
    assert (await decide(judging, objection)).status_code == 201


async def test_an_objection_is_prepared_before_it_is_decided_and_only_to_a_refusal(judging: Judging):
    winner, refused = await judged(judging, [9000, REFUSED_SCORE])
    nothing = await objected(judging, winner)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing-to-object-to")
    stranger = await judging.post(f"/v1/applications/{refused.id}/objections", {"statement": "남"}, by=owner_of(winner))
    assert stranger.status_code == 404
    filed = (await objected(judging, refused)).json()
    early = await decide(judging, filed)
    assert (early.status_code, early.json()["code"]) == (409, "objection-not-in-this-state")
    assert (await decide(judging, filed, version=9)).status_code == 412
    bad = await objected(judging, refused, evidence_sha256=["no hash"])
    assert bad.status_code == 422


@pytest.mark.promise("I11")
async def test_a_reserve_objects_in_its_twenty_days_and_is_put_first_without_taking_a_place(judging: Judging):
    winner, better, reserve, later = await judged(judging, [9000, 8500, 8000, 7900])
    (told,) = (await judging.get("/v1/notices", owner_of(reserve), kind="RESERVE")).json()["items"]
    assert "2024-05-16" in told["body"], "the notice of a reserve says until when it may object"
    judging.clock.move_to(WINDOW_ENDS - timedelta(microseconds=1))
    filed = await objected(judging, reserve)
    assert (filed.status_code, filed.json()["against"]) == (201, "RESERVE"), filed.text
    judging.clock.move_to(WINDOW_ENDS)
    late = await objected(judging, later)
    assert (late.status_code, late.json()["code"]) == (409, "objection-late")
    ready = await prepared(judging, filed.json())
    for who in (APPROVER.subject, OPERATOR.subject, PREPARER.subject):
        refused = await decide(judging, ready, by=Person(Role.PROVINCE_APPROVER, who, "52"))
        assert (refused.status_code, refused.json()["code"]) == (403, "may-not-judge-own-decision"), who
    answer = await decide(judging, ready)
    assert (answer.status_code, answer.json()["consequence"]) == (201, "FIRST_RESERVE"), answer.text
    now = await judging.outcomes()
    assert (now[winner.id]["outcome"], now[better.id]["reserve_order"]) == ("SELECTED", 1)
    assert (now[reserve.id]["outcome"], now[reserve.id]["reserve_order"]) == ("RESERVE", 0)
    again = await objected(judging, reserve)
    assert (again.status_code, again.json()["code"]) == (409, "already-objected"), "being put first is not against it"
    (first, second) = (await judging.get("/v1/notices", owner_of(reserve), kind="RESERVE")).json()["items"]
    assert ("이의" in first["body"], "이의" in second["body"]) == (True, False)

    project = await judging.project(winner)
    await judging.deliver(judging.committed(project))
    given = await judging.post(
        f"/v1/projects/{project['id']}/withdrawals", {"reason": "사정"}, by=owner_of(winner), version=2
    )
    assert given.status_code == 201, given.text
    await judging.deliver(judging.released(project))
    after = await judging.outcomes()
    assert [after[case.id]["outcome"] for case in (reserve, better)] == ["SELECTED", "RESERVE"]


async def test_an_upheld_reserve_gets_a_place_only_where_one_is_free(judging: Judging):
    # Two seats, and at the ranking money for one.
    winner, reserve = await judged(judging, [9000, 8000], seats=2, municipality_won={JEONJU: 20_000_000})
    assert (await judging.outcomes())[reserve.id]["outcome"] == "RESERVE"
    ready = await prepared(judging, (await objected(judging, reserve)).json())
    await judging.deliver(judging.committed(await judging.project(winner), judging.balance(JEONJU, 500_000_000)))
    answer = await decide(judging, ready)
    assert (answer.status_code, answer.json()["consequence"]) == (201, "REINSTATED"), answer.text
    assert await judging.value("SELECT taken FROM place") == 2
    assert (await judging.project(reserve))["promoted"] is True


async def test_a_reserve_that_moved_up_meanwhile_has_nothing_to_object_to_and_keeps_its_place(judging: Judging):
    winner, first, second = await judged(judging, [9000, 8500, 8000])
    ready = await prepared(judging, (await objected(judging, first)).json())
    project = await judging.project(winner)
    await judging.deliver(judging.committed(project))
    await judging.post(f"/v1/projects/{project['id']}/withdrawals", {"reason": "사정"}, by=owner_of(winner), version=2)
    await judging.deliver(judging.released(project))
    assert (await judging.outcomes())[first.id]["outcome"] == "SELECTED"
    answer = await decide(judging, ready)
    assert (answer.status_code, answer.json()["consequence"]) == (201, "ALREADY_SELECTED"), answer.text
    (told,) = (await judging.get("/v1/notices", owner_of(first), kind="OBJECTION_DECIDED")).json()["items"]
    assert "그사이 예비에서 선정되었습니다" in told["body"]
    assert (await judging.outcomes())[second.id]["outcome"] == "RESERVE"
    assert await judging.value("SELECT taken FROM place") == 1


async def test_a_reserve_that_moved_up_and_was_not_funded_does_not_read_that_it_is_selected(judging: Judging):
    winner, first = await judged(judging, [9000, 8500])
    ready = await prepared(judging, (await objected(judging, first)).json())
    project = await judging.project(winner)
    await judging.deliver(judging.committed(project))
    await judging.post(f"/v1/projects/{project['id']}/withdrawals", {"reason": "사정"}, by=owner_of(winner), version=2)
    await judging.deliver(judging.released(project))
    await judging.deliver(judging.refused(await judging.project(first)))
    answer = await decide(judging, ready)
    assert (answer.status_code, answer.json()["consequence"]) == (201, "NOT_FUNDED"), answer.text
    (told,) = (await judging.get("/v1/notices", owner_of(first), kind="OBJECTION_DECIDED")).json()["items"]
    assert "과제가 확정되지 못했습니다" in told["body"]
    assert await judging.value("SELECT taken FROM place") == 0


async def test_the_window_of_a_reserve_is_dropped_when_it_moves_up(judging: Judging):
    winner, reserve = await judged(judging, [9000, 8500])
    project = await judging.project(winner)
    await judging.deliver(judging.committed(project))
    await judging.post(f"/v1/projects/{project['id']}/withdrawals", {"reason": "사정"}, by=owner_of(winner), version=2)
    await judging.deliver(judging.released(project))
    window = await judging.rows("SELECT subject_id, state FROM legal_deadline WHERE kind = 'OBJECTION_WINDOW'")
    assert window == [{"subject_id": reserve.id, "state": "DROPPED"}]
    refused = await objected(judging, reserve)
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing-to-object-to")


async def test_each_sees_its_own_objections(judging: Judging):
    _, refused = await judged(judging, [9000, REFUSED_SCORE])
    filed = (await objected(judging, refused)).json()

    async def seen(by: Person) -> list[str]:
        return [each["id"] for each in (await judging.get("/v1/objections", by)).json()["items"]]

    assert await seen(owner_of(refused)) == await seen(Person(Role.MUNICIPALITY_OFFICER, "o", JEONJU)) == [filed["id"]]
    assert await seen(Person(Role.MUNICIPALITY_OFFICER, "o", WANJU)) == []


async def refused_in_screening(applicant: Applicant) -> tuple[str, Somebody, str, dict[str, Any]]:
    """A firm that says it builds elsewhere, and is found not eligible by rule R-07."""
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    case = await applicant.submitted(call_id, owner, worksite_id, concurrent_project=True)
    decided = await applicant.decided(case["id"], "INELIGIBLE", (await applicant.screened(case))["version"])
    assert decided.status_code == 201, decided.text
    return call_id, owner, worksite_id, decided.json()


async def objection_of(applicant: Applicant, case: dict[str, Any], owner: Somebody) -> dict[str, Any]:
    filed = await applicant.made(f"/v1/applications/{case['id']}/objections", {"statement": "종료했습니다"}, by=owner)
    body = {"recommendation": "UPHOLD", "findings": "종료를 확인했다"}
    return await applicant.made(f"/v1/objections/{filed['id']}/preparations", body, by=SCREENER, version=1)


async def test_before_the_selection_an_upheld_refusal_goes_on_to_evaluation(applicant: Applicant):
    _, owner, _, case = await refused_in_screening(applicant)
    (deadline,) = (await applicant.get("/v1/deadlines", by=owner)).json()["items"]
    assert (deadline["kind"], deadline["last_day"]) == ("OBJECTION_WINDOW", case["eligibility"]["appeal_until"])
    ready = await objection_of(applicant, case, owner)
    body, path = {"verdict": "UPHELD", "reason": "종료한 사업이다"}, f"/v1/objections/{ready['id']}/decisions"
    same = Somebody(Role.PROVINCE_APPROVER, "52", SCREENER.subject)
    assert (await applicant.post(path, body, by=same, version=ready["version"])).status_code == 403
    approver = Somebody(Role.PROVINCE_APPROVER, "52", "another")
    decided = await applicant.made(path, body, by=approver, version=ready["version"])
    assert decided["consequence"] == "TO_EVALUATION"
    now = (await applicant.get(f"/v1/applications/{case['id']}", by=owner)).json()
    assert (now["status"], now["eligibility"]["failed_rules"], now["outcome"]) == ("ELIGIBLE", [], None)
    assert (await applicant.told(case["id"]))[-2:] == [
        "application.found-eligible.v1",
        "application.objection-decided.v1",
    ]


async def test_a_plant_that_applied_again_meanwhile_is_not_doubled_by_its_objection(applicant: Applicant):
    call_id, owner, worksite_id, case = await refused_in_screening(applicant)
    await applicant.submitted(call_id, owner, worksite_id)
    ready = await objection_of(applicant, case, owner)
    body, path = {"verdict": "UPHELD", "reason": "종료한 사업이다"}, f"/v1/objections/{ready['id']}/decisions"
    approver = Somebody(Role.PROVINCE_APPROVER, "52", "another")
    decided = await applicant.made(path, body, by=approver, version=ready["version"])
    assert (decided["state"], decided["consequence"]) == ("UPHELD", "OTHER_APPLICATION_STANDS")
    assert (await applicant.get(f"/v1/applications/{case['id']}", by=owner)).json()["status"] == "INELIGIBLE"
