"""Applications over HTTP: from a draft to a decision, and everything that must not happen on the way."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from applicant.applications.commands import submit_application
from applicant.applications.domain.case import WorksiteHasLiveApplication
from common.auth import Principal
from common.db import is_lock_timeout
from contracts.roles import Role
from tests.support.applicant import (
    AUDITOR,
    CLOSES,
    DURING,
    GUNSAN_OFFICER,
    IKSAN_OFFICER,
    OFFICER,
    OPENS,
    OPERATOR,
    Applicant,
    Person,
    an_owner,
    company_body,
    plan_body,
    worksite_body,
)
from tests.support.waiting import eventually


async def test_an_application_goes_from_draft_to_eligible(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafted = await applicant.draft(call_id, owner, worksite_id)
    assert (drafted["status"], drafted["municipality_code"], drafted["fiscal_year"]) == ("DRAFT", "52130", 2024)

    revised = await applicant.change(
        "PATCH", f"/v1/applications/{drafted['id']}", {"total_cost_won": 70_000_000}, by=owner, version=1
    )
    assert (revised.json()["total_cost_won"], revised.headers["etag"]) == (70_000_000, '"2"')
    assert revised.json()["project_title"] == drafted["project_title"]

    submitted = await applicant.made(f"/v1/applications/{drafted['id']}/submissions", by=owner, version=2)
    assert submitted["submitted_at"] == "2024-04-01T10:00:00+09:00"
    screening = await applicant.screened(submitted)
    assert screening["rule_version"] == "2024-1"
    assert {finding["outcome"] for finding in screening["findings"]} == {"PASS", "NOT_APPLICABLE"}
    assert len(screening["findings"]) == 13
    assert all(finding["reason"]["ko"] and finding["reason"]["en"] for finding in screening["findings"])
    assert all(finding["evidence"] for finding in screening["findings"])

    decided = await applicant.decided(drafted["id"], "ELIGIBLE", screening["version"])
    assert (decided.status_code, decided.json()["status"]) == (201, "ELIGIBLE")
    assert decided.json()["eligibility"]["appeal_until"] is None
    assert await applicant.told(drafted["id"]) == ["application.submitted.v1", "application.found-eligible.v1"]
    journal = await applicant.rows(
        "SELECT decision, rule_version FROM journal_entry WHERE chain = :chain ORDER BY position",
        chain=f"application/{drafted['id']}",
    )
    assert [row["decision"] for row in journal] == [
        "application-drafted", "application-revised", "application-submitted", "screening-begun",
        "screening-checked", "eligibility-decided",
    ]  # fmt: skip
    assert journal[-1]["rule_version"] == "2024-1"


@pytest.mark.parametrize(
    ("after_close", "status", "code"),
    [
        (timedelta(seconds=-1), 201, None),
        (timedelta(milliseconds=-1), 201, None),
        (timedelta(0), 409, "window-closed"),
        (timedelta(seconds=1), 409, "window-closed"),
    ],
)
async def test_edge_10_the_window_closes_on_the_second(
    applicant: Applicant, after_close: timedelta, status: int, code: str | None
) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafted = await applicant.draft(call_id, owner, worksite_id)
    applicant.clock.move_to(CLOSES + after_close)
    answer = await applicant.post(f"/v1/applications/{drafted['id']}/submissions", by=owner, version=1)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert len(await applicant.told(drafted["id"])) == (1 if status == 201 else 0)
    if code:
        assert answer.json()["detail"].startswith("접수는 2024-04-03 17:00:00 KST에 마감되었습니다.")
        assert answer.json()["closes_at"] == "2024-04-03T17:00:00+09:00"


async def test_the_window_opens_on_the_second(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    applicant.clock.move_to(OPENS - timedelta(seconds=1))
    drafted = await applicant.draft(call_id, owner, worksite_id)
    early = await applicant.post(f"/v1/applications/{drafted['id']}/submissions", by=owner, version=1)
    assert early.json()["code"] == "window-not-open"
    applicant.clock.move_to(OPENS)
    on_time = await applicant.post(f"/v1/applications/{drafted['id']}/submissions", by=owner, version=1)
    assert on_time.status_code == 201


async def test_of_two_submissions_for_a_worksite_one_stands_at_any_concurrency(applicant: Applicant) -> None:
    call_id, extra_call_id = await applicant.published_call(), await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafts = [await applicant.draft(call, owner, worksite_id) for call in (call_id, extra_call_id) * 4]
    answers = await asyncio.gather(
        *(applicant.post(f"/v1/applications/{draft['id']}/submissions", by=owner, version=1) for draft in drafts)
    )
    refused = [answer for answer in answers if answer.status_code != 201]
    assert len(refused) == len(drafts) - 1
    assert {answer.json()["code"] for answer in refused} == {"worksite-has-live-application"}
    live = await applicant.rows("SELECT id FROM application WHERE status = 'SUBMITTED'")
    told = await applicant.rows("SELECT key FROM outbox WHERE type LIKE '%application.submitted%'")
    assert [row["id"] for row in live] == [row["key"] for row in told]
    assert len(live) == 1


async def test_the_database_itself_refuses_the_second_of_two_submissions_that_saw_no_other(
    applicant: Applicant,
) -> None:
    """Neither transaction sees the other's submission, so only the unique index stands between them (rule R-09)."""
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    first, second = [UUID((await applicant.draft(call_id, owner, worksite_id))["id"]) for _ in range(2)]
    by = Principal("https://issuer.test", owner.subject, owner.role, owner.tenant, "token")

    async def submit(application_id: UUID) -> None:
        try:
            async with applicant.database.transaction() as tx:
                await submit_application(tx, application_id, read_version=1, by=by, now=DURING)
        except DBAPIError as error:
            # A second is not for ever: on a busy machine the wait runs into lock_timeout and starts again.
            if not is_lock_timeout(error):
                raise
            await submit(application_id)

    async with applicant.database.transaction() as tx:
        await submit_application(tx, first, read_version=1, by=by, now=DURING)
        racing = asyncio.create_task(submit(second))
        await eventually(lambda: _is_waiting_or_done(applicant, racing))
        assert not racing.done(), "the second submission did not even wait for the first"
    with pytest.raises(WorksiteHasLiveApplication):
        await racing
    live = await applicant.rows("SELECT id FROM application WHERE status = 'SUBMITTED'")
    assert [row["id"] for row in live] == [first]


