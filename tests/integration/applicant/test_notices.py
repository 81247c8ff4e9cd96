"""Notices by a mail port that fails, answers late or loses its answer: one is delivered of each reason, or it is seen."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from applicant.notices import commands
from applicant.notices.commands import Letter, Problem
from applicant.notices.jobs import Mail, deliver_notices
from applicant.settings import Settings
from common.auth import Principal
from contracts.roles import Role
from smartfactory.simulators.mail import MailBehaviour, MailMode
from tests.support.drills.outside import Outside
from tests.support.judging import JEONJU, OPERATOR, Judging, Person, Standing, at_once, owner_of


@dataclass
class Post:
    """The worker's job over a mail port."""

    judging: Judging
    outside: Outside
    settings: Settings
    mail: Mail

    async def deliver(self) -> bool:
        return await deliver_notices(self.mail, self.settings, self.judging.database, self.judging.clock)

    async def deliver_in_a_hurry(self) -> None:
        """To a port that answers late: not ten seconds are waited for it, but a fifth of one."""
        hurried = self.settings.model_copy(update={"mail_timeout_seconds": 0.2})
        mail = Mail(hurried)
        await deliver_notices(mail, hurried, self.judging.database, self.judging.clock)
        await mail.aclose()

    async def deliver_all(self) -> None:
        """As if every wait were over, until nothing waits."""
        while await self.judging.value("SELECT count(*) FROM notice WHERE state IN ('QUEUED', 'FAILED')"):
            await self.hurry()
            await self.deliver()

    async def hurry(self) -> None:
        async with self.judging.owner.transaction() as tx:
            await tx.execute(text("UPDATE notice SET next_attempt_at = now() WHERE state IN ('QUEUED', 'FAILED')"))

    def behave(self, mode: MailMode, delay_seconds: float = 0.0) -> None:
        self.outside.mail.behaviour = MailBehaviour(mode=mode, delay_seconds=delay_seconds)

    async def rows(self) -> list[dict[str, Any]]:
        return await self.judging.rows("SELECT id::text, kind, state, problem, attempts FROM notice ORDER BY id")


@pytest.fixture
async def post(judging: Judging, tmp_path: Path) -> AsyncIterator[Post]:
    outside = Outside(tmp_path)
    settings = Settings(
        app_env="test",
        database_url=judging.urls.application,  # type: ignore[arg-type]
        mail_url=outside.settings["MAIL_URL"],
        mail_timeout_seconds=10.0,
        notice_attempts_max=3,
        notice_first_wait_seconds=30.0,
        notice_lease_seconds=30.0,
    )
    mail = Mail(settings)
    yield Post(judging, outside, settings, mail)
    await mail.aclose()
    outside.close()


async def decided(judging: Judging, *scores: int, contact: str | None = "office-{}@example.com") -> list[Standing]:
    """By default a selected case, a reserve and one not selected, whose firms have said where notices go."""
    scores = scores or (9000, 8000, 5000)
    await judging.open_call({("JS1", JEONJU): 1}, size_min=1)
    cases = await judging.eligible_many([("JS1", JEONJU, 40_000_000, True)] * len(scores))
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, score) for case, score in zip(cases, scores, strict=True)])
    for case in cases if contact else []:
        assert contact is not None
        await change_contact(judging, case, contact.format(case.company_id))
    await judging.decided()
    return cases


async def change_contact(judging: Judging, case: Standing, email: str, *, status: int = 200) -> None:
    version = await judging.value("SELECT version FROM company WHERE id = :id", id=case.company_id)
    headers = judging._headers(owner_of(case)) | {"If-Match": f'"{version}"'}
    path = f"/v1/companies/{case.company_id}/contact"
    answer = await judging.http.put(path, json={"contact_email": email}, headers=headers)
    assert answer.status_code == status, answer.text


async def test_each_firm_is_told_its_result_once_and_a_refused_one_how_to_object(post: Post):
    cases = await decided(post.judging)
    await post.deliver_all()
    delivered = {each.to: each for each in post.outside.mail.delivered.values()}
    assert len(delivered) == len(post.outside.mail.delivered) == 3
    told = [delivered[f"office-{case.company_id}@example.com"] for case in cases]
    assert ["선정" in each.subject for each in told] == [True] * 3
    assert ["예비" in each.subject for each in told] == [False, True, False]
    # Decided on 2 May: twenty days later is 22 May.
    assert "2024-05-22" in told[2].body
    assert "전북특별자치도지사" in told[2].body
    assert "합격 기준" in told[2].body
    names = await post.judging.rows("SELECT name, representative_name, contact_email FROM company")
    everything = "".join(f"{each.subject}{each.body}" for each in told)
    assert not [value for row in names for value in row.values() if value in everything]


async def test_an_answer_that_is_lost_or_late_delivers_nothing_twice(post: Post):
    await decided(post.judging)
    post.behave(MailMode.LOSE)
    await post.deliver()
    assert {row["state"] for row in await post.rows()} == {"FAILED"}
    post.behave(MailMode.SLOW, delay_seconds=2.0)
    await post.hurry()
    await post.deliver_in_a_hurry()
    assert {row["problem"] for row in await post.rows()} <= {"TIMED_OUT", "BAD_ANSWER", "UNREACHABLE"}
    post.behave(MailMode.ANSWER)
    await post.deliver_all()
    rows = await post.rows()
    assert {row["state"] for row in rows} == {"SENT"}
    assert len(post.outside.mail.delivered) == len(rows), "each at its one address, under its one key"
    assert all(each.handed_over > 1 for each in post.outside.mail.delivered.values())


