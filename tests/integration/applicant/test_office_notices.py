"""Offices say where their notices go, by two people; what lapses is told them once, in place of one without a mailbox too."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from applicant.notices.commands import Letter, Problem
from applicant.notices.jobs import Mail, deliver_notices
from applicant.settings import Settings
from common import failpoints
from common.clock import KST
from common.event import new_id
from contracts.funding import BudgetLapseWarned
from contracts.roles import Role
from smartfactory.simulators.mail import Delivered
from tests.support.drills.outside import Outside
from tests.support.judging import AUDITOR, JEONJU, OPERATOR, WANJU, Judging, Person, at_once

OFFICER = Person(Role.MUNICIPALITY_OFFICER, "jeonju-officer", JEONJU)
HEAD = Person(Role.MUNICIPALITY_APPROVER, "jeonju-head", JEONJU)
ELSEWHERE = Person(Role.MUNICIPALITY_APPROVER, "wanju-head", WANJU)
WANJU_OFFICER = Person(Role.MUNICIPALITY_OFFICER, "wanju-officer", WANJU)
PROVINCE_OFFICER = Person(Role.PROVINCE_OFFICER, "province-officer", "52")
PROVINCE_HEAD = Person(Role.PROVINCE_APPROVER, "province-head", "52")
SECOND_OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "operator-2")
DECEMBER = datetime(2024, 12, 1, 9, tzinfo=KST)


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    found = Outside(tmp_path)
    yield found
    found.close()


async def deliver(judging: Judging, outside: Outside) -> list[Delivered]:
    """One worker's round over all that waits; what the port has delivered ever since."""
    settings = Settings(
        app_env="test",
        database_url=judging.urls.application,  # type: ignore[arg-type]
        mail_url=outside.settings["MAIL_URL"],
    )
    mail = Mail(settings)
    try:
        while await deliver_notices(mail, settings, judging.database, judging.clock):
            pass
    finally:
        await mail.aclose()
    return list(outside.mail.delivered.values())


async def proposed(judging: Judging, address: str, by: Person = OFFICER) -> dict[str, Any]:
    answer = await judging.post("/v1/office-mailboxes", {"address": address}, by=by)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def confirm(judging: Judging, mailbox: dict[str, Any], by: Person = HEAD, version: int = 1) -> Any:
    return await judging.post(f"/v1/office-mailboxes/{mailbox['id']}/confirmations", by=by, version=version)


async def registered(judging: Judging, address: str, by: Person = OFFICER, confirmer: Person = HEAD) -> None:
    answer = await confirm(judging, await proposed(judging, address, by), confirmer)
    assert (answer.status_code, answer.json()["state"]) == (201, "CONFIRMED"), answer.text


def warned(place: str | None = JEONJU, *, line_id: UUID | None = None, stage_days: int = 30) -> BudgetLapseWarned:
    return BudgetLapseWarned(
        budget_line_id=line_id or new_id(),
        source="PROVINCE" if place is None else "MUNICIPALITY",
        municipality_code=place,
        fiscal_year=2024,
        track="B",
        stage_days=stage_days,
        days_left=stage_days,
        last_day=date(2024, 12, 31),
        uncommitted_won=31_000_000,
        unpaid_won=20_000_000,
        carried_won=8_000_000,
        lapsing_won=43_000_000,
        rule_version="2022-1",
    )


async def offices(judging: Judging, by: Person) -> dict[str, dict[str, Any]]:
    return {each["office"]: each for each in (await judging.get("/v1/offices", by)).json()["items"]}


