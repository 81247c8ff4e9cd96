"""Panels judge over HTTP: blind, without conflicts, and what is locked stays locked."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.applications.domain.case import ApplicationStatus
from applicant.evaluations import domain
from common.db import sqlstate
from tests.support.judging import APPROVER, AUDITOR, JEONJU, OPERATOR, Judging, at_once, member, owner_of

SEATS = {("JS1", JEONJU): 1}


async def test_a_member_scores_assigned_cases_only_and_is_blind_to_others(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.panel(3)
    assert (await judging.score(case, member(1), 8000)).status_code == 201
    assert (await judging.score(case, member(2), 6000)).status_code == 201
    path = f"/v1/applications/{case.id}/scores"
    own = (await judging.get(path, member(1))).json()["items"]
    assert [sheet["technical_score"] for sheet in own] == [7000]
    assert (await judging.get(path, member(3))).json()["items"] == []
    assert len((await judging.get(path, OPERATOR)).json()["items"]) == 2
    assert len((await judging.get(path, AUDITOR)).json()["items"]) == 2
    assert (await judging.get(path, member(9))).status_code == 404
    assert (await judging.score(case, member(9), 8000)).status_code == 404
    assert (await judging.get(path, owner_of(case))).status_code == 403


async def test_story_4_a_declared_conflict_removes_the_member_from_that_case_only_and_is_recorded(judging: Judging):
    await judging.open_call(SEATS)
    case, other = await judging.eligible(), await judging.eligible()
    await judging.panel(3)
    assert (await judging.score(case, member(1), 9900)).status_code == 201
    body = {"kind": "KIN_INTEREST", "statement": "대표자의 친족"}
    declared = await judging.post(f"/v1/applications/{case.id}/conflicts", body, by=member(1))
    assert declared.status_code == 201, declared.text

    again = await judging.score(case, member(1), 9900, replaces_version=1, reason="x")
    assert (again.status_code, again.json()["code"]) == (403, "removed-by-conflict")
    assert (await judging.score(other, member(1), 9900)).status_code == 201
    assert [
        s["counts"] for s in (await judging.get(f"/v1/applications/{case.id}/scores", OPERATOR)).json()["items"]
    ] == [False]
    (entry,) = [e for e in await judging.journal(f"application/{case.id}") if e["decision"] == "conflict-declared"]
    assert entry["facts"]["kind"] == "KIN_INTEREST"
    assert "친족" not in str(entry)
    mine = (await judging.get("/v1/assignments", member(1))).json()["items"]
    assert {item["application_id"]: item["conflict"] for item in mine} == {
        str(case.id): "KIN_INTEREST",
        str(other.id): None,
    }
    assert (await judging.get(f"/v1/applications/{case.id}", member(1))).status_code == 404
    assert (await judging.get(f"/v1/applications/{other.id}", member(1))).status_code == 200


async def test_the_sheet_of_a_member_who_left_does_not_complete_a_case_until_another_is_seated(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    panel = await judging.panel(3)
    for number in (1, 2, 3):
        await judging.score(case, member(number), 8000)
    await judging.post(f"/v1/applications/{case.id}/conflicts", {"kind": "OWN_INTEREST"}, by=member(3))
    refused = await judging.propose()
    assert (refused.status_code, refused.json()["code"]) == (409, "evaluation-incomplete")

    seated = [{"subject": member(4).subject, "name": "대신하는 위원"}]
    assert (
        await judging.post(f"/v1/panels/{panel['id']}/members", {"members": seated}, by=OPERATOR)
    ).status_code == 201
    assert (await judging.score(case, member(4), 8000)).status_code == 201
    assert (await judging.propose()).status_code == 201


async def test_a_correction_is_a_new_version_that_names_the_old_one_and_says_why(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.panel(3)
    await judging.score(case, member(1), 8000)
    twice = await judging.score(case, member(1), 8500)
    assert (twice.status_code, twice.json()["current_version"]) == (412, 1)
    silent = await judging.score(case, member(1), 8500, replaces_version=1)
    assert (silent.status_code, silent.json()["code"]) == (422, "score-change-needs-reason")
    changed = await judging.score(case, member(1), 8500, replaces_version=1, reason="합산 착오")
    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    sheets = (await judging.get(f"/v1/applications/{case.id}/scores", APPROVER)).json()["items"]
    assert [(s["version"], s["counts"], s["reason"]) for s in sheets] == [(1, False, None), (2, True, "합산 착오")]


async def test_the_same_sheet_locked_by_many_at_once_is_locked_once(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.panel(3)
    answers = await at_once(*(judging.score(case, member(1), 8000) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [412] * 9


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE score_sheet SET technical_score = 9000",
        "DELETE FROM score_sheet",
        "TRUNCATE score_sheet",
        "UPDATE conflict_of_interest SET kind = 'SELF_WITHDRAWAL'",
        "DELETE FROM conflict_of_interest",
    ],
)
async def test_what_is_locked_cannot_be_changed_by_raw_sql_as_the_services_own_role(judging: Judging, attack):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.panel(3)
    await judging.score(case, member(1), 8000)
    await judging.post(f"/v1/applications/{case.id}/conflicts", {"kind": "OWN_INTEREST"}, by=member(2))
    with pytest.raises(DBAPIError) as refused:
        async with judging.database.transaction() as tx:
            await tx.execute(text(attack))
    assert sqlstate(refused.value) == "42501"
    assert await judging.value("SELECT technical_score FROM score_sheet") == 7000


async def test_only_eligible_cases_are_scored_and_those_found_later_reach_their_panel(judging: Judging):
    await judging.open_call(SEATS)
    unscreened = await judging.eligible(status=ApplicationStatus.SUBMITTED)
    await judging.panel(3)
    assert (await judging.score(unscreened, member(1), 8000)).status_code == 404
    late = await judging.eligible()
    assert (await judging.score(late, member(1), 8000)).status_code == 201


async def test_a_panel_is_large_enough_and_only_the_operator_forms_it(judging: Judging):
    await judging.open_call(SEATS)
    small = {"name": "위원회", "members": [{"subject": "a", "name": "가"}, {"subject": "b", "name": "나"}]}
    refused = await judging.post(f"/v1/calls/{judging.call_id}/panels", small, by=OPERATOR)
    assert (refused.status_code, refused.json()["code"]) == (422, "panel-too-small")
    assert (await judging.post(f"/v1/calls/{judging.call_id}/panels", small, by=APPROVER)).status_code == 403


async def test_the_journal_of_an_assignment_is_small_and_its_fingerprint_follows_from_the_rows(judging: Judging):
    await judging.open_call(SEATS)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * 40)
    panel = await judging.panel(3)
    assert panel["cases"] == 40
    (entry,) = [e for e in await judging.journal(f"call/{judging.call_id}") if e["decision"] == "cases-assigned"]
    assert entry["facts"] == {"count": 40, "by_panel": {panel["id"]: 40}, "barred_by_coaching": 0}
    held = await judging.rows("SELECT application_id, panel_id FROM panel_case ORDER BY application_id")
    assert {row["application_id"] for row in held} == {case.id for case in cases}
    assert entry["evidence"] == [domain.fingerprint({row["application_id"]: row["panel_id"] for row in held}, [])]


async def test_a_member_who_asks_for_the_case_of_another_panel_gives_nothing_out(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.panel(3)
    late = await judging.eligible()
    assert (await judging.score(case, member(9), 8000)).status_code == 404
    assert await judging.value("SELECT count(*) FROM panel_case") == 1
    assert (await judging.score(late, member(1), 8000)).status_code == 201, "given out on first sight"
    assert await judging.value("SELECT count(*) FROM panel_case") == 2
