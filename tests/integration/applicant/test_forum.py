"""The Forum over HTTP: it markets, prepares and visits, and whoever coached a firm judges none of its cases."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.roles import Role
from tests.support.judging import JEONJU, OPERATOR, WANJU, Judging, Person, Standing, at_once, member, owner_of

SEATS = {("JS1", JEONJU): 1}
CHAIR, DEPUTY = Person(Role.FORUM_MEMBER, "forum-chair", "forum"), Person(Role.FORUM_MEMBER, "forum-deputy", "forum")
WISHES = {
    "company_name": "가상정밀", "municipality_code": JEONJU, "annual_sales_won": 3_000_000_000, "employees": 15,
    "wishes": "가공 라인 집계",
}  # fmt: skip


async def _made(judging: Judging, path: str, body: object = None, *, by: Person, version: int | None = None) -> Any:
    answer = await judging.post(path, body, by=by, version=version)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _campaign(judging: Judging, **changes: Any) -> dict[str, Any]:
    """A published campaign whose window is open for ten days."""
    now = judging.clock.now()
    body = {
        "title_ko": "참여기업 모집", "title_en": "Join", "body_ko": "설명회", "body_en": "Meetings",
        "opens_at": now.isoformat(), "closes_at": (now + timedelta(days=10)).isoformat(),
    } | changes  # fmt: skip
    drafted = await _made(judging, "/v1/campaigns", body, by=CHAIR)
    return await _made(judging, f"/v1/campaigns/{drafted['id']}/publications", by=DEPUTY, version=1)


async def _on_the_roll(judging: Judging, subject: str) -> str:
    body = {"subject": subject, "name": "가상위원", "firm_name": "가상기업"}
    return str((await _made(judging, "/v1/forum-members", body, by=OPERATOR))["id"])


async def _letter(judging: Judging, case: Standing) -> str:
    campaign = await _campaign(judging)
    return str((await _made(judging, f"/v1/campaigns/{campaign['id']}/letters", WISHES, by=owner_of(case)))["id"])


async def _visit(judging: Judging, letter_id: str, coach: str, **changes: Any) -> dict[str, Any]:
    body = {"member_id": coach, "planned_on": judging.clock.now().date().isoformat()} | changes
    return await _made(judging, f"/v1/letters/{letter_id}/visits", body, by=CHAIR, version=1)


async def _conflicts(judging: Judging) -> set[tuple[str, str, str]]:
    sql = """SELECT c.application_id, m.subject, c.kind FROM conflict_of_interest c
             JOIN panel_member m ON m.id = c.member_id"""
    async with judging.owner.transaction(read_only=True) as tx:
        return {(str(row[0]), row[1], row[2]) for row in await tx.execute(text(sql))}


async def test_a_campaign_is_public_once_another_member_has_published_it(judging: Judging):
    now = judging.clock.now()
    body = {"title_ko": "모집", "title_en": "Join", "body_ko": "가", "body_en": "a", "opens_at": now.isoformat()}
    empty = await judging.post("/v1/campaigns", body | {"closes_at": now.isoformat()}, by=CHAIR)
    assert (empty.status_code, empty.json()["code"]) == (422, "campaign-window-empty")
    body |= {"closes_at": (now + timedelta(days=1)).isoformat(), "municipality_codes": [WANJU]}
    drafted = await _made(judging, "/v1/campaigns", body, by=CHAIR)
    path, firm = f"/v1/campaigns/{drafted['id']}", Person(Role.COMPANY_OWNER, "o", str(uuid4()))
    assert (await judging.get(path, firm)).status_code == 404
    early = await judging.post(f"{path}/letters", WISHES, by=firm)
    assert early.status_code == 404
    own = await judging.post(f"{path}/publications", by=CHAIR, version=1)
    assert (own.status_code, own.json()["code"]) == (403, "campaign-own-draft")
    await _made(judging, f"{path}/publications", by=DEPUTY, version=1)
    assert (await judging.http.get("/v1/campaigns")).json()["items"][0]["id"] == drafted["id"]
    again = await judging.post(f"{path}/publications", by=DEPUTY, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "campaign-already-published")
    elsewhere = await judging.post(f"{path}/letters", WISHES, by=firm)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "campaign-elsewhere")


async def test_a_letter_is_taken_once_per_firm_and_not_at_the_second_the_window_closes(judging: Judging):
    campaign = await _campaign(judging)
    path = f"/v1/campaigns/{campaign['id']}/letters"
    firm, late = (Person(Role.COMPANY_OWNER, f"o{n}", str(uuid4())) for n in range(2))
    sent = await at_once(*(judging.post(path, WISHES, by=firm) for _ in range(3)))
    assert sorted(answer.status_code for answer in sent) == [201, 409, 409]
    judging.clock.move_to(judging.clock.now() + timedelta(days=10))
    refused = await judging.post(path, WISHES, by=late)
    assert (refused.status_code, refused.json()["code"]) == (409, "letter-window-closed")
    listed = (await judging.get("/v1/letters", late)).json()["items"]
    assert listed == []
    assert len((await judging.get("/v1/letters", CHAIR)).json()["items"]) == 1


async def test_a_visit_is_reported_by_its_coach_on_every_item_of_the_checklist(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    coach = await _on_the_roll(judging, CHAIR.subject)
    visit = await _visit(judging, await _letter(judging, case), coach)
    path, today = f"/v1/forum-visits/{visit['id']}", judging.clock.now().date().isoformat()
    items = [each["item"] for each in (await judging.get("/v1/readiness-checklist", CHAIR)).json()["items"]]
    answers = [{"item": item, "answer": "READY"} for item in items]
    report = {"visited_on": today, "findings": "준비 양호", "answers": answers}
    partial = await judging.post(f"{path}/reports", report | {"answers": answers[:1] * 2}, by=CHAIR, version=1)
    assert (partial.status_code, partial.json()["code"]) == (422, "checklist-incomplete")
    before = await judging.post(f"{path}/reports", report | {"visited_on": "1900-01-01"}, by=CHAIR, version=1)
    assert (before.status_code, before.json()["code"]) == (422, "forum-visit-before-assigned")
    other = await judging.post(f"{path}/reports", report, by=DEPUTY, version=1)
    assert (other.status_code, other.json()["code"]) == (403, "forum-visit-not-yours")
    await _made(judging, f"{path}/reports", report, by=CHAIR, version=1)
    read = (await judging.get(path, owner_of(case))).json()
    assert (read["state"], read["answers"]["PLAN"], read["checklist_version"]) == ("REPORTED", "READY", "2024-1")
    assert (await judging.get(path, Person(Role.COMPANY_OWNER, "o", str(uuid4())))).status_code == 404
    again = await judging.post(f"{path}/reports", report, by=CHAIR, version=2)
    assert (again.status_code, again.json()["code"]) == (409, "forum-visit-already-reported")
    assert not any(report["findings"] in str(entry) for entry in await judging.journal(f"letter/{visit['letter_id']}"))


async def test_the_last_seat_of_a_course_goes_to_one_firm_and_attendance_ties_the_teacher(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    teacher, now = await _on_the_roll(judging, member(2).subject), judging.clock.now()
    body = {
        "title_ko": "준비 교육", "title_en": "Preparation", "place": "가상회관", "seats": 1, "teacher_id": teacher,
        "starts_at": (now + timedelta(days=1)).isoformat(), "ends_at": (now + timedelta(days=1, hours=2)).isoformat(),
    }  # fmt: skip
    course = await _made(judging, "/v1/courses", body, by=CHAIR)
    path, firm = f"/v1/courses/{course['id']}", owner_of(case)
    firms = (firm, *(Person(Role.COMPANY_OWNER, f"o{n}", str(uuid4())) for n in range(3)))
    took = await at_once(*(judging.post(f"{path}/enrolments", by=by) for by in firms))
    assert sorted(answer.status_code for answer in took) == [201, 409, 409, 409]
    (won,) = [answer for answer in took if answer.status_code == 201]
    came = won.json()["enrolments"][0]["company_id"]
    by = Person(Role.FORUM_MEMBER, member(2).subject, "forum")
    early = await judging.post(f"{path}/attendances", {"company_ids": [came]}, by=by, version=2)
    assert (early.status_code, early.json()["code"]) == (409, "course-not-over")
    judging.clock.move_to(now + timedelta(days=2))
    stranger = await judging.post(f"{path}/attendances", {"company_ids": [str(uuid4())]}, by=by, version=2)
    assert (stranger.status_code, stranger.json()["code"]) == (422, "course-not-enrolled")
    await _made(judging, f"{path}/attendances", {"company_ids": [came]}, by=by, version=2)
    async with judging.owner.transaction(read_only=True) as tx:
        ties = (await tx.execute(text("SELECT subject, company_id::text, source FROM coaching"))).all()
    assert [tuple(tie) for tie in ties] == [(member(2).subject, came, "COURSE")]


async def test_who_coached_a_firm_gets_no_seat_at_its_case_whoever_forms_the_panel(judging: Judging):
    await judging.open_call(SEATS)
    case, other = await judging.eligible(), await judging.eligible()
    coach = await _on_the_roll(judging, member(1).subject)
    await _visit(judging, await _letter(judging, case), coach, mentor_subject=member(2).subject)
    await judging.panel(3)
    assert await _conflicts(judging) == {(str(case.id), member(n).subject, "COACHED_THE_FIRM") for n in (1, 2)}
    refused = await judging.score(case, member(1), 9900)
    assert (refused.status_code, refused.json()["code"]) == (403, "removed-by-conflict")
    assert (await judging.get(f"/v1/applications/{case.id}", member(2))).status_code == 404
    assert (await judging.score(other, member(1), 9000)).status_code == 201
    late = await _on_the_roll(judging, member(7).subject)
    third = await judging.eligible()
    await _visit(judging, await _letter(judging, third), late)
    panel = (await judging.get(f"/v1/calls/{judging.call_id}/panels", OPERATOR)).json()["items"][0]["id"]
    await _made(judging, f"/v1/calls/{judging.call_id}/assignments", by=OPERATOR)
    seated = {"members": [{"subject": member(7).subject, "name": "가상위원"}]}
    await _made(judging, f"/v1/panels/{panel}/members", seated, by=OPERATOR)
    assert (str(third.id), member(7).subject, "COACHED_THE_FIRM") in await _conflicts(judging)
    assert (await judging.score(other, member(7), 9000)).status_code == 201


async def test_who_comes_to_coach_a_firm_loses_the_seat_and_the_sheet_while_nobody_tells_the_forum(judging: Judging):
    await judging.open_call(SEATS)
    case, other = await judging.eligible(), await judging.eligible()
    await judging.panel(3)
    assert (await judging.score(case, member(1), 9900)).status_code == 201
    coach = await _on_the_roll(judging, member(1).subject)
    visit = await _visit(judging, await _letter(judging, case), coach)
    assert "conflict" not in str(visit)
    sheets = (await judging.get(f"/v1/applications/{case.id}/scores", OPERATOR)).json()["items"]
    assert [sheet["counts"] for sheet in sheets] == [False]
    assert await _conflicts(judging) == {(str(case.id), member(1).subject, "COACHED_THE_FIRM")}
    (entry,) = [
        each for each in await judging.journal(f"application/{case.id}") if each["decision"] == "evaluator-removed"
    ]
    assert entry["facts"]["kind"] == "COACHED_THE_FIRM"
    assert (await judging.score(other, member(1), 9000)).status_code == 201
    for path in (f"/v1/applications/{case.id}/scores", "/v1/assignments", f"/v1/applications/{case.id}"):
        assert (await judging.get(path, CHAIR)).status_code == 403


async def test_a_coaching_and_an_assignment_at_the_same_moment_never_leave_the_coach_a_seat(judging: Judging):
    """Ten firms, each coached while their cases are given out and while the coach is being seated."""
    await judging.open_call(SEATS)
    cases = [await judging.eligible() for _ in range(10)]
    letters = [await _letter(judging, case) for case in cases]
    coach = await _on_the_roll(judging, member(9).subject)
    panel = (await judging.panel(3))["id"]
    more = [await judging.eligible() for _ in range(3)]
    letters += [await _letter(judging, case) for case in more]
    seated = {"members": [{"subject": member(9).subject, "name": "가상위원"}]}
    await asyncio.gather(
        judging.post(f"/v1/panels/{panel}/members", seated, by=OPERATOR),
        judging.post(f"/v1/calls/{judging.call_id}/assignments", by=OPERATOR),
        *(_visit(judging, letter, coach) for letter in letters),
    )
    await judging.post(f"/v1/calls/{judging.call_id}/assignments", by=OPERATOR)
    barred = {case for case, subject, _kind in await _conflicts(judging) if subject == member(9).subject}
    assert barred == {str(case.id) for case in (*cases, *more)}


async def test_a_coaching_after_the_decision_leaves_the_scores_that_it_rests_on(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    await judging.panel(3)
    for number in (1, 2, 3):
        assert (await judging.score(case, member(number), 8000)).status_code == 201
    async with judging.owner.transaction() as tx:
        await tx.execute(text("UPDATE evaluation_round SET closed_at = now()"))
    coach = await _on_the_roll(judging, member(1).subject)
    await _visit(judging, await _letter(judging, case), coach)
    assert await _conflicts(judging) == set()


async def test_a_tie_a_report_and_a_published_campaign_cannot_be_rewritten_by_anybody(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    coach = await _on_the_roll(judging, CHAIR.subject)
    await _visit(judging, await _letter(judging, case), coach)
    for change in ("UPDATE coaching SET subject = 'x'", "DELETE FROM coaching", "UPDATE campaign SET body_ko = 'x'"):
        with pytest.raises(DBAPIError):
            async with judging.owner.transaction() as tx:
                await tx.execute(text(change))


async def test_only_who_is_on_the_roll_is_sent_and_a_visit_is_assigned_once(judging: Judging):
    await judging.open_call(SEATS)
    case = await judging.eligible()
    coach = await _on_the_roll(judging, CHAIR.subject)
    twice = await judging.post(
        "/v1/forum-members", {"subject": CHAIR.subject, "name": "가", "firm_name": "나"}, by=OPERATOR
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "forum-member-already-admitted")
    letter = await _letter(judging, case)
    body = {"member_id": coach, "planned_on": judging.clock.now().date().isoformat()}
    race = await at_once(
        *(judging.post(f"/v1/letters/{letter}/visits", body, by=by, version=1) for by in (CHAIR, DEPUTY))
    )
    assert sorted(answer.status_code for answer in race) == [201, 412]
    await _made(judging, f"/v1/forum-members/{coach}/departures", by=OPERATOR, version=1)
    second = await judging.eligible()
    gone = await judging.post(f"/v1/letters/{await _letter(judging, second)}/visits", body, by=CHAIR, version=1)
    assert (gone.status_code, gone.json()["code"]) == (404, "forum-member-not-found")