async def test_an_office_s_mailbox_takes_two_of_its_people_and_its_address_is_its_own(judging: Judging):
    assert len(await offices(judging, PROVINCE_OFFICER)) == 16
    assert [office["has_mailbox"] for office in (await offices(judging, HEAD)).values()] == [False]
    wrong = await judging.post("/v1/office-mailboxes", {"address": "no address"}, by=OFFICER)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid-contact-email")
    mistyped = await proposed(judging, "mistyped@jeonju.example")
    mailbox = await proposed(judging, "smart@jeonju.example")
    gone = (await judging.get(f"/v1/office-mailboxes/{mistyped['id']}", HEAD)).json()
    assert (gone["state"], gone["address"]) == ("REPLACED", None)
    assert (await offices(judging, HEAD))[JEONJU]["waiting_mailbox_id"] == mailbox["id"]

    own = Person(Role.MUNICIPALITY_APPROVER, OFFICER.subject, JEONJU)
    assert (await confirm(judging, mailbox, own)).json()["code"] == "mailbox-own-proposal"
    assert (await confirm(judging, mailbox, ELSEWHERE)).json()["code"] == "mailbox-unknown"
    assert (await confirm(judging, mailbox, PROVINCE_HEAD)).json()["code"] == "mailbox-not-yours"
    assert (await confirm(judging, mailbox, version=9)).json()["code"] == "mailbox-has-changed"
    answers = await at_once(
        *(confirm(judging, mailbox, Person(Role.MUNICIPALITY_APPROVER, f"head-{n}", JEONJU)) for n in range(3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]

    path = f"/v1/office-mailboxes/{mailbox['id']}"
    assert (await judging.get(path, OFFICER)).json()["address"] == "smart@jeonju.example"
    seen = (await judging.get(path, AUDITOR)).json()
    assert (seen["state"], seen["address"]) == ("CONFIRMED", None)
    assert (await judging.get(path, ELSEWHERE)).status_code == 404
    assert (await judging.get("/v1/office-mailboxes", ELSEWHERE)).json()["items"] == []
    assert [entry["decision"] for entry in await judging.journal(f"office/{JEONJU}")] == [
        "mailbox-proposed", "mailbox-proposed", "mailbox-confirmed",
    ]  # fmt: skip
    kept = await judging.value("SELECT coalesce(string_agg(journal_entry::text, ''), '') FROM journal_entry")
    assert "@jeonju" not in kept, "the journal keeps that it was done, and not the address"

    await registered(judging, "new@jeonju.example", confirmer=Person(Role.MUNICIPALITY_APPROVER, "head-9", JEONJU))
    rows = await judging.rows("SELECT state, address FROM office_mailbox ORDER BY id")
    assert [(row["state"], row["address"]) for row in rows] == [
        ("REPLACED", None), ("REPLACED", None), ("CONFIRMED", "new@jeonju.example"),
    ]  # fmt: skip


async def test_what_was_carried_over_is_told_of_in_its_second_year_too_and_that_it_is_carried_no_further(
    judging: Judging,
):
    told = warned()
    left = {"uncommitted_won": 0, "unpaid_won": 8_000_000, "carried_won": 0, "lapsing_won": 8_000_000}
    again = msgspec.structs.replace(told, last_day=date(2025, 12, 31), **left)
    await judging.deliver(told, again, again)
    rows = await judging.rows("SELECT reason, body FROM notice WHERE recipient = 'PROVINCE' ORDER BY reason")
    line = told.budget_line_id
    assert {row["reason"] for row in rows} == {f"lapse/{line}/30", f"lapse/{line}/2025/30"}
    bodies = {row["reason"]: row["body"] for row in rows}
    first, second = bodies[f"lapse/{line}/30"], bodies[f"lapse/{line}/2025/30"]
    assert "이월을 제안하고" in first
    assert "다시 이월할 수 없습니다" in second
    assert "8,000,000원이 불용됩니다" in second
    assert "after 2025-12-31" in second
    assert "carry it over" not in second


async def test_what_lapses_is_told_to_its_municipality_and_the_province_once_however_often_it_is_heard(
    judging: Judging, outside: Outside
):
    judging.clock.move_to(DECEMBER)
    await registered(judging, "smart@jeonju.example")
    await registered(judging, "budget@jeonbuk.example", PROVINCE_OFFICER, PROVINCE_HEAD)
    told = warned()
    record = judging.record(told)
    await judging.apply([record, record])
    await judging.apply([record])
    # Told anew under another number, as after a restore: of one line and stage comes one notice an office all the same.
    await judging.deliver(told)
    delivered = await deliver(judging, outside)
    assert sorted(each.to for each in delivered) == ["budget@jeonbuk.example", "smart@jeonju.example"]
    for each in delivered:
        assert all(
            part in each.body for part in ("43,000,000", "2024-12-31", "전주시", "이월", str(told.budget_line_id))
        )
    await judging.deliver(warned(line_id=told.budget_line_id, stage_days=10))
    assert len(await deliver(judging, outside)) == 4
    listed = (await judging.get("/v1/office-notices", HEAD)).json()["items"]
    assert [(each["recipient"], each["sent_to"], each["state"]) for each in listed] == [
        ("MUNICIPALITY", "MUNICIPALITY", "SENT")
    ] * 2
    assert (await judging.get("/v1/office-notices", ELSEWHERE)).json()["items"] == []
    assert len((await judging.get("/v1/office-notices", AUDITOR, kind="MONEY_LAPSES")).json()["items"]) == 4
    assert (await judging.get("/v1/notices", AUDITOR)).json()["items"] == [], "it is about no case"


async def test_money_of_the_province_is_told_to_the_province_alone(judging: Judging, outside: Outside):
    await judging.deliver(warned(None))
    (only,) = await deliver(judging, outside)
    assert (only.to, "전북특별자치도" in only.body) == ("office@jeonbuk.example", True)


async def test_without_a_mailbox_it_goes_to_the_technopark_and_the_office_s_approver_sees_that(
    judging: Judging, outside: Outside
):
    await registered(judging, "alerts@jtp.example", OPERATOR, SECOND_OPERATOR)
    await judging.deliver(warned(JEONJU))
    delivered = {each.to: each for each in await deliver(judging, outside)}
    assert set(delivered) == {"alerts@jtp.example", "office@jeonbuk.example"}
    assert "전주시에 보내는 통지입니다" in delivered["alerts@jtp.example"].body
    seen = (await offices(judging, HEAD))[JEONJU]
    assert (seen["has_mailbox"], seen["sent_elsewhere"]) == (False, 1)
    (notice,) = (await judging.get("/v1/office-notices", HEAD)).json()["items"]
    assert (notice["recipient"], notice["sent_to"]) == ("MUNICIPALITY", "OPERATOR")
    await registered(judging, "smart@jeonju.example")
    assert (await offices(judging, HEAD))[JEONJU]["has_mailbox"] is True
    assert len(await deliver(judging, outside)) == 2, "what was sent is not sent again"


async def test_an_address_that_is_refused_waits_for_a_better_one_and_a_person_can_set_it_going(
    judging: Judging, outside: Outside
):
    await registered(judging, "nobody@refused.example")
    await judging.deliver(warned(JEONJU))
    await deliver(judging, outside)
    (given_up,) = (await judging.get("/v1/office-notices", HEAD, state="GIVEN_UP")).json()["items"]
    assert (given_up["problem"], given_up["sent_to"]) == ("ADDRESS_REFUSED", None)
    path = f"/v1/office-notices/{given_up['id']}/retries"
    assert (await judging.post(path, by=OPERATOR)).json()["state"] == "QUEUED"
    assert (await judging.post(path, by=OPERATOR)).json()["code"] == "notice-not-given-up"
    assert (await judging.post(f"/v1/notices/{given_up['id']}/retries", by=OPERATOR)).status_code == 404
    await deliver(judging, outside)
    await registered(judging, "smart@jeonju.example")
    assert "smart@jeonju.example" in {each.to for each in await deliver(judging, outside)}


async def test_a_letter_under_way_to_the_technopark_goes_to_an_office_s_first_mailbox(
    judging: Judging, outside: Outside, monkeypatch: pytest.MonkeyPatch
):
    await registered(judging, "nobody@refused.example", OPERATOR, SECOND_OPERATOR)
    await judging.deliver(warned(JEONJU))
    hand_over, confirmed = Mail.deliver, list[str]()

    async def meanwhile(mail: Mail, letter: Letter) -> Problem | None:
        found = await hand_over(mail, letter)
        if letter.address == "nobody@refused.example" and not confirmed:
            confirmed.append(letter.address)
            await registered(judging, "smart@jeonju.example")
        return found

    monkeypatch.setattr(Mail, "deliver", meanwhile)
    delivered = await deliver(judging, outside)
    assert {each.to for each in delivered} == {"office@jeonbuk.example", "smart@jeonju.example"}
    listed = (await judging.get("/v1/office-notices", HEAD)).json()["items"]
    assert [(each["state"], each["sent_to"]) for each in listed] == [("SENT", "MUNICIPALITY")]


async def test_a_letter_whose_end_nobody_knows_is_told_again_at_a_new_address(judging: Judging, outside: Outside):
    """A port that knew the notice alone would have said that the municipality was told."""
    await registered(judging, "jtp@jeonbuk.example", OPERATOR, SECOND_OPERATOR)
    await judging.deliver(warned(JEONJU))
    failpoints.arm("job.after_send=raise")
    try:
        with pytest.raises(failpoints.Injected):
            await deliver(judging, outside)
    finally:
        failpoints.arm("")
    await registered(judging, "smart@jeonju.example")
    async with judging.owner.transaction() as tx:
        await tx.execute(text("UPDATE notice SET next_attempt_at = now()"))
    delivered = await deliver(judging, outside)
    assert {each.to for each in delivered} == {"office@jeonbuk.example", "jtp@jeonbuk.example", "smart@jeonju.example"}
    listed = (await judging.get("/v1/office-notices", HEAD)).json()["items"]
    assert [(each["state"], each["sent_to"]) for each in listed] == [("SENT", "MUNICIPALITY")]


async def test_a_new_mailbox_of_the_technopark_takes_what_it_stands_in_for(judging: Judging, outside: Outside):
    await registered(judging, "smart@wanju.example", WANJU_OFFICER, ELSEWHERE)
    await judging.deliver(warned(JEONJU), warned(WANJU))
    async with judging.owner.transaction() as tx:
        await tx.execute(
            text("UPDATE notice SET state = 'GIVEN_UP', problem = 'ADDRESS_REFUSED' WHERE recipient = 'MUNICIPALITY'")
        )
    await registered(judging, "jtp@jeonbuk.example", OPERATOR, SECOND_OPERATOR)
    delivered = {each.to for each in await deliver(judging, outside)}
    assert "jtp@jeonbuk.example" in delivered
    assert "smart@wanju.example" not in delivered, "its own address was refused, and nobody has changed that one"


@pytest.mark.promise("R3")
async def test_a_worker_killed_after_sending_has_told_an_office_once(judging: Judging, outside: Outside):
    await registered(judging, "smart@jeonju.example")
    await judging.deliver(warned(JEONJU))
    failpoints.arm("job.after_send=raise")
    try:
        with pytest.raises(failpoints.Injected):
            await deliver(judging, outside)
    finally:
        failpoints.arm("")
    async with judging.owner.transaction() as tx:
        await tx.execute(text("UPDATE notice SET next_attempt_at = now()"))
    delivered = await deliver(judging, outside)
    assert sorted((each.to, each.handed_over) for each in delivered) == [
        ("office@jeonbuk.example", 2), ("smart@jeonju.example", 2),
    ]  # fmt: skip


async def test_an_address_cannot_be_rewritten_nor_a_mailbox_be_confirmed_by_its_proposer_in_sql(judging: Judging):
    await proposed(judging, "smart@jeonju.example")
    for attack in (
        "UPDATE office_mailbox SET address = 'thief@example.com'",
        "UPDATE office_mailbox SET state = 'CONFIRMED', confirmed_by = proposed_by, confirmed_at = now()",
        "UPDATE office_mailbox SET state = 'REPLACED', ended_at = now()",
        "DELETE FROM office_mailbox",
    ):
        with pytest.raises(DBAPIError):
            async with judging.owner.transaction() as tx:
                await tx.execute(text(attack))