async def test_several_workers_at_once_hand_each_notice_over_once(post: Post):
    await decided(post.judging)
    await at_once(*(post.deliver() for _ in range(4)))
    assert {row["state"] for row in await post.rows()} == {"SENT"}
    assert {each.handed_over for each in post.outside.mail.delivered.values()} == {1}


async def test_a_port_that_never_takes_it_is_given_up_and_the_operator_sets_it_going_again(post: Post):
    await decided(post.judging, 9000)
    post.behave(MailMode.REFUSE)
    await post.deliver_all()
    given_up = await post.judging.get("/v1/notices", OPERATOR, state="GIVEN_UP")
    items = given_up.json()["items"]
    assert [(each["problem"], each["attempts"]) for each in items] == [("BAD_ANSWER", 3)]
    post.behave(MailMode.ANSWER)
    again = await post.judging.post(f"/v1/notices/{items[0]['id']}/retries", by=OPERATOR)
    assert (again.status_code, again.json()["state"]) == (201, "QUEUED")
    twice = await post.judging.post(f"/v1/notices/{items[0]['id']}/retries", by=OPERATOR)
    assert (twice.status_code, twice.json()["code"]) == (409, "notice-not-given-up")
    await post.deliver_all()
    assert {row["state"] for row in await post.rows()} == {"SENT"}


async def test_without_a_good_address_it_waits_for_one_and_then_leaves(post: Post):
    cases = await decided(post.judging, contact=None)
    await post.deliver_all()
    assert {(row["state"], row["problem"], row["attempts"]) for row in await post.rows()} == {
        ("GIVEN_UP", "NO_ADDRESS", 1)
    }
    assert not post.outside.mail.delivered
    await change_contact(post.judging, cases[0], "nobody@refused.example")
    await post.deliver_all()
    assert sorted(row["problem"] for row in await post.rows()) == ["ADDRESS_REFUSED", "NO_ADDRESS", "NO_ADDRESS"]
    await change_contact(post.judging, cases[0], "no address", status=422)
    await change_contact(post.judging, cases[0], "office@example.com")
    await post.deliver_all()
    (delivered,) = post.outside.mail.delivered.values()
    assert delivered.to == "office@example.com"


@pytest.mark.parametrize("old", ["nobody@refused.example", "office-before@example.com"], ids=["refused", "taken"])
async def test_a_letter_under_way_when_the_firm_changes_its_address_goes_to_the_new_one(
    post: Post, monkeypatch: pytest.MonkeyPatch, old: str
):
    """Its end at the old address is not kept: given up it would wait for somebody, sent it would count as told."""
    (case,) = await decided(post.judging, 9000, contact=old)
    deliver = post.mail.deliver

    async def meanwhile(letter: Letter) -> Problem | None:
        found = await deliver(letter)
        await change_contact(post.judging, case, "office@example.com")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(post.mail, "deliver", meanwhile)
        await post.deliver()
    (waiting,) = await post.rows()
    assert (waiting["state"], waiting["problem"]) == ("QUEUED", None)
    await post.deliver()
    (sent,) = await post.rows()
    assert sent["state"] == "SENT"
    assert "office@example.com" in {each.to for each in post.outside.mail.delivered.values()}
    await change_contact(post.judging, case, "office-later@example.com")
    assert [row["state"] for row in await post.rows()] == ["SENT"], "what was told is not told again"


async def test_a_new_address_has_all_the_attempts_though_the_old_one_has_used_them(post: Post):
    (case,) = await decided(post.judging, 9000)
    post.behave(MailMode.REFUSE)
    for _ in range(2):
        await post.hurry()
        await post.deliver()
    await change_contact(post.judging, case, "office@example.com")
    for _ in range(2):
        await post.hurry()
        await post.deliver()
    (waiting,) = await post.rows()
    assert (waiting["state"], waiting["attempts"]) == ("FAILED", 2), "the third of three is still to come"
    post.behave(MailMode.ANSWER)
    await post.deliver_all()
    assert [each.to for each in post.outside.mail.delivered.values()] == ["office@example.com"]


async def test_a_letter_is_not_claimed_for_the_old_address_while_the_new_one_is_not_committed(post: Post):
    """Claimed then, it would have read the old address, and the change would not have seen it under way."""
    (case,) = await decided(post.judging, 9000, contact="nobody@refused.example")
    owner = owner_of(case)
    by = Principal("https://issuer.test", owner.subject, owner.role, owner.tenant, "token")
    version = await post.judging.value("SELECT version FROM company WHERE id = :id", id=case.company_id)
    async with post.judging.database.transaction() as tx:
        await commands.change_contact(
            tx, case.company_id, "office@example.com", read_version=version, by=by, now=post.judging.clock.now()
        )
        assert not await post.deliver()
    assert await post.deliver()
    (sent,) = await post.rows()
    assert (sent["state"], sent["attempts"]) == ("SENT", 1)
    assert {each.to for each in post.outside.mail.delivered.values()} == {"office@example.com"}


async def test_a_firm_reads_its_own_notices_and_no_office_s(post: Post):
    winner, reserve, _ = await decided(post.judging)

    async def seen(by: Person) -> list[str]:
        return [each["kind"] for each in (await post.judging.get("/v1/notices", by)).json()["items"]]

    assert await seen(owner_of(winner)) == ["SELECTED"]
    assert await seen(owner_of(reserve)) == ["RESERVE"]
    assert len(await seen(OPERATOR)) == 3
    assert (await post.judging.get("/v1/notices", Person(Role.MUNICIPALITY_OFFICER, "o", JEONJU))).status_code == 403
    own = (await post.judging.get("/v1/notices", owner_of(winner))).json()["items"][0]["id"]
    assert (await post.judging.get(f"/v1/notices/{own}", owner_of(reserve))).status_code == 404