async def _is_waiting_or_done(applicant: Applicant, racing: asyncio.Task[None]) -> bool:
    waiting = await applicant.rows("SELECT 1 AS one FROM pg_locks WHERE NOT granted")
    return racing.done() or bool(waiting)


async def test_a_withdrawn_application_makes_room_for_another(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    first = await applicant.submitted(call_id, owner, worksite_id)
    path = f"/v1/applications/{first['id']}/withdrawals"
    withdrawn = await applicant.made(path, {"reason": "설비 변경"}, by=owner, version=first["version"])
    assert withdrawn["status"] == "WITHDRAWN"
    again = await applicant.post(path, {"reason": "설비 변경"}, by=owner, version=withdrawn["version"])
    assert again.json()["code"] == "application-not-in-this-state"
    second = await applicant.submitted(call_id, owner, worksite_id)
    assert second["status"] == "SUBMITTED"
    assert await applicant.told(first["id"]) == ["application.submitted.v1", "application.withdrawn.v1"]


async def test_a_draft_that_is_given_up_was_never_told_of(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafted = await applicant.draft(call_id, owner, worksite_id)
    await applicant.made(f"/v1/applications/{drafted['id']}/withdrawals", {"reason": "보류"}, by=owner, version=1)
    assert await applicant.told(drafted["id"]) == []


async def test_the_same_key_submits_once_and_hears_the_same_answer(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafted = await applicant.draft(call_id, owner, worksite_id)
    path, key = f"/v1/applications/{drafted['id']}/submissions", "one-key-for-one-act"
    answers = await asyncio.gather(*(applicant.post(path, by=owner, version=1, key=key) for _ in range(4)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert done
    assert {answer.json()["code"] for answer in answers if answer not in done} <= {"request-in-progress"}
    later = await applicant.post(path, by=owner, version=1, key=key)
    assert {answer.content for answer in [*done, later]} == {done[0].content}
    assert await applicant.told(drafted["id"]) == ["application.submitted.v1"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"total_cost_won": 19_999_999}, "cost-below-minimum"),
        ({"consents": {"data_use": True, "credit_information": True, "no_duplicate_aid": True, "no_kickback": False}},
         "consent-missing"),
    ],
)  # fmt: skip
async def test_an_incomplete_draft_is_kept_and_not_submitted(
    applicant: Applicant, changes: dict[str, object], code: str
) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafted = await applicant.draft(call_id, owner, worksite_id, **changes)
    refused = await applicant.post(f"/v1/applications/{drafted['id']}/submissions", by=owner, version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"supplier_business_number": "1234567890"}, "invalid-business-number"),
        ({"type_code": "JS9"}, "unknown-type"),
        ({"total_cost_won": 60_000_000.0}, "input-invalid"),
        ({"total_cost_won": True}, "input-invalid"),
        ({"plan_summary": "무효\0"}, "input-invalid"),
        ({"status": "ELIGIBLE"}, "input-invalid"),
    ],
)
async def test_a_malformed_draft_is_refused(applicant: Applicant, changes: dict[str, object], code: str) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    body = plan_body(call_id=call_id, type_code="JS2", worksite_id=worksite_id) | changes
    answer = await applicant.post("/v1/applications", body, by=owner)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_another_company_finds_nothing(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafted = await applicant.draft(call_id, owner, worksite_id)
    other, other_worksite = await applicant.company()
    path = f"/v1/applications/{drafted['id']}"
    answers = [
        await applicant.get(path, other),
        await applicant.get(f"{path}/screening", other),
        await applicant.get(f"/v1/companies/{owner.tenant}", other),
        await applicant.get(f"/v1/companies/{owner.tenant}/worksites", other),
        await applicant.change("PATCH", path, {"project_title": "남의 것"}, by=other, version=1),
        await applicant.post(f"{path}/submissions", by=other, version=1),
        await applicant.post(f"{path}/withdrawals", {"reason": "남의 것"}, by=other, version=1),
        await applicant.post(f"{path}/supplements", {}, by=other, version=1),
        await applicant.post(f"/v1/companies/{owner.tenant}/worksites", worksite_body(name="남의 공장"), by=other),
        await applicant.post(
            "/v1/applications", plan_body(call_id=call_id, type_code="JS2", worksite_id=worksite_id), by=other
        ),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert (await applicant.get("/v1/applications", other)).json()["items"] == []
    assert (await applicant.get(path, owner)).json()["status"] == "DRAFT"
    assert other_worksite != worksite_id


async def test_a_municipality_sees_its_own_area_and_nobody_else_sees_a_draft(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    drafted = await applicant.draft(call_id, owner, worksite_id)
    path = f"/v1/applications/{drafted['id']}"
    for person in (OPERATOR, OFFICER, AUDITOR, GUNSAN_OFFICER):
        assert (await applicant.get(path, person)).status_code == 404
    await applicant.made(f"{path}/submissions", by=owner, version=1)
    for person in (OPERATOR, OFFICER, AUDITOR, GUNSAN_OFFICER):
        assert (await applicant.get(path, person)).status_code == 200
        assert len((await applicant.get("/v1/applications", person)).json()["items"]) == 1
    assert (await applicant.get(path, IKSAN_OFFICER)).status_code == 404
    assert (await applicant.get("/v1/applications", IKSAN_OFFICER)).json()["items"] == []
    assert (await applicant.get(f"/v1/companies/{owner.tenant}", GUNSAN_OFFICER)).status_code == 200
    assert (await applicant.get(f"/v1/companies/{owner.tenant}", IKSAN_OFFICER)).status_code == 404
    stranger = Person(Role.PANEL_MEMBER, "jtp", "not-assigned")
    assert (await applicant.get(path, stranger)).status_code == 404


async def test_a_role_that_may_not_is_told_so(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    path = f"/v1/applications/{submitted['id']}"
    staff = Person(Role.COMPANY_STAFF, owner.tenant, "staff")
    answers = [
        await applicant.post(f"{path}/submissions", by=staff, version=2),
        await applicant.post(f"{path}/withdrawals", {"reason": "권한 없음"}, by=staff, version=2),
        await applicant.post(f"{path}/screenings", by=owner, version=2),
        await applicant.post(f"{path}/eligibility-decisions", {"confirmed": "ELIGIBLE"}, by=OFFICER, version=2),
        await applicant.post("/v1/companies", company_body(), by=OPERATOR),
    ]
    assert {answer.status_code for answer in answers} == {403}


async def test_a_stale_version_is_refused_with_the_present_one(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    stale = await applicant.post(f"/v1/applications/{submitted['id']}/screenings", by=OPERATOR, version=1)
    assert (stale.status_code, stale.json()["current_version"]) == (412, 2)


async def test_lists_come_in_pages_and_by_filter(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    made = []
    for _ in range(5):
        owner, worksite_id = await applicant.company()
        made.append((await applicant.submitted(call_id, owner, worksite_id))["id"])
    first = (await applicant.get("/v1/applications", OPERATOR, page_size=3, call_id=call_id)).json()
    rest = (
        await applicant.get("/v1/applications", OPERATOR, page_size=3, call_id=call_id, cursor=first["next"])
    ).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    for wanted, count in (
        ({"status": "SUBMITTED"}, 5), ({"status": "ELIGIBLE"}, 0), ({"municipality_code": "52140"}, 0),
        ({"type_code": "JS2"}, 5), ({"type_code": "JS1"}, 0),
    ):  # fmt: skip
        assert len((await applicant.get("/v1/applications", OPERATOR, **wanted)).json()["items"]) == count
    assert (await applicant.get("/v1/applications", OPERATOR, status="GONE")).status_code == 422


async def test_no_personal_data_reaches_events_the_journal_or_a_log(
    applicant: Applicant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    call_id = await applicant.published_call()
    names = {"name": "비밀상호", "representative_name": "비밀대표", "head_office_address": "비밀주소 1"}
    owner, worksite_id = await applicant.company({"address": "비밀공장주소 2"}, **names)
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    screening = await applicant.screened(submitted)
    await applicant.decided(submitted["id"], "ELIGIBLE", screening["version"])
    withdrawn = {"reason": "비밀사유"}
    await applicant.made(f"/v1/applications/{submitted['id']}/withdrawals", withdrawn, by=owner, version=4)
    number = (await applicant.get(f"/v1/companies/{owner.tenant}", owner)).json()["business_number"]
    recorded = await applicant.rows(
        "SELECT convert_from(payload, 'UTF8') AS said FROM outbox"
        " UNION ALL SELECT facts::text || evidence::text || convert_from(body, 'UTF8') FROM journal_entry"
    )
    assert len(recorded) > 8
    for row in recorded:
        assert "비밀" not in row["said"]
        assert "\\u" not in row["said"]
        assert number not in row["said"]
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith(("common", "applicant"))
    )
    assert "비밀" not in logged
    assert number not in logged


@pytest.mark.parametrize(
    ("written", "recorded_on", "counted"),
    [("45110", "2023-12-01", "52110"), ("52111", None, "52110"), ("45113", "2024-01-17", "52110"),
     ("45110", "2024-01-18", None), ("45110", None, None), ("52760", None, None), ("11110", None, None)],
)  # fmt: skip
async def test_edge_3_the_municipality_counts_by_the_code_of_its_day(
    applicant: Applicant, written: str, recorded_on: str | None, counted: str | None
) -> None:
    owner = an_owner()
    await applicant.made("/v1/companies", company_body(), by=owner)
    body = worksite_body(municipality_code=written, recorded_on=recorded_on)
    answer = await applicant.post(f"/v1/companies/{owner.tenant}/worksites", body, by=owner)
    if counted is None:
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown-municipality")
    else:
        assert (answer.json()["municipality_code"], answer.json()["code_as_written"]) == (counted, written)


async def test_one_business_number_is_one_company(applicant: Applicant) -> None:
    body = company_body()
    first, second = an_owner(), an_owner()
    await applicant.made("/v1/companies", body, by=first)
    for by, again in ((second, body), (first, company_body())):
        refused = await applicant.post("/v1/companies", again, by=by)
        assert (refused.status_code, refused.json()["code"]) == (409, "company-already-registered")
    wrong = await applicant.post("/v1/companies", company_body(business_number="000-00-00000"), by=second)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-business-number")
