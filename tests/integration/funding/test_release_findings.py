"""An order that is stuck at the bank is resolved by two officers with the bank's paper, and never paid twice (R22)."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.applicant import ProjectSelected
from contracts.payment_archives import verify
from contracts.roles import Role
from funding.releases.commands import orders
from funding.releases.commands.orders import Answer, Outcome
from funding.releases.jobs import end_overtaken_findings
from smartfactory.simulators.bank import BankMode
from tests.support.archives import archive_of
from tests.support.banking import BankBook, bank_in
from tests.support.funding import APPROVER, AUDITOR, TREASURER, Funding, Person
from tests.support.releases import Working, ask_tranche, budgets, in_force, lines, ordered, read

pytestmark = [pytest.mark.anyio, pytest.mark.promise("R22")]

SECOND_TREASURER = Person(Role.PROVINCE_TREASURER, "52", "treasurer-2")
_NOT_PAID = {"outcome": "NOT_PAID", "reason": "BANK_LOST_THE_ORDER", "evidence_sha256": "d" * 64}
_PAID = {
    "outcome": "PAID", "bank_transaction": "JB-1", "reason": "BANK_NEVER_ANSWERED", "evidence_sha256": "d" * 64,
}  # fmt: skip


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankBook]:
    with bank_in(tmp_path_factory.mktemp("bank")) as book:
        yield book


@pytest.fixture
async def working(funding: Funding, book: BankBook) -> AsyncIterator[Working]:
    working = Working(funding, book.url)
    yield working
    await working.bank.aclose()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def stuck(working: Working, book: BankBook, mode: BankMode) -> tuple[Any, ProjectSelected]:
    """A release that was ordered and of which the bank says nothing, past its time."""
    funding = working.funding
    await budgets(funding)
    selected = await in_force(funding)
    release = await ordered(funding, (await ask_tranche(funding, selected)).json())
    book.switch(mode)
    await working.round()
    found = await read(funding, release)
    assert (found["state"], found["unclear_since"] is not None) == ("ORDERED", True)
    return found, selected


async def propose(funding: Funding, release: Any, body: Any, by: Person = TREASURER) -> Any:
    return await funding.post(f"/v1/releases/{release['id']}/findings", body, by=by, version=release["version"])


async def decide(funding: Funding, finding: Any, what: str = "confirmations", by: Person = APPROVER) -> Any:
    path = f"/v1/release-findings/{finding['id']}/{what}"
    return await funding.post(path, by=by, version=finding["version"])


async def test_what_the_bank_has_not_got_goes_back_to_its_line_and_is_not_brought_again(
    working: Working, book: BankBook
):
    funding = working.funding
    before, selected = await stuck(working, book, BankMode.SILENT_BEFORE)
    finding = (await propose(funding, before, _NOT_PAID)).json()
    assert code(await propose(funding, before, _NOT_PAID)) == (409, "release-finding-exists")
    book.switch(BankMode.PAY)
    await working.round()
    assert book.happened("PAID")[before["id"]] == 0, "while people decide, the order is not brought again"
    confirmed = await decide(funding, finding)
    assert (confirmed.status_code, confirmed.json()["state"]) == (201, "CONFIRMED")
    await working.round()
    after = await read(funding, before)
    assert (after["state"], after["void_reason"]) == ("VOIDED", "BANK_REFUSED")
    assert book.happened("PAID")[before["id"]] == 0
    line = (await lines(funding, selected))["PROVINCE"]
    assert (line["open_won"], line["paid_won"]) == (0, 0)


async def test_what_the_bank_has_paid_is_posted_once_with_its_number(working: Working, book: BankBook):
    funding = working.funding
    before, _ = await stuck(working, book, BankMode.SILENT_AFTER)
    finding = (await propose(funding, before, _PAID)).json()
    assert (await decide(funding, finding)).status_code == 201
    book.switch(BankMode.PAY)
    await working.round()
    await working.round()
    assert (await read(funding, before))["state"] == "POSTED"
    assert book.happened("PAID")[before["id"]] == 1
    facts = await funding.rows("SELECT decision FROM journal_entry WHERE decision LIKE 'release-finding%' ORDER BY id")
    assert [row["decision"] for row in facts] == ["release-finding-proposed", "release-finding-confirmed"]


async def test_a_finding_needs_a_second_person_who_did_not_order_and_a_rejected_one_lets_the_bank_be_asked_again(
    working: Working, book: BankBook
):
    funding = working.funding
    before, _ = await stuck(working, book, BankMode.SILENT_AFTER)
    assert code(await propose(funding, before, _NOT_PAID | {"bank_transaction": "JB-2"})) == (
        422,
        "release-finding-malformed",
    )
    finding = (await propose(funding, before, _NOT_PAID, SECOND_TREASURER)).json()
    for subject in (TREASURER.subject, SECOND_TREASURER.subject):
        same = Person(Role.PROVINCE_APPROVER, "52", subject)
        assert code(await decide(funding, finding, by=same)) == (409, "release-finding-own-decision")
    assert (await decide(funding, finding, "rejections")).status_code == 201
    assert code(await decide(funding, finding)) == (412, "release-finding-has-changed")
    book.switch(BankMode.PAY)
    await working.round()
    assert (await read(funding, before))["state"] == "POSTED"
    assert book.happened("PAID")[before["id"]] == 1
    assert code(await propose(funding, await read(funding, before), _NOT_PAID)) == (409, "release-not-unclear")


async def test_what_may_still_be_under_way_to_the_bank_does_not_count_as_unpaid(working: Working, book: BankBook):
    funding = working.funding
    before, _ = await stuck(working, book, BankMode.SILENT_BEFORE)
    async with funding.owner.transaction() as tx:
        await tx.execute(text("UPDATE release SET next_attempt_at = now() + interval '1 minute'"))
    finding = (await propose(funding, before, _NOT_PAID)).json()
    assert code(await decide(funding, finding)) == (409, "order-still-asked")
    assert (await read(funding, before))["state"] == "ORDERED"
    with pytest.raises(DBAPIError):
        async with funding.owner.transaction() as tx:
            await tx.execute(
                text(
                    "UPDATE release_finding SET state = 'CONFIRMED', decided_by = 'y', decided_at = now(),"
                    " version = version + 1"
                )
            )


async def asked_in_time(working: Working, answer: Answer, release: Any) -> None:
    """The answer of a worker that had asked before the finding was proposed, kept after it."""
    async with working.funding.database.transaction() as tx:
        await orders.keep_answer(tx, UUID(release["id"]), answer, wait_seconds=1, now=working.funding.clock.now())


@pytest.mark.parametrize(
    ("said", "proposed", "after"),
    [
        (Answer(Outcome.DONE, "JB-9"), _NOT_PAID, "CONFIRMED"),
        (Answer(Outcome.FAILED), _PAID, "VOIDED"),
    ],
)
async def test_a_finding_that_the_banks_answer_overtakes_is_moot_and_nobodys_to_decide(
    working: Working, book: BankBook, said: Answer, proposed: Any, after: str
):
    funding = working.funding
    before, _ = await stuck(working, book, BankMode.SILENT_BEFORE)
    finding = (await propose(funding, before, proposed)).json()
    await asked_in_time(working, said, before)
    assert (await read(funding, before))["state"] == after
    found = (await funding.get(f"/v1/release-findings/{finding['id']}", AUDITOR)).json()
    assert (found["state"], found["decided_at"] is not None) == ("MOOT", True)
    for what in ("confirmations", "rejections"):
        assert code(await decide(funding, finding, what)) == (412, "release-finding-has-changed")
        assert code(await decide(funding, found, what)) == (409, "release-finding-decided")
    told = await funding.rows("SELECT decision, actor, facts FROM journal_entry ORDER BY id DESC LIMIT 1")
    assert told[0]["decision"] == "release-finding-moot"
    assert (told[0]["actor"].partition(":")[0], told[0]["facts"]["state"]) == ("service", after)
    assert not await end_overtaken_findings(funding.database, funding.clock)
    assert verify(await archive_of(funding, before)).findings == []


async def test_a_finding_that_was_overtaken_before_it_could_be_moot_ends_too_and_none_ends_while_it_is_unclear(
    working: Working, book: BankBook
):
    funding = working.funding
    before, _ = await stuck(working, book, BankMode.SILENT_BEFORE)
    finding = (await propose(funding, before, _NOT_PAID)).json()
    assert not await end_overtaken_findings(funding.database, funding.clock)
    with pytest.raises(DBAPIError, match="still unclear"):
        async with funding.owner.transaction() as tx:
            await tx.execute(
                text("UPDATE release_finding SET state = 'MOOT', decided_at = now(), version = version + 1")
            )
    async with funding.owner.transaction() as tx:
        await tx.execute(text("ALTER TABLE release_finding DISABLE TRIGGER release_finding_guard"))
    await asked_in_time(working, Answer(Outcome.FAILED), before)
    async with funding.owner.transaction() as tx:
        await tx.execute(
            text("UPDATE release_finding SET state = 'PROPOSED', decided_at = NULL, version = 1 WHERE id = :id"),
            {"id": UUID(finding["id"])},
        )
    async with funding.owner.transaction() as tx:
        await tx.execute(text("ALTER TABLE release_finding ENABLE TRIGGER release_finding_guard"))
    assert await end_overtaken_findings(funding.database, funding.clock)
    assert not await end_overtaken_findings(funding.database, funding.clock)
    assert (await funding.get(f"/v1/release-findings/{finding['id']}", AUDITOR)).json()["state"] == "MOOT"
