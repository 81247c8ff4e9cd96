"""Clawback: held at once, noticed, heard, decided by two, objected to before a third, and never more than was paid."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.roles import Role
from tests.support.closing import (
    THIRD_APPROVER,
    act,
    balances,
    close_all,
    done,
    finding,
    paid,
    proposed,
    repaid,
    repayments_of,
    terminate,
    transfer,
    treasury_of,
    work,
)
from tests.support.funding import APPROVER, OFFICER, Funding, Person
from tests.support.releases import (
    OPERATOR,
    SECOND_APPROVER,
    approved,
    ask_draw,
    ask_tranche,
    budgets,
    in_force,
    lines,
    order,
    ordered,
    owner_of,
    read,
)

pytestmark = pytest.mark.anyio
_SHA = {"document_sha256": "d" * 64}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.promise("R21", "I2")
async def test_a_termination_with_fault_is_held_heard_decided_by_two_and_paid_back_to_every_treasury(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    was = await lines(funding, selected)
    recovery = await terminate(funding, selected)
    assert (recovery["state"], recovery["ground"]) == ("OPEN", "OTHER_BREACH")
    owner = owner_of(selected)
    assert code(await act(funding, recovery, "proposals", OFFICER, finding())) == (409, "recovery-decided")
    recovery = await done(funding, recovery, "notices", OFFICER)
    assert recovery["opinion_until"] == "2024-05-30"
    assert code(await act(funding, recovery, "proposals", OFFICER, finding())) == (409, "recovery-not-heard")
    recovery = await done(funding, recovery, "opinions", owner, _SHA)
    assert code(await act(funding, recovery, "opinions", owner, _SHA)) == (409, "recovery-decided")
    above = finding(debar_months=25)
    assert code(await act(funding, recovery, "proposals", OFFICER, above)) == (422, "recovery-above-limit")
    recovery = await done(funding, recovery, "proposals", OFFICER, finding(interest_won=101, surcharge_bp=5_000))
    same = Person(Role.PROVINCE_APPROVER, "52", OFFICER.subject)
    assert code(await act(funding, recovery, "decisions", same)) == (409, "recovery-own-decision")
    recovery = await done(funding, recovery, "returns", APPROVER)
    assert (recovery["state"], recovery["recover_bp"]) == ("NOTICED", None)
    recovery = await done(funding, recovery, "proposals", OFFICER, finding(interest_won=101, surcharge_bp=5_000))
    decided = await done(funding, recovery, "decisions", APPROVER)
    orders = {each["source"]: each for each in await repayments_of(funding, decided)}
    for source, each in orders.items():
        assert each["principal_won"] == was[source]["paid_won"]
        assert each["surcharge_won"] == each["principal_won"] // 2
        assert each["due_on"] == "2024-06-19"
    assert sum(each["interest_won"] for each in orders.values()) == 101
    after = await lines(funding, selected)
    assert all(line["left_won"] == 0 and line["returned_won"] == line["paid_won"] for line in after.values())
    for each in orders.values():
        await repaid(funding, selected, each)
    await close_all(funding)
    assert (await funding.get(f"/v1/recoveries/{decided['id']}", OPERATOR)).json()["state"] == "DECIDED", (
        "still open to objection"
    )
    funding.clock.move_to(funding.clock.now() + timedelta(days=22))
    await close_all(funding)
    assert (await funding.get(f"/v1/recoveries/{decided['id']}", OPERATOR)).json()["state"] == "CLOSED"
    province = await balances(funding, "PROVINCE")
    assert "REFUND_DUE" not in province
    assert province["REFUNDED"] == sum(
        orders["PROVINCE"][part] for part in ("principal_won", "interest_won", "surcharge_won")
    )
    assert await funding.value("SELECT sum(amount_won) FROM ledger_entry") == 0
    (told,) = await funding.told("recovery.decided")
    assert told["recovered_won"] == sum(each["principal_won"] for each in orders.values()) + 101
    assert [each["outcome"] for each in await funding.told("recovery.ended")] == ["CLOSED"]


async def test_an_objection_that_is_upheld_leaves_nothing_owed_and_one_that_is_dismissed_all(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    outcomes = {}
    for hearing in ("UPHOLD", "DISMISS"):
        selected = await paid(funding, tmp_path)
        recovery = await proposed(funding, selected, await terminate(funding, selected), recover_bp=3_333)
        decided = await done(funding, recovery, "decisions", APPROVER)
        objected = await done(funding, decided, "objections", owner_of(selected), _SHA)
        for by in (OFFICER, APPROVER):
            same = Person(Role.PROVINCE_APPROVER, "52", by.subject)
            said = await act(funding, objected, "hearings", same, {"hearing": hearing})
            assert code(said) == (409, "recovery-own-decision")
        heard = await done(funding, objected, "hearings", THIRD_APPROVER, {"hearing": hearing})
        outcomes[heard["state"]] = {each["state"] for each in await repayments_of(funding, heard)}
    assert outcomes == {"UPHELD": {"RELIEVED"}, "DISMISSED": {"ORDERED"}}
    assert [each["outcome"] for each in await funding.told("recovery.ended")] == ["UPHELD"]
    assert await funding.value("SELECT sum(amount_won) FROM ledger_entry") == 0
    upheld = "SELECT sum(returned_won)::bigint FROM release_line l JOIN recovery r USING (project_id) WHERE r.state = 'UPHELD'"
    assert await funding.value(upheld) == 0


async def test_an_objection_or_opinion_that_is_late_is_refused_and_a_silent_firm_is_decided_about(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    recovery = await done(funding, await terminate(funding, selected), "notices", OFFICER)
    funding.clock.move_to(funding.clock.now() + timedelta(days=11))
    late = await act(funding, recovery, "opinions", owner_of(selected), _SHA)
    assert code(late) == (409, "recovery-too-late")
    recovery = await done(funding, recovery, "proposals", OFFICER, finding())
    decided = await done(funding, recovery, "decisions", APPROVER)
    (repayment, _other) = await repayments_of(funding, decided)
    funding.clock.move_to(funding.clock.now() + timedelta(days=60))
    assert code(await act(funding, decided, "objections", owner_of(selected), _SHA)) == (409, "recovery-too-late")
    paid_late = transfer(repayment, paid_on="2024-07-10")
    repayment = await done(funding, repayment, "payments", owner_of(selected), paid_late)
    assert repayment["late_won"] == 0, "nothing was surcharged, so nothing is charged for being late"


async def test_a_surcharge_that_is_paid_late_costs_more_as_the_rules_say(funding: Funding, tmp_path: Path):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    recovery = await proposed(funding, selected, await terminate(funding, selected), surcharge_bp=10_000)
    decided = await done(funding, recovery, "decisions", APPROVER)
    (municipal, _provincial) = await repayments_of(funding, decided)
    funding.clock.move_to(funding.clock.now() + timedelta(days=60))
    repayment = await done(
        funding, municipal, "payments", owner_of(selected), transfer(municipal, paid_on="2024-06-29")
    )
    assert repayment["late_won"] == municipal["surcharge_won"] * 2 // 100, "ten days late"
    receipt = {"receipt_reference": "세외수입 9"}
    repayment = await done(funding, repayment, "confirmations", treasury_of(repayment), receipt)
    assert (await balances(funding, "MUNICIPALITY"))["PENALTY"] == -(municipal["surcharge_won"] + repayment["late_won"])


async def test_edge_06_a_firm_without_fault_gives_back_no_surcharge_and_may_be_let_off(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    recovery = await terminate(funding, selected, "SUPPLIER_INSOLVENT", "SUPPLIER")
    assert recovery["ground"] == "NOT_AT_FAULT"
    recovery = await done(funding, recovery, "notices", OFFICER)
    recovery = await done(funding, recovery, "opinions", owner_of(selected), _SHA)
    for above in (finding(surcharge_bp=1, debar_months=0), finding(debar_months=1)):
        assert code(await act(funding, recovery, "proposals", OFFICER, above)) == (422, "recovery-above-limit")
    nothing = finding(recover_bp=0, debar_months=0)
    recovery = await done(funding, recovery, "proposals", OFFICER, nothing)
    assert (await done(funding, recovery, "decisions", APPROVER))["state"] == "DROPPED"
    assert await repayments_of(funding, recovery) == []
    assert (await lines(funding, selected))["PROVINCE"]["left_won"] == 0, "what was not paid lapses all the same"


async def test_a_project_that_ended_before_anything_was_paid_gives_its_money_up_at_once(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    assert (await ask_tranche(funding, selected)).status_code == 201
    assert await terminate(funding, selected) is None
    for line in (await lines(funding, selected)).values():
        assert (line["lapsed_won"], line["left_won"]) == (line["committed_won"], 0)
    assert (await balances(funding, "PROVINCE")).keys() == {"APPROPRIATION", "AVAILABLE", "LAPSED"}


@pytest.mark.promise("R21")
async def test_a_case_that_an_officer_opens_races_the_order_of_a_payment_and_one_of_them_comes_first(funding: Funding):
    await budgets(funding)
    outcomes = Counter[str]()
    for number in range(6):
        selected = await in_force(funding)
        release = await approved(funding, (await ask_tranche(funding, selected)).json())
        path = f"/v1/coverages/{selected.project_id}/recoveries"
        answered, opened = await asyncio.gather(
            order(funding, release), funding.post(path, {"ground": "MISUSE"}, by=OFFICER)
        )
        assert opened.status_code == 201
        state = (await read(funding, release))["state"]
        assert (answered.status_code, state) in {(201, "ORDERED"), (409, "APPROVED")}
        outcomes[state] += 1
        recovery = await proposed(funding, selected, opened.json())
        decision = await act(funding, recovery, "decisions", APPROVER)
        assert code(decision) == (409, "payment-under-way"), "what may still be paid is not decided about"
        again = await funding.post(path, {"ground": "FRAUD"}, by=OFFICER)
        assert code(again) == (409, "recovery-exists")
        assert code(await ask_draw(funding, selected, 1, number)) == (409, "line-held")
    assert sum(outcomes.values()) == 6


@pytest.mark.promise("R19")
async def test_two_who_decide_at_once_order_the_money_back_once(funding: Funding, tmp_path: Path):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    recovery = await proposed(funding, selected, await terminate(funding, selected))
    crowd = [Person(Role.PROVINCE_APPROVER, "52", f"decider-{number}") for number in range(20)]
    answers = await asyncio.gather(*(act(funding, recovery, "decisions", each) for each in crowd))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 412: 19}
    assert len(await repayments_of(funding, recovery)) == 2


_ATTACKS = [
    "UPDATE release_line SET returned_won = 0",
    "UPDATE release_line SET lapsed_won = 0",
    "UPDATE repayment SET principal_won = principal_won - 1, version = version + 1",
    """
    UPDATE repayment SET state = 'CONFIRMED', version = version + 1, paid_on = now(), bank_reference = id::text,
           evidence_sha256 = 'x', paid_by = 'a', paid_at = now(), receipt_reference = 'x', ended_by = 'b',
           ended_at = now(), resolution_id = order_id
    """,
    "UPDATE recovery SET recover_bp = 0, version = version + 1",
    "UPDATE recovery SET state = 'CLOSED', closed_at = now(), version = version + 1",
    "DELETE FROM repayment",
    "DELETE FROM release_lapse",
    "INSERT INTO release_lapse SELECT project_id, source, 1, order_id, now() FROM repayment",
    """
    INSERT INTO repayment SELECT (r).* FROM (
        SELECT jsonb_populate_record(NULL::repayment, to_jsonb(repayment) || jsonb_build_object(
            'id', gen_random_uuid(), 'origin_id', gen_random_uuid(),
            'order_id', (SELECT id FROM ledger_transfer WHERE kind = 'DISBURSEMENT' LIMIT 1))) AS r
          FROM repayment) AS copied
    """,
]


@pytest.mark.promise("R21", "I1")
async def test_not_even_the_owner_role_takes_back_what_was_not_paid_or_forgets_what_is_owed(
    funding: Funding, tmp_path: Path
):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    recovery = await proposed(funding, selected, await terminate(funding, selected))
    decided = await done(funding, recovery, "decisions", APPROVER)
    before = await repayments_of(funding, decided)
    for attack in _ATTACKS:
        with pytest.raises(DBAPIError):
            async with funding.owner.transaction() as tx:
                await tx.execute(text(attack))
    assert await repayments_of(funding, decided) == before


_ORDER = """
    INSERT INTO ledger_transfer (id, kind, project_id, resolves_transfer_id, programme_at)
    VALUES (gen_random_uuid(), '{kind}', :project, {resolves}, now())
