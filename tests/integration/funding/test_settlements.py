"""Story 8: an accountant closes a project, and each source's own treasury has its excess and interest back (F-07, F-09)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.roles import Role
from tests.support.closing import (
    ACCOUNTANT,
    act,
    attested,
    balances,
    close_all,
    complete,
    done,
    paid,
    repaid,
    repayments_of,
    report,
    transfer,
    treasury_of,
)
from tests.support.funding import APPROVER, AUDITOR, GUNSAN, JEONJU, TREASURER, Funding, Person, head
from tests.support.releases import OPERATOR, SECOND_APPROVER, ask_draw, ask_tranche, budgets, in_force, lines, owner_of

pytestmark = pytest.mark.anyio


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.promise("I1", "I2")
async def test_story_8_what_was_not_spent_and_the_interest_go_back_by_source_until_each_treasury_confirms(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    before = await lines(funding, selected)
    cost = selected.total_cost_won
    settlement = await attested(funding, selected, cost // 10, 41_237)
    assert settlement["state"] == "ATTESTED"
    fixed = await done(funding, settlement, "fixings", APPROVER)
    by_source = {line["source"]: line for line in fixed["lines"]}
    assert sum(line["share_won"] for line in by_source.values()) == cost
    owed = {source: line["share_won"] - line["fixed_won"] for source, line in by_source.items() if line["share_won"]}
    assert sum(owed.values()) == cost - cost // 10, "what was saved is shared by all to the won"
    assert (by_source["PROVINCE"]["interest_won"], by_source["MUNICIPALITY"]["interest_won"]) == (41_237, 0), (
        "only the province's money lay in the firm's account"
    )
    for source in ("PROVINCE", "MUNICIPALITY"):
        line, was = by_source[source], before[source]
        assert line["paid_won"] == was["paid_won"]
        assert line["refund_won"] == line["paid_won"] + line["interest_won"] - line["fixed_won"]
        assert line["lapsed_won"] == was["left_won"]
    orders = await repayments_of(funding, fixed)
    assert {each["source"]: each["principal_won"] + each["interest_won"] for each in orders} == {
        source: by_source[source]["refund_won"] for source in ("PROVINCE", "MUNICIPALITY")
    }
    await close_all(funding)
    first, second = await repaid(funding, selected, orders[0]), orders[1]
    await close_all(funding)
    assert (await funding.get(f"/v1/settlements/{fixed['id']}", OPERATOR)).json()["state"] == "FIXED"
    second = await repaid(funding, selected, second)
    await close_all(funding)
    closed = (await funding.get(f"/v1/settlements/{fixed['id']}", OPERATOR)).json()
    assert (closed["state"], first["state"], second["state"]) == ("CLOSED", "CONFIRMED", "CONFIRMED")
    province = await balances(funding, "PROVINCE")
    assert province["REFUNDED"] == by_source["PROVINCE"]["refund_won"]
    assert province["PAID"] == by_source["PROVINCE"]["fixed_won"]
    assert (province["LAPSED"], province["INTEREST"]) == (by_source["PROVINCE"]["lapsed_won"], -41_237)
    assert "REFUND_DUE" not in province
    assert await funding.value("SELECT sum(amount_won) FROM ledger_entry") == 0
    after = (await lines(funding, selected))["PROVINCE"]
    assert (after["left_won"], after["returned_won"]) == (
        0,
        by_source["PROVINCE"]["paid_won"] - by_source["PROVINCE"]["fixed_won"],
    )
    told = [
        event
        for part in ("opened", "reported", "fixed", "closed")
        for event in await funding.told(f"settlement.{part}")
    ]
    assert [each["project_id"] for each in told] == [str(selected.project_id)] * 4


async def test_nothing_is_released_after_the_amounts_are_fixed_nor_fixed_while_a_payment_is_under_way(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    settlement = await attested(funding, selected, selected.total_cost_won)
    release = (await ask_tranche(funding, selected, "COMPLETED")).json()
    refused = await act(funding, settlement, "fixings", APPROVER)
    assert code(refused) == (409, "payment-under-way")
    path = f"/v1/releases/{release['id']}/rejections"
    await funding.post(path, {"reason": "AMOUNT_WRONG"}, by=APPROVER, version=release["version"])
    fixed = await done(funding, settlement, "fixings", APPROVER)
    assert await repayments_of(funding, fixed) == [], "all that was paid was spent"
    assert code(await ask_tranche(funding, selected, "COMPLETED")) == (409, "release-exceeds-line")
    assert code(await ask_draw(funding, selected, 1, 99)) == (409, "release-exceeds-line")
    await close_all(funding)
    assert (await funding.get(f"/v1/settlements/{fixed['id']}", OPERATOR)).json()["state"] == "CLOSED"


async def test_reporting_attesting_and_fixing_are_done_by_three_people_each_in_turn(funding: Funding, tmp_path: Path):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    settlement = await complete(funding, selected)
    assert settlement["due_on"] == "2024-07-22", "two months after 20 May end on a Saturday, and roll over"
    owner = owner_of(selected)
    assert code(await act(funding, settlement, "fixings", APPROVER)) == (409, "settlement-decided")
    too_much = report(selected.total_cost_won + 1)
    assert code(await act(funding, settlement, "reports", owner, too_much)) == (422, "settlement-spent-too-much")
    settlement = await done(funding, settlement, "reports", owner, report(1_000_000))
    attest = {"attestation_sha256": "d" * 64}
    assert code(await act(funding, settlement, "attestations", ACCOUNTANT, attest)) == (404, "settlement-unknown")
    settlement = await done(funding, settlement, "assignments", OPERATOR, {"accountant": ACCOUNTANT.subject})
    other = Person(Role.ACCOUNTANT, "firm", "another-accountant")
    assert code(await act(funding, settlement, "attestations", other, attest)) == (404, "settlement-unknown")
    settlement = await done(funding, settlement, "queries", ACCOUNTANT, {"query": "AMOUNT_DIFFERS"})
    assert (settlement["state"], settlement["query"]) == ("QUERIED", "AMOUNT_DIFFERS")
    settlement = await done(funding, settlement, "reports", owner, report(2_000_000))
    assert code(await act(funding, settlement, "attestations", ACCOUNTANT, attest, version=1)) == (
        412,
        "settlement-has-changed",
    )
    settlement = await done(funding, settlement, "attestations", ACCOUNTANT, attest)
    for subject in (owner.subject, ACCOUNTANT.subject):
        same = Person(Role.PROVINCE_APPROVER, "52", subject)
        assert code(await act(funding, settlement, "fixings", same)) == (409, "settlement-own-step")
    assert (await done(funding, settlement, "fixings", SECOND_APPROVER))["state"] == "FIXED"
    reports = [(each["due_on"], each["late_months"]) for each in await funding.told("settlement.reported")]
    assert reports == [("2024-07-22", 0)] * 2, "told again after a question"
    assert (await funding.get(f"/v1/settlements/{settlement['id']}", head(GUNSAN))).status_code == 404


async def test_rule_f_10_a_late_report_says_what_the_next_subsidy_may_lose(funding: Funding):
    await budgets(funding)
    # Due on 22 July 2024.
    for late_by, months, cut_bp in ((0, 0, 0), (91, 2, 0), (92, 3, 1_000), (184, 6, 2_000), (365, 12, 5_000)):
        selected = await in_force(funding)
        began = funding.clock.now()
        settlement = await complete(funding, selected)
        funding.clock.move_to(began + timedelta(days=63 + late_by))
        late = await done(funding, settlement, "reports", owner_of(selected), report(0))
        assert (late["late_months"], late["late_cut_max_bp"]) == (months, cut_bp), late_by
        assert (await funding.told("settlement.reported"))[-1]["late_months"] == months
        funding.clock.move_to(began)


async def test_only_the_sources_own_treasury_confirms_and_what_it_does_not_find_is_due_again(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    fixed = await done(funding, await attested(funding, selected, 0), "fixings", APPROVER)
    municipal, provincial = await repayments_of(funding, fixed)
    owner, receipt = owner_of(selected), {"receipt_reference": "세외수입 1"}
    assert code(await act(funding, municipal, "confirmations", head(JEONJU), receipt)) == (409, "repayment-decided")
    future = transfer(municipal, paid_on="2024-05-21")
    assert code(await act(funding, municipal, "payments", owner, future)) == (422, "repayment-in-future")
    municipal = await done(funding, municipal, "payments", owner, transfer(municipal))
    taken = transfer(provincial, bank_reference=municipal["bank_reference"])
    assert code(await act(funding, provincial, "payments", owner, taken)) == (409, "repayment-reference-taken")
    assert code(await act(funding, municipal, "confirmations", TREASURER, receipt)) == (403, "repayment-not-yours")
    assert code(await act(funding, municipal, "confirmations", head(GUNSAN), receipt)) == (404, "repayment-unknown")
    same = Person(Role.MUNICIPALITY_APPROVER, JEONJU, owner.subject)
    assert code(await act(funding, municipal, "confirmations", same, receipt)) == (409, "repayment-own-payment")
    denied = await done(funding, municipal, "denials", treasury_of(municipal))
    assert (denied["state"], denied["paid_on"]) == ("ORDERED", None)
    assert (await repaid(funding, selected, denied))["state"] == "CONFIRMED"
    for account in (await balances(funding, "MUNICIPALITY"), await balances(funding, "PROVINCE")):
        assert account.get("REFUNDED", 0) + account.get("REFUND_DUE", 0) > 0
    assert (await funding.get("/v1/settlements", AUDITOR, due_until="2030-01-01")).json()["items"] == []
