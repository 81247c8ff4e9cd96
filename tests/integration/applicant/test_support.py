"""Municipalities support the builds in their area: visits on a calendar that is followed, tickets with owner and day."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.deadlines.jobs import work_deadlines
from applicant.main import ACTS
from common.acting import THE_SERVICE, Acting
from common.clock import KST
from common.event import new_id
from contracts.roles import Role
from tests.support.applicant import IKSAN
from tests.support.building_site import OPERATOR, Site, site_under_way
from tests.support.judging import JEONJU, Judging, Person, at_once

OFFICER = Person(Role.MUNICIPALITY_OFFICER, "jeonju-officer", JEONJU)
COLLEAGUE = Person(Role.MUNICIPALITY_OFFICER, "jeonju-colleague", JEONJU)
ELSEWHERE = Person(Role.MUNICIPALITY_OFFICER, "iksan-officer", IKSAN)
FEED = f"/v1/municipalities/{JEONJU}/site-visits.ics"
_TIMES = {"starts_at": "2024-06-12T01:00:00Z", "ends_at": "2024-06-12T03:00:00Z", "place": "가상산단로 2"}


async def _visit(site: Site, by: Person = OFFICER, **changes: object) -> Any:
    body = {"purpose": "착공 확인", **_TIMES} | changes
    return await site.judging.post(f"/v1/agreements/{site.project_id}/site-visits", body, by=by)


async def _ticket(site: Site, **changes: object) -> Any:
    body = {"kind": "PERMIT", "request": "증설 허가", "due_on": "2024-06-14"} | changes
    return await site.judging.post(f"/v1/agreements/{site.project_id}/support-tickets", body, by=site.owner)


async def _events(judging: Judging, by: Person = OFFICER) -> list[Any]:
    answer = await judging.get(FEED, by)
    assert answer.headers["content-type"].startswith("text/calendar")
    return list(Calendar.from_ical(answer.text).walk("VEVENT"))


async def test_the_calendar_follows_a_visit_that_moves_and_keeps_one_that_is_cancelled(judging: Judging):
    site = await site_under_way(judging)
    made = (await _visit(site)).json()
    (event,) = await _events(judging)
    assert (event["SEQUENCE"], event["STATUS"], str(event["LOCATION"])) == (0, "CONFIRMED", "가상산단로 2")
    uid, path = event["UID"], f"/v1/site-visits/{made['id']}"
    tag = (await judging.get(FEED, OFFICER)).headers["etag"]
    headers = judging._headers(OFFICER) | {"If-None-Match": tag}
    assert (await judging.http.get(FEED, headers=headers)).status_code == 304
    later = _TIMES | {"starts_at": "2024-06-13T01:00:00Z", "ends_at": "2024-06-13T02:00:00Z"}
    moved = await judging.post(f"{path}/changes", later, by=OFFICER, version=1)
    assert moved.status_code == 201, moved.text
    (event,) = await _events(judging)
    assert (event["UID"], event["SEQUENCE"], event.decoded("DTSTART").day) == (uid, 1, 13)
    both = await at_once(*(judging.post(f"{path}/cancellations", by=OFFICER, version=2) for _ in range(2)))
    assert sorted(answer.status_code for answer in both) == [201, 412]
    (event,) = await _events(judging)
    assert (event["UID"], event["STATUS"]) == (uid, "CANCELLED")
    again = await judging.post(f"{path}/changes", later, by=OFFICER, version=3)
    assert (again.status_code, again.json()["code"]) == (409, "site-visit-cancelled")
    assert (await judging.get(FEED, ELSEWHERE)).status_code == 404
    assert len(await _events(judging, OPERATOR)) == 1


async def test_a_firm_follows_the_visits_to_its_own_builds_in_its_own_calendar(judging: Judging):
    site = await site_under_way(judging)
    path = f"/v1/companies/{site.owner.tenant}/site-visits.ics"

    async def events() -> list[Any]:
        answer = await judging.get(path, site.owner)
        assert answer.headers["content-type"].startswith("text/calendar")
        return list(Calendar.from_ical(answer.text).walk("VEVENT"))

    assert await events() == []
    made = (await _visit(site)).json()
    (event,) = await events()
    uid, tag = event["UID"], (await judging.get(path, site.owner)).headers["etag"]
    assert [each["UID"] for each in await _events(judging)] == [uid], "one entry in both calendars"
    headers = judging._headers(site.owner) | {"If-None-Match": tag}
    assert (await judging.http.get(path, headers=headers)).status_code == 304
    assert (await judging.post(f"/v1/site-visits/{made['id']}/cancellations", by=OFFICER, version=1)).status_code == 201
    (event,) = await events()
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (uid, 1, "CANCELLED")
    stranger = Person(Role.COMPANY_OWNER, "stranger", str(new_id()))
    assert (await judging.get(path, stranger)).status_code == 404
    assert (await judging.get(path, OFFICER)).status_code == 403


async def test_a_visit_is_of_the_own_area_ahead_and_within_a_day(judging: Judging):
    site = await site_under_way(judging)
    assert (await _visit(site, ELSEWHERE)).status_code == 404
    for wrong in (
        {"ends_at": _TIMES["starts_at"]},
        {"ends_at": "2024-06-14T01:00:00Z"},
        {"starts_at": "2024-06-01T00:00:00Z"},
        {"ends_at": "2024-06-13T01:00:01Z"},
        {"starts_at": "2025-07-12T01:00:00Z", "ends_at": "2025-07-12T03:00:00Z"},
    ):
        refused = await _visit(site, **wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "site-visit-times-wrong")
    made = (await _visit(site, ends_at="2024-06-13T01:00:00Z")).json()
    path = f"/v1/site-visits/{made['id']}"
    assert (await judging.get(path, site.owner)).json() == made
    assert (await judging.get(path, ELSEWHERE)).status_code == 404
    assert (await judging.post(f"{path}/cancellations", by=ELSEWHERE, version=1)).status_code == 404
    assert [each["id"] for each in (await judging.get("/v1/site-visits", site.owner)).json()["items"]] == [made["id"]]
    assert (await judging.get("/v1/site-visits", ELSEWHERE)).json()["items"] == []


async def test_a_ticket_has_an_owner_who_alone_closes_it_and_its_deadline_is_met(judging: Judging):
    site = await site_under_way(judging)
    made = await _ticket(site)
    assert made.status_code == 201, made.text
    path = f"/v1/support-tickets/{made.json()['id']}"
    assert (await judging.get(path, ELSEWHERE)).status_code == 404
    body = {"outcome": "DONE", "words": "허가가 나왔습니다."}
    unowned = await judging.post(f"{path}/outcomes", body, by=OFFICER, version=1)
    assert (unowned.status_code, unowned.json()["code"]) == (403, "support-ticket-not-yours")
    both = await at_once(*(judging.post(f"{path}/owners", by=by, version=1) for by in (OFFICER, COLLEAGUE)))
    assert sorted(answer.status_code for answer in both) == [201, 412]
    (first,) = [answer.json() for answer in both if answer.status_code == 201]
    assert first["owner_subject"] in {OFFICER.subject, COLLEAGUE.subject}
    taken = await judging.post(f"{path}/owners", by=COLLEAGUE, version=2)
    assert (taken.json()["owner_subject"], taken.json()["state"]) == (COLLEAGUE.subject, "OWNED")
    assert (await judging.post(f"{path}/outcomes", body, by=ELSEWHERE, version=3)).status_code == 404
    assert (await judging.post(f"{path}/outcomes", body, by=OFFICER, version=3)).status_code == 403
    closed = await judging.post(f"{path}/outcomes", body, by=COLLEAGUE, version=3)
    assert (closed.json()["state"], closed.json()["outcome"]) == ("DONE", body["words"])
    late = await judging.post(f"{path}/owners", by=OFFICER, version=4)
    assert (late.status_code, late.json()["code"]) == (409, "support-ticket-closed")
    (row,) = await judging.rows("SELECT state, due_at FROM legal_deadline WHERE kind = 'SUPPORT_TICKET'")
    assert (row["state"], row["due_at"]) == ("MET", datetime(2024, 6, 15, tzinfo=KST))
    assert body["words"] not in str(await judging.journal(f"project/{site.project_id}"))


async def test_a_ticket_that_nobody_closes_is_told_of_again_and_again_once_its_day_is_over(judging: Judging):
    site = await site_under_way(judging)
    assert (await _ticket(site)).status_code == 201
    for due in ("2024-06-05", "2026-01-01"):
        refused = await _ticket(site, due_on=due)
        assert (refused.status_code, refused.json()["code"]) == (422, "support-ticket-due-wrong")
    judging.clock.move_to(datetime(2024, 6, 15, tzinfo=KST))
    await work_deadlines(ACTS, judging.database, judging.clock)
    sql = "SELECT state, escalations FROM legal_deadline WHERE kind = 'SUPPORT_TICKET'"
    assert await judging.rows(sql) == [{"state": "OVERDUE", "escalations": 1}]
    judging.clock.move_to(datetime(2024, 6, 15, tzinfo=KST) + timedelta(days=7))
    await work_deadlines(ACTS, judging.database, judging.clock)
    assert await judging.rows(sql) == [{"state": "OVERDUE", "escalations": 2}]
    listed = (await judging.get("/v1/deadlines", OFFICER)).json()["items"]
    assert [(each["kind"], each["duty"]) for each in listed] == [("SUPPORT_TICKET", "MUNICIPALITY")]
    told = (await judging.get("/v1/office-notices", OFFICER)).json()["items"]
    assert [(each["kind"], each["recipient"]) for each in told] == [("DEADLINE_OVERDUE", "MUNICIPALITY")] * 2
    assert (await judging.get("/v1/office-notices", ELSEWHERE)).json()["items"] == []
    sql = "SELECT recipient FROM notice WHERE kind = 'DEADLINE_OVERDUE' ORDER BY recipient"
    assert [row["recipient"] for row in await judging.rows(sql)] == ["MUNICIPALITY"] * 2 + ["PROVINCE"] * 2


async def test_a_day_holds_until_its_last_and_a_terminated_build_is_supported_no_more(judging: Judging):
    site = await site_under_way(judging)
    made = (await _ticket(site)).json()
    path = f"/v1/support-tickets/{made['id']}"
    await site.propose("TERMINATION", "FRAUD", fault_party="ADOPTER")
    decided = await site.decide()
    assert decided.json()["state"] == "TERMINATED", decided.text
    for refused in (await _visit(site), await _ticket(site)):
        assert (refused.status_code, refused.json()["code"]) == (409, "support-has-ended")
    judging.clock.move_to(datetime(2024, 6, 14, 23, 59, 59, tzinfo=KST))
    await work_deadlines(ACTS, judging.database, judging.clock)
    assert (await judging.post(f"{path}/owners", by=OFFICER, version=1)).status_code == 201
    body = {"outcome": "DECLINED", "words": "협약이 해지되었습니다."}
    assert (await judging.post(f"{path}/outcomes", body, by=OFFICER, version=2)).json()["state"] == "DECLINED"
    judging.clock.move_to(datetime(2024, 6, 15, tzinfo=KST))
    await work_deadlines(ACTS, judging.database, judging.clock)
    sql = "SELECT state, escalations FROM legal_deadline WHERE kind = 'SUPPORT_TICKET'"
    assert await judging.rows(sql) == [{"state": "MET", "escalations": 0}]


async def test_a_firm_cannot_answer_its_own_ticket_and_nobody_rewrites_a_closed_one(judging: Judging):
    site = await site_under_way(judging)
    made = (await _ticket(site)).json()
    owner = Acting(Role.COMPANY_OWNER, made["company_id"], "owner")
    close = text(
        "UPDATE support_ticket SET state = 'DONE', owner_subject = 'me', owned_by = 'me', owned_at = now(),"
        " closed_by = 'me', closed_at = now(), outcome = 'done'"
    )
    with pytest.raises(DBAPIError, match="row-level security"):
        async with judging.database.transaction(acting=owner) as tx:
            await tx.execute(close)
    async with judging.database.transaction(acting=THE_SERVICE) as tx:
        await tx.execute(close)
    with pytest.raises(DBAPIError, match=r"support_ticket|kept|change"):
        async with judging.database.transaction(acting=THE_SERVICE) as tx:
            await tx.execute(text("UPDATE support_ticket SET outcome = 'other'"))
