"""Screening over HTTP: registers that are slow, down, refusing or talking nonsense never decide a case."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from applicant.applications.commands import register_checks
from common.clock import KST
from common.db import Transaction
from tests.support.applicant import OPERATOR, SUPPLIER, Applicant
from tests.support.waiting import eventually


@pytest.mark.parametrize(
    ("mode", "problem"),
    [("slow", "TIMED_OUT"), ("down", "UNREACHABLE"), ("refuse", "BAD_ANSWER_403"), ("garbage", "BAD_ANSWER_200")],
)
async def test_an_outage_postpones_and_never_refuses(applicant: Applicant, mode: str, problem: str) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    path = f"/v1/applications/{submitted['id']}"
    applicant.registers.mode = mode
    begun = await applicant.made(f"{path}/screenings", by=OPERATOR, version=submitted["version"])
    ask = applicant.hurried_job if mode == "slow" else applicant.job
    assert await ask(applicant.database, applicant.clock)

    view = (await applicant.get(f"{path}/screening", OPERATOR)).json()
    assert view["state"] == "CHECKING"
    assert [waiting["problem"] for waiting in view["waiting_on"]] == [problem] * 4
    assert {waiting["attempts"] for waiting in view["waiting_on"]} == {1}
    for confirmed in ("ELIGIBLE", "INELIGIBLE"):
        refused = await applicant.decided(submitted["id"], confirmed, begun["version"])
        assert (refused.status_code, refused.json()["code"]) == (409, "still-checking")

    applicant.registers.mode = "answer"
    view = await applicant.checked(submitted["id"])
    assert view["waiting_on"] == []
    decided = await applicant.decided(submitted["id"], "ELIGIBLE", view["version"])
    assert decided.json()["status"] == "ELIGIBLE"


async def test_no_transaction_is_open_while_a_register_thinks(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    await applicant.made(f"/v1/applications/{submitted['id']}/screenings", by=OPERATOR, version=2)
    applicant.registers.mode = "slow"
    asking = asyncio.create_task(applicant.job(applicant.database, applicant.clock))
    await eventually(lambda: applicant.registers.waiting)
    # Asked as the service's own role: another role is not shown what its sessions do.
    async with applicant.database.transaction(read_only=True) as tx:
        sessions = await tx.execute(
            text(
                "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND usename = current_user"  # not PostgreSQL's own, which clean up when they like
            )
        )
        states = {row.state for row in sessions}
    assert states == {"idle"}
    applicant.registers.mode = "answer"
    await asking


async def test_two_workers_share_the_checks_and_ask_nothing_twice(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    for _ in range(3):
        owner, worksite_id = await applicant.company()
        submitted = await applicant.submitted(call_id, owner, worksite_id)
        await applicant.made(f"/v1/applications/{submitted['id']}/screenings", by=OPERATOR, version=2)
    await asyncio.gather(*(applicant.job(applicant.database, applicant.clock) for _ in range(3)))
    assert len(applicant.registers.asked) == 12
    states = await applicant.rows("SELECT state, attempts, count(*) FROM register_check GROUP BY 1, 2")
    assert [(row["state"], row["attempts"], row["count"]) for row in states] == [("ANSWERED", 1, 12)]


async def test_a_case_that_cannot_be_judged_does_not_hold_up_the_others(
    applicant: Applicant, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = await applicant.published_call()
    paths = []
    for _ in range(3):
        owner, worksite_id = await applicant.company()
        submitted = await applicant.submitted(call_id, owner, worksite_id)
        paths.append(f"/v1/applications/{submitted['id']}")
        await applicant.made(f"{paths[-1]}/screenings", by=OPERATOR, version=2)
    keep, spoilt = register_checks.keep_answers, list[object]()

    async def keep_all_but_the_first(tx: Transaction, application_id: UUID, *given: Any, **more: Any) -> None:
        if not spoilt:
            spoilt.append(application_id)
        if application_id in spoilt:
            raise RuntimeError
        await keep(tx, application_id, *given, **more)

    monkeypatch.setattr(register_checks, "keep_answers", keep_all_but_the_first)
    assert await applicant.job(applicant.database, applicant.clock)
    views = [(await applicant.get(f"{path}/screening", OPERATOR)).json() for path in paths]
    assert sorted(view["state"] for view in views) == ["CHECKED", "CHECKED", "CHECKING"]
    waiting = [each["problem"] for view in views for each in view["waiting_on"]]
    assert waiting == ["NOT_KEPT"] * 4


async def test_a_dead_workers_lease_runs_out_and_its_late_answer_counts_for_nothing(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    await applicant.made(f"/v1/applications/{submitted['id']}/screenings", by=OPERATOR, version=2)
    applicant.registers.mode = "slow"
    slow_worker = asyncio.create_task(applicant.job(applicant.database, applicant.clock))
    await eventually(lambda: applicant.registers.waiting)
    # What the passing of the lease does: another worker may claim the same checks, under a new attempt.
    async with applicant.owner.transaction() as tx:
        await tx.exec_driver_sql("UPDATE register_check SET leased_until = now() - interval '1 second'")
    applicant.registers.mode = "late"
    await applicant.job(applicant.database, applicant.clock)
    applicant.registers.mode = "answer"
    await slow_worker
    rows = await applicant.rows("SELECT DISTINCT state, attempts FROM register_check")
    assert [(row["state"], row["attempts"]) for row in rows] == [("ANSWERED", 2)]
    journal = await applicant.rows("SELECT 1 AS one FROM journal_entry WHERE decision = 'screening-checked'")
    assert len(journal) == 1


async def test_story_3_a_refusal_names_its_rules_and_the_last_day_to_object(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    number = (await applicant.get(f"/v1/companies/{owner.tenant}", owner)).json()["business_number"]
    applicant.registers.says("tax-office", number, status="CLOSED", local_tax_arrears=True)
    applicant.registers.says("debarment", SUPPLIER, excluded=True)
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    # Twenty days from 16 April end on 6 May 2024, the day off for Children's Day.
    applicant.clock.move_to(datetime(2024, 4, 16, 9, 0, tzinfo=KST))
    screening = await applicant.screened(submitted)
    failed = {each["rule"]: each["reason"]["en"] for each in screening["findings"] if each["outcome"] == "FAIL"}
    assert list(failed) == ["R-05", "R-06", "R-11"]
    assert failed["R-06"] == "Local tax was in arrears on 2024-04-01."

    wrong = await applicant.decided(submitted["id"], "ELIGIBLE", screening["version"])
    assert (wrong.status_code, wrong.json()["code"]) == (409, "findings-disagree")
    hidden = (await applicant.get(f"/v1/applications/{submitted['id']}/screening", owner)).json()
    assert (hidden["state"], hidden["findings"]) == ("CHECKED", [])
    decided = (await applicant.decided(submitted["id"], "INELIGIBLE", screening["version"])).json()
    assert decided["status"] == "INELIGIBLE"
    assert decided["eligibility"]["failed_rules"] == ["R-05", "R-06", "R-11"]
    assert decided["eligibility"]["appeal_until"] == "2024-05-07"
    shown = (await applicant.get(f"/v1/applications/{submitted['id']}/screening", owner)).json()
    assert (shown["state"], len(shown["findings"])) == ("DECIDED", 13)
    assert (await applicant.told(submitted["id"]))[-1] == "application.found-ineligible.v1"


async def test_a_supplement_mends_the_case_in_a_second_round(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company({"factory_registration_number": None})
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    path = f"/v1/applications/{submitted['id']}"
    screening = await applicant.screened(submitted)
    assert [each["rule"] for each in screening["findings"] if each["outcome"] == "FAIL"] == ["R-13"]

    items = {"items": [{"rule": "R-13", "request": "공장등록증을 제출해 주세요."}]}
    asked = await applicant.made(f"{path}/supplement-requests", items, by=OPERATOR, version=screening["version"])
    # Seven days from 1 April end with 8 April; the answer is late from midnight on.
    assert asked["supplement"]["due_at"] == "2024-04-09T00:00:00+09:00"
    early = await applicant.decided(submitted["id"], "INELIGIBLE", asked["version"])
    assert early.json()["code"] == "supplement-not-due"

    answered = await applicant.made(
        f"{path}/supplements", {"factory_registration_number": "F-77"}, by=owner, version=asked["version"]
    )
    assert answered["status"] == "RESUBMITTED"
    second = await applicant.checked(submitted["id"])
    assert second["round"] == 2
    decided = await applicant.decided(submitted["id"], "ELIGIBLE", second["version"])
    assert decided.json()["status"] == "ELIGIBLE"
    assert [each.removeprefix("application.") for each in await applicant.told(submitted["id"])] == [
        "submitted.v1", "supplement-requested.v1", "supplemented.v1", "found-eligible.v1",
    ]  # fmt: skip


async def test_a_late_supplement_is_refused_and_the_old_findings_decide(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company({"factory_registration_number": None})
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    path = f"/v1/applications/{submitted['id']}"
    screening = await applicant.screened(submitted)
    unknown = {"items": [{"rule": "R-99", "request": "?"}]}
    refused = await applicant.post(f"{path}/supplement-requests", unknown, by=OPERATOR, version=screening["version"])
    assert refused.json()["code"] == "unknown-rule"
    items = {"items": [{"rule": "R-13", "request": "공장등록증"}]}
    asked = await applicant.made(f"{path}/supplement-requests", items, by=OPERATOR, version=screening["version"])
    applicant.clock.move_to(datetime.fromisoformat(asked["supplement"]["due_at"]))
    late = await applicant.post(
        f"{path}/supplements", {"factory_registration_number": "F-77"}, by=owner, version=asked["version"]
    )
    assert (late.status_code, late.json()["code"]) == (409, "supplement-late")
    decided = await applicant.decided(submitted["id"], "INELIGIBLE", asked["version"])
    assert decided.json()["eligibility"]["failed_rules"] == ["R-13"]


async def test_nobody_waits_for_registers_about_a_withdrawn_case(applicant: Applicant) -> None:
    call_id = await applicant.published_call()
    owner, worksite_id = await applicant.company()
    submitted = await applicant.submitted(call_id, owner, worksite_id)
    path = f"/v1/applications/{submitted['id']}"
    begun = await applicant.made(f"{path}/screenings", by=OPERATOR, version=2)
    await applicant.made(f"{path}/withdrawals", {"reason": "철회"}, by=owner, version=begun["version"])
    assert not await applicant.job(applicant.database, applicant.clock)
    assert applicant.registers.asked == []
