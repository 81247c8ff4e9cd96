"""From the order to the ledger over a bank that may refuse or go silent: paid once, given back, or before people (R22)."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from common import failpoints
from common.failpoints import Injected
from smartfactory.simulators.bank import BankMode
from tests.support.banking import BankBook, bank_in
from tests.support.funding import OFFICER, Funding
from tests.support.releases import Working, ask_draw, ask_tranche, budgets, in_force, lines, ordered, read

_PLACES = ("saga.after_claim", "saga.after_answer", "saga.before_commit", "saga.before_post")

pytestmark = [pytest.mark.anyio, pytest.mark.promise("R22")]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankBook]:
    with bank_in(tmp_path_factory.mktemp("bank")) as book:
        yield book


@pytest.fixture
async def working(funding: Funding, book: BankBook) -> AsyncIterator[Working]:
    book.switch(BankMode.PAY)
    working = Working(funding, book.url)
    yield working
    failpoints.arm("")
    await working.bank.aclose()


async def test_what_the_bank_pays_is_posted_once_and_stands_in_the_ledger(working: Working, book: BankBook):
    funding = working.funding
    await budgets(funding)
    selected = await in_force(funding)
    release = await ordered(funding, (await ask_tranche(funding, selected)).json())
    for _ in range(3):
        await working.round()
    posted = await read(funding, release)
    assert posted["state"] == "POSTED"
    line = (await lines(funding, selected))["PROVINCE"]
    assert (line["open_won"], line["paid_won"]) == (0, release["amount_won"])
    assert book.happened("PAID")[release["id"]] == 1
    paid = await funding.value(
        "SELECT balance_won FROM ledger_account WHERE kind = 'PAID' AND budget_line_id = CAST(:line AS uuid)",
        line=release["budget_line_id"],
    )
    assert paid == release["amount_won"]
    steps = [row["type"].rsplit(".", 2)[1] for row in await funding.rows(
        "SELECT type FROM outbox WHERE topic = 'funding.disbursement.v1' ORDER BY id"
    )]  # fmt: skip
    assert steps == ["reserved", "approved", "ordered", "confirmed", "posted"]


async def test_what_the_bank_refuses_goes_back_to_the_line_and_can_be_asked_for_anew(working: Working, book: BankBook):
    funding = working.funding
    await budgets(funding)
    selected = await in_force(funding)
    before = await funding.money()
    release = await ordered(funding, (await ask_tranche(funding, selected)).json())
    book.switch(BankMode.FAIL)
    await working.round()
    refused = await read(funding, release)
    assert (refused["state"], refused["void_reason"]) == ("VOIDED", "BANK_REFUSED")
    assert await funding.money() == before
    assert (await ask_tranche(funding, selected)).status_code == 201


async def test_silence_is_asked_about_and_shown_to_people_and_never_paid_twice(working: Working, book: BankBook):
    funding = working.funding
    await budgets(funding)
    selected = await in_force(funding)
    for number, mode in enumerate((BankMode.SILENT_AFTER, BankMode.SILENT_BEFORE)):
        await _silence(
            working, book, mode, await ordered(funding, (await ask_draw(funding, selected, 1_000, number)).json())
        )
        assert len(await funding.told("disbursement.unclear")) == number + 1


async def _silence(working: Working, book: BankBook, mode: BankMode, release: Any) -> None:
    funding = working.funding
    book.switch(mode)
    await working.round()
    waiting = await read(funding, release)
    assert (waiting["state"], waiting["unclear_since"] is not None) == ("ORDERED", True)
    queue = (await funding.get("/v1/releases", OFFICER, unclear=True)).json()["items"]
    assert [each["id"] for each in queue] == [release["id"]]
    book.switch(BankMode.PAY)
    await working.round()
    assert (await read(funding, release))["state"] == "POSTED"
    assert book.happened("PAID")[release["id"]] == 1
    assert book.happened("ORDERED_AGAIN")[release["id"]] == 0
    assert (await funding.get("/v1/releases", OFFICER, unclear=True)).json()["items"] == []


async def test_a_worker_that_falls_at_any_step_leaves_it_to_the_next(working: Working, book: BankBook):
    funding = working.funding
    await budgets(funding)
    selected = await in_force(funding)
    for number, place in enumerate(_PLACES):
        release = await ordered(funding, (await ask_draw(funding, selected, 1_000, number)).json())
        failpoints.arm(f"{place}=raise")
        with contextlib.suppress(Injected):
            await working.round()
        assert (await read(funding, release))["state"] in {"ORDERED", "CONFIRMED"}, place
        failpoints.arm("")
        await working.round()
        assert (await read(funding, release))["state"] == "POSTED"
        assert book.happened("PAID")[release["id"]] == 1
        assert book.happened("ORDERED_AGAIN")[release["id"]] == 0
