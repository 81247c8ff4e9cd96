"""Legal deadlines on a real database: nothing rests past its day, offices are told again and again, each sees its own."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.deadlines.commands import DeadlineKind
from applicant.deadlines.jobs import work_deadlines
from applicant.main import ACTS
from common.clock import KST
from contracts.roles import Role
from tests.support.applicant import OPERATOR as SCREENER
from tests.support.applicant import Applicant
from tests.support.judging import (
    APPROVER,
    AUDITOR,
    JEONJU,
    OPERATOR,
    WANJU,
    Judging,
    Person,
    Standing,
    at_once,
    owner_of,
)

DRAFTED = datetime(2024, 5, 16, 10, tzinfo=KST)
# Fourteen days from Thursday 16 May: Thursday 30 May.
ISSUE_DUE = datetime(2024, 5, 31, tzinfo=KST)


async def work(judging: Judging) -> None:
    """Until nothing is due any more."""
    while await work_deadlines(ACTS, judging.database, judging.clock):
        pass


async def drafted(judging: Judging, towns: tuple[str, ...] = (JEONJU,)) -> list[Standing]:
    """One confirmed project in each town, with its agreement as a draft."""
    await judging.open_call({("JS1", town): 1 for town in towns}, size_min=1)
    cases = await judging.eligible_many([("JS1", town, 40_000_000, True) for town in towns])
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9000) for case in cases])
    await judging.decided()
    judging.clock.move_to(DRAFTED)
    for case in cases:
        await judging.deliver(judging.committed(await judging.project(case)))
    return cases


async def listed(judging: Judging, by: Person = AUDITOR, **query: Any) -> list[dict[str, Any]]:
    answer = await judging.get("/v1/deadlines", by, **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


@pytest.mark.promise("I11")
async def test_an_agreement_that_the_operator_never_issues_is_told_of_until_it_is(judging: Judging):
    (case,) = await drafted(judging)
    project = await judging.project(case)
    (open_one,) = await listed(judging)
    assert (open_one["kind"], open_one["days_left"], open_one["last_day"]) == ("AGREEMENT_ISSUE", 14, "2024-05-30")
    assert open_one["source_note"].startswith("assumed")

    judging.clock.move_to(ISSUE_DUE - timedelta(days=3))
    await work(judging)
    assert [each["recipient"] for each in await notices(judging, "DEADLINE_NEAR")] == ["OPERATOR"]
    for weeks in range(2):
        judging.clock.move_to(ISSUE_DUE + timedelta(weeks=weeks))
        await work(judging)
        await work(judging)
        told = [each["recipient"] for each in await notices(judging, "DEADLINE_OVERDUE")]
        assert sorted(told) == ["OPERATOR"] * (weeks + 1) + ["PROVINCE"] * (weeks + 1)
    (overdue,) = await listed(judging, APPROVER)
    assert (overdue["state"], overdue["days_left"], overdue["escalations"]) == ("OVERDUE", -8, 2)
    assert (await judging.project(case))["state"] == "CONFIRMED", "whose fault it is not does not lose the place"

    issued = await judging.post(f"/v1/agreements/{project['id']}/issues", by=OPERATOR, version=1)
    assert issued.status_code == 201, issued.text
    closed = await listed(judging, state="MET")
    assert [each["kind"] for each in closed] == ["AGREEMENT_ISSUE"]
    overdue_entries = [
        e for e in await judging.journal(f"project/{project['id']}") if e["decision"] == "deadline-overdue"
    ]
    assert len(overdue_entries) == 2


async def notices(judging: Judging, kind: str) -> list[dict[str, Any]]:
    return list((await judging.get("/v1/notices", OPERATOR, kind=kind, page_size=100)).json()["items"])


@pytest.mark.promise("I11")
async def test_a_supplement_that_stays_out_is_passed_over_and_the_operator_gets_a_time_to_decide(applicant: Applicant):
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    case = await applicant.submitted(call_id, owner, worksite_id)
    screened = await applicant.screened(case)
    asked = await applicant.made(
        f"/v1/applications/{case['id']}/supplement-requests",
        {"items": [{"request": "재무제표"}]},
        by=SCREENER,
        version=screened["version"],
    )
    due_at = datetime.fromisoformat(asked["supplement"]["due_at"])
    for moment, status in ((due_at - timedelta(microseconds=1), "SUPPLEMENT_REQUESTED"), (due_at, "UNDER_SCREENING")):
        applicant.clock.move_to(moment)
        await at_once(*(work_deadlines(ACTS, applicant.database, applicant.clock) for _ in range(3)))
        now = (await applicant.get(f"/v1/applications/{case['id']}", by=owner)).json()
        assert now["status"] == status
    late = await applicant.post(
        f"/v1/applications/{case['id']}/supplements", {"project_title": "새 이름"}, by=owner, version=now["version"]
    )
    assert late.status_code == 409
    (running,) = (await applicant.get("/v1/deadlines", by=owner)).json()["items"]
    assert (running["kind"], running["duty"]) == ("SCREENING_DECISION", "OPERATOR")
    decided = await applicant.decided(case["id"], "ELIGIBLE", now["version"])
    assert decided.status_code == 201, decided.text
    assert (await applicant.get("/v1/deadlines", by=owner)).json()["items"] == []


async def test_deadlines_come_by_date_and_each_sees_its_own(judging: Judging):
    jeonju, wanju = await drafted(judging, (JEONJU, WANJU))
    first = await judging.project(jeonju)
    issued = await judging.post(f"/v1/agreements/{first['id']}/issues", by=OPERATOR, version=1)
    assert issued.status_code == 201, issued.text
    everything = await listed(judging)
    assert [each["kind"] for each in everything] == ["AGREEMENT_ISSUE", "AGREEMENT_SIGNATURES"]
    own = [each["kind"] for each in await listed(judging, owner_of(jeonju))]
    assert own == ["AGREEMENT_SIGNATURES"]
    assert [e["kind"] for e in await listed(judging, Person(Role.MUNICIPALITY_OFFICER, "o", WANJU))] == [
        "AGREEMENT_ISSUE"
    ]
    assert [each["application_id"] for each in await listed(judging, owner_of(wanju))] == [str(wanju.id)]
    supplier = Person(Role.SUPPLIER, "supplier", issued.json()["supplier_business_number"])
    assert [each["kind"] for each in await listed(judging, supplier)] == own
    assert [each["kind"] for each in await listed(judging, last_day="2024-05-30")] == ["AGREEMENT_ISSUE"]
    assert await listed(judging, last_day="2024-05-29") == []
    assert await listed(judging, waits_for_worker=True) == []
    judging.clock.move_to(datetime.fromisoformat(everything[0]["next_step_at"]))
    waiting = await listed(judging, waits_for_worker=True)
    assert everything[0]["id"] in [each["id"] for each in waiting]
    await work(judging)
    assert await listed(judging, waits_for_worker=True) == []
    page = (await judging.get("/v1/deadlines", AUDITOR, page_size=1)).json()
    rest = (await judging.get("/v1/deadlines", AUDITOR, page_size=1, cursor=page["next"])).json()
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [each["id"] for each in everything]
    assert rest["next"] is None


async def test_a_deadline_that_cannot_be_worked_keeps_no_other_waiting(judging: Judging):
    broken, whole = await drafted(judging, (JEONJU, WANJU))
    for case in (broken, whole):
        project = await judging.project(case)
        issued = await judging.post(f"/v1/agreements/{project['id']}/issues", by=OPERATOR, version=1)
        assert issued.status_code == 201, issued.text

    async def act(tx: Any, deadline: Any, by: Any, now: datetime) -> bool:
        if deadline.subject.application_id == broken.id:
            raise RuntimeError("planted")
        return await ACTS[DeadlineKind.AGREEMENT_SIGNATURES](tx, deadline, by, now)

    judging.clock.move_to(DRAFTED + timedelta(days=60))
    await work_deadlines({**ACTS, DeadlineKind.AGREEMENT_SIGNATURES: act}, judging.database, judging.clock)
    assert (await judging.project(whole))["state"] == "WITHDRAWN"
    assert (await judging.project(broken))["state"] == "CONFIRMED"
    waits = "SELECT retry_at > now() FROM legal_deadline WHERE application_id = :id AND kind = 'AGREEMENT_SIGNATURES'"
    assert await judging.value(waits, id=broken.id) is True
    async with judging.owner.transaction() as tx:
        await tx.execute(text("UPDATE legal_deadline SET retry_at = now() WHERE settled_at IS NULL"))
    await work(judging)
    assert (await judging.project(broken))["state"] == "WITHDRAWN"


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM legal_deadline",
        "UPDATE legal_deadline SET state = 'OPEN', settled_at = NULL WHERE settled_at IS NOT NULL",
        "DELETE FROM notice",
        "DELETE FROM objection",
        "TRUNCATE reinstatement",
    ],
)
async def test_not_even_the_owner_role_takes_back_what_has_ended(judging: Judging, attack: str):
    (case,) = await drafted(judging)
    project = await judging.project(case)
    await judging.post(f"/v1/agreements/{project['id']}/issues", by=OPERATOR, version=1)
    with pytest.raises(DBAPIError):
        async with judging.owner.transaction() as tx:
            await tx.execute(text(attack))