"""
_ENTRY = """
    INSERT INTO ledger_entry (transfer_id, account_id, amount_won)
    SELECT t.id, a.id, {amount} FROM ledger_transfer t, ledger_account a JOIN budget_line l ON l.id = a.budget_line_id
     WHERE t.created_in = pg_current_xact_id()::text::bigint AND l.source = 'PROVINCE' AND a.kind = '{account}'
"""
_OWED = "(SELECT order_id FROM repayment WHERE source = 'PROVINCE')"
_FORGED = {
    "less is repaid than was owed": ("REPAYMENT", _OWED, (("REFUND_DUE", -1), ("REFUNDED", 1))),
    "a relief gives back something else": ("RELIEF", _OWED, (("REFUND_DUE", -1), ("PAID", 1))),
    "what was paid is owed without its source": ("REPAYMENT_ORDER", "NULL", (("AVAILABLE", -1), ("REFUND_DUE", 1))),
    "promised money lapses into what was paid": ("LAPSE", "NULL", (("COMMITTED", -1), ("PAID", 1))),
    "an appropriation takes from what is owed": ("APPROPRIATION", "NULL", (("REFUND_DUE", -1), ("AVAILABLE", 1))),
    "a repayment of nothing": ("REPAYMENT", "NULL", (("REFUND_DUE", -1), ("REFUNDED", 1))),
}


@pytest.mark.promise("R21", "I1")
async def test_raw_sql_repays_no_order_in_part_twice_or_from_elsewhere(funding: Funding, tmp_path: Path):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    recovery = await proposed(funding, selected, await terminate(funding, selected))
    await done(funding, recovery, "decisions", APPROVER)
    before = await funding.rows("SELECT id, balance_won FROM ledger_account ORDER BY id")

    async def forged(kind: str, resolves: str, entries: tuple[tuple[str, int], ...]) -> None:
        async with funding.database.transaction() as tx:
            await tx.execute(text(_ORDER.format(kind=kind, resolves=resolves)), {"project": selected.project_id})
            for account, amount in entries:
                await tx.execute(text(_ENTRY.format(account=account, amount=amount)))

    for attack, (kind, resolves, entries) in _FORGED.items():
        with pytest.raises(DBAPIError):
            await forged(kind, resolves, entries)
        assert await funding.rows("SELECT id, balance_won FROM ledger_account ORDER BY id") == before, attack


async def test_what_is_ordered_goes_on_to_its_end_and_only_then_is_decided_about(funding: Funding, tmp_path: Path):
    await budgets(funding)
    selected = await paid(funding, tmp_path)
    release = await ordered(funding, (await ask_draw(funding, selected, 1_000, 5)).json())
    recovery = await proposed(funding, selected, await terminate(funding, selected))
    assert code(await act(funding, recovery, "decisions", SECOND_APPROVER)) == (409, "payment-under-way")
    await work(funding, tmp_path)
    assert (await read(funding, release))["state"] == "POSTED"
    decided = await done(funding, recovery, "decisions", SECOND_APPROVER)
    municipal = next(each for each in await repayments_of(funding, decided) if each["source"] == "MUNICIPALITY")
    assert municipal["principal_won"] == 10_001_000
