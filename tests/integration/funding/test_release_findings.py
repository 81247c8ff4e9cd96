"""An order that is stuck at the bank is resolved by two officers with the bank's paper, and never paid twice (R22)."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.applicant import ProjectSelected
from contracts.roles import Role
from smartfactory.simulators.bank import BankMode
from tests.support.banking import BankBook, bank_in
from tests.support.funding import APPROVER, TREASURER, Funding, Person
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
