"""Public money leaves only after its gate and the firm's own, by two officers and a treasurer, and not from a held line."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.event import new_id
from contracts.roles import Role
from funding.releases.commands import lines as heard
from funding.releases.commands.lines import Gate
from tests.support.builders import agreement_effective, project_selected
from tests.support.funding import APPROVER, GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk, head
from tests.support.releases import (
    ACCOUNT,
    SECOND_APPROVER,
    approve,
    approved,
    ask_draw,
    ask_tranche,
    budgets,
    in_force,
    lines,
    order,
    ordered,
    owner_of,
    place_hold,
    prove_self_pay,
    read,
)

pytestmark = pytest.mark.anyio


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_in_force_every_public_source_gets_a_line_of_what_was_committed(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    await funding.deliver(agreement_effective(selected))
    opened = await lines(funding, selected)
    assert {source: line["mode"] for source, line in opened.items()} == {"PROVINCE": "TRANCHE", "MUNICIPALITY": "DRAW"}
    shares = {line["source"]: line["amount_won"] for line in (await _coverage(funding, selected))["lines"]}
    assert all(line["committed_won"] == line["left_won"] == shares[source] for source, line in opened.items())
    tranches = opened["PROVINCE"]["tranches"]
    assert sum(each["amount_won"] for each in tranches) == shares["PROVINCE"]
    assert [each["passed"] for each in tranches] == [True, False, False]
    assert "assumed" in opened["PROVINCE"]["source_note"]


async def test_story_6_a_draw_is_matched_approved_by_province_and_municipality_and_ordered_by_a_third(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = (await ask_draw(funding, selected, 10_000_000)).json()
    assert (release["state"], release["payee"], release["payee_account"]) == (
        "RESERVED",
        "SUPPLIER",
        "가상 공급기업 계좌",
    )
    assert (release["province_approvals_due"], release["municipality_approvals_due"]) == (1, 1)
    line = (await lines(funding, selected))["MUNICIPALITY"]
    assert (line["open_won"], line["paid_won"]) == (10_000_000, 0)
    release = await ordered(funding, release)
    assert [each["body"] for each in release["approvals"]] == ["PROVINCE", "MUNICIPALITY"]
    steps = [told["gate"] for told in await funding.told("funding.disbursement")]
    assert steps == ["AGREEMENT_EFFECTIVE"] * 3
    decisions = await funding.rows(
        "SELECT decision FROM journal_entry WHERE chain = :chain AND decision LIKE 'release-%' ORDER BY position",
        chain=f"project/{selected.project_id}",
    )
    assert [row["decision"] for row in decisions] == [
        "release-gate-opened", "release-reserved", "release-approval-given", "release-approved", "release-ordered",
    ]  # fmt: skip
    journal = await funding.value("SELECT string_agg(facts::text, '') FROM journal_entry")
    assert ACCOUNT not in journal
    assert "공급기업 계좌" not in journal


async def test_rule_f_04_no_public_won_before_the_firms_own(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding, proven=False)
    assert code(await ask_tranche(funding, selected)) == (409, "self-pay-not-proven")
    assert code(await ask_draw(funding, selected, 1)) == (409, "self-pay-not-proven")
    assert await funding.value("SELECT count(*) FROM ledger_transfer WHERE kind = 'RESERVATION'") == 0
    await prove_self_pay(funding, selected)
    assert (await ask_tranche(funding, selected)).status_code == 201


async def test_a_gate_frees_its_tranche_once_and_only_when_funding_has_heard_of_it(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    assert code(await ask_tranche(funding, selected, "INTERIM_PASSED")) == (409, "gate-not-reached")
    assert code(await ask_tranche(funding, selected, amount_won=1)) == (422, "tranche-amount-differs")
    first = await ask_tranche(funding, selected)
    assert first.status_code == 201, first.text
    assert code(await ask_tranche(funding, selected)) == (409, "release-exists")
    async with funding.database.transaction() as tx:
        for _ in range(2):
            await heard.open_gate(
                tx, selected.project_id, Gate.INTERIM_PASSED, event_id=new_id(), now=funding.clock.now()
            )
    assert (await ask_tranche(funding, selected, "INTERIM_PASSED")).status_code == 201


async def test_a_source_pays_in_its_own_way_and_no_more_than_it_has_left(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    left = (await lines(funding, selected))["MUNICIPALITY"]["left_won"]
    over = await ask_draw(funding, selected, left + 1)
    assert code(over) == (409, "release-exceeds-line")
    path = f"/v1/coverages/{selected.project_id}/lines/MUNICIPALITY/releases"
    tranche = await funding.post(path, {"amount_won": 1, "gate": "COMPLETED"}, by=owner_of(selected))
    assert code(tranche) == (422, "release-mode-differs")
    assert (await ask_draw(funding, selected, left)).status_code == 201
    assert code(await ask_draw(funding, selected, 1, 2)) == (409, "release-exceeds-line")
    line = (await lines(funding, selected))["MUNICIPALITY"]
    assert (line["open_won"], line["left_won"]) == (left, 0)


async def test_rule_r_09_an_invoice_is_paid_once_by_a_source_and_for_one_project(funding: Funding):
    await budgets(funding)
    first, second = await in_force(funding), await in_force(funding)
    assert (await ask_draw(funding, first, 1_000)).status_code == 201
    assert code(await ask_draw(funding, first, 1_000)) == (409, "release-exists")
    assert code(await ask_draw(funding, second, 1_000)) == (409, "release-exists")


@pytest.mark.promise("R19")
async def test_asking_approving_and_ordering_are_done_by_different_people(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = (await ask_tranche(funding, selected)).json()
    firm_again = Person(Role.PROVINCE_APPROVER, "52", owner_of(selected).subject)
    assert code(await approve(funding, release, firm_again)) == (409, "release-own-decision")
    release = (await approve(funding, release, APPROVER)).json()
    assert code(await approve(funding, release, APPROVER)) == (409, "release-own-decision")
    assert code(await order(funding, release)) == (409, "release-decided")
    release = (await approve(funding, release, SECOND_APPROVER)).json()
    assert release["state"] == "APPROVED"
    for subject in (APPROVER.subject, SECOND_APPROVER.subject, owner_of(selected).subject):
        same = Person(Role.PROVINCE_TREASURER, "52", subject)
        assert code(await order(funding, release, same)) == (409, "release-own-decision")
    assert code(await order(funding, release, version=1)) == (412, "release-has-changed")
    assert (await order(funding, release)).json()["state"] == "ORDERED"


async def test_each_body_approves_what_is_its_own(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    tranche = (await ask_tranche(funding, selected)).json()
    assert code(await approve(funding, tranche, head(JEONJU))) == (403, "approval-not-yours")
    draw = (await ask_draw(funding, selected, 1_000)).json()
    assert code(await approve(funding, draw, head(GUNSAN))) == (404, "release-unknown")
    draw = (await approve(funding, draw, APPROVER)).json()
    assert code(await approve(funding, draw, SECOND_APPROVER)) == (403, "approval-not-yours")
    assert (await approve(funding, draw, head(JEONJU))).json()["state"] == "APPROVED"
    for by in (OFFICER, TREASURER, clerk(JEONJU), owner_of(selected)):
        assert (await approve(funding, draw, by)).status_code == 403
    stranger = owner_of(project_selected())
    assert (await funding.get(f"/v1/releases/{draw['id']}", stranger)).status_code == 404
    path = f"/v1/coverages/{selected.project_id}/lines/MUNICIPALITY/releases"
    assert (await funding.post(path, {"amount_won": 1}, by=stranger)).status_code == 404
    assert (await funding.get(f"/v1/releases/{uuid4()}", OFFICER)).status_code == 404


async def test_a_rejected_release_gives_its_money_back_and_frees_its_gate(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    before = await funding.money()
    release = await approved(funding, (await ask_tranche(funding, selected)).json())
    path = f"/v1/releases/{release['id']}/rejections"
    rejected = await funding.post(path, {"reason": "AMOUNT_WRONG"}, by=APPROVER, version=release["version"])
    assert (rejected.json()["state"], rejected.json()["void_reason"]) == ("VOIDED", "REJECTED")
    assert await funding.money() == before
    assert (await lines(funding, selected))["PROVINCE"]["open_won"] == 0
    again = await funding.post(path, {"reason": "AMOUNT_WRONG"}, by=APPROVER, version=rejected.json()["version"])
    assert code(again) == (409, "release-decided")
    assert (await ask_tranche(funding, selected)).status_code == 201


async def test_a_held_line_releases_nothing_and_two_people_lift_the_hold(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = await approved(funding, (await ask_tranche(funding, selected)).json())
    hold = (await place_hold(funding, selected, OFFICER)).json()
    assert code(await order(funding, release)) == (409, "line-held")
    assert code(await ask_tranche(funding, selected)) == (409, "line-held")
    assert (await ask_draw(funding, selected, 1_000)).status_code == 201, "another source's line is free"
    path = f"/v1/release-holds/{hold['id']}/lifts"
    proposed = (await funding.post(path, by=OFFICER, version=1)).json()
    assert proposed["lifted_at"] is None
    assert code(await funding.post(path, by=OFFICER, version=2)) == (409, "release-hold-needs-second-person")
    same_person = Person(Role.PROVINCE_APPROVER, "52", OFFICER.subject)
    assert code(await funding.post(path, by=same_person, version=2)) == (409, "release-hold-needs-second-person")
    assert code(await funding.post(path, by=head(JEONJU), version=2)) == (403, "release-hold-not-yours")
    assert code(await order(funding, release)) == (409, "line-held")
    assert (await funding.post(path, by=APPROVER, version=2)).json()["lifted_at"] is not None
    assert code(await funding.post(path, by=APPROVER, version=3)) == (409, "release-hold-lifted")
    assert (await order(funding, release)).status_code == 201


async def test_a_suspended_project_is_held_until_it_goes_on_and_an_ended_one_for_good(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    early = (await ask_tranche(funding, selected)).json()
    late = await ordered(funding, (await ask_draw(funding, selected, 1_000)).json())
    for _ in range(2):
        async with funding.database.transaction() as tx:
            await heard.suspend_project(tx, selected.project_id, now=funding.clock.now())
    (hold, _other) = (await funding.get("/v1/release-holds", OFFICER, standing=True)).json()["items"]
    by_hand = await funding.post(f"/v1/release-holds/{hold['id']}/lifts", by=OFFICER, version=1)
    assert code(by_hand) == (409, "release-hold-bound-to-project")
    async with funding.database.transaction() as tx:
        await heard.resume_project(tx, selected.project_id, now=funding.clock.now())
    assert (await funding.get("/v1/release-holds", OFFICER, standing=True)).json()["items"] == []
    for _ in range(2):
        async with funding.database.transaction() as tx:
            await heard.end_project(tx, selected.project_id, now=funding.clock.now())
    assert (await read(funding, early))["void_reason"] == "PROJECT_ENDED"
    assert (await read(funding, late))["state"] == "ORDERED", "what is ordered only goes forward"
    assert code(await ask_draw(funding, selected, 1, 2)) == (409, "line-held")


_BY_THE_OWNER = [
    "UPDATE release SET state = 'APPROVED', approved_at = now(), version = version + 1",
    "UPDATE release SET amount_won = amount_won + 1",
    "UPDATE release_line SET committed_won = committed_won * 2",
    "UPDATE release_line SET open_won = 0",
    "UPDATE release_approval SET approver = 'somebody else'",
    "INSERT INTO release_approval SELECT id, requested_by, 'PROVINCE', now() FROM release",
    "INSERT INTO release_approval SELECT id, 'one too many', 'MUNICIPALITY', now() FROM release",
    "DELETE FROM release",
    "DELETE FROM release_gate",
    "UPDATE release_gate SET gate = 'COMPLETED'",
]


async def test_not_even_the_owner_role_moves_public_money_past_the_rules(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = (await ask_tranche(funding, selected)).json()
    assert (await approve(funding, release, APPROVER)).status_code == 201
    for attack in _BY_THE_OWNER:
        with pytest.raises(DBAPIError):
            async with funding.owner.transaction() as tx:
                await tx.execute(text(attack))


_BY_THE_APP = [
    "state = 'ORDERED', ordered_by = (SELECT min(approver) FROM release_approval), ordered_at = now()",
    "state = 'ORDERED', ordered_by = requested_by, ordered_at = now()",
    "state = 'CONFIRMED', bank_transaction = 'x', confirmed_at = now()",
    "state = 'VOIDED', void_reason = 'REJECTED', voided_at = now(), resolution_id = reservation_id",
]


async def test_raw_sql_as_the_app_role_neither_orders_nor_ends_what_is_not_due(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    release = await approved(funding, (await ask_tranche(funding, selected)).json())
    for attack in _BY_THE_APP:
        with pytest.raises(DBAPIError):
            async with funding.database.transaction() as tx:
                await tx.execute(text(f"UPDATE release SET {attack}, next_attempt_at = now(), version = version + 1"))
    assert await read(funding, release) == release


_BEGIN = """
    INSERT INTO ledger_transfer (id, kind, project_id, programme_at)
    VALUES (:reservation, 'RESERVATION', :project, now())
"""
_RESERVE = """
    INSERT INTO ledger_entry (transfer_id, account_id, amount_won)
    SELECT :reservation, e.account_id, sign(e.amount_won)::bigint
      FROM ledger_entry e JOIN release r ON r.reservation_id = e.transfer_id WHERE r.id = :release
"""
_COPY = """
    INSERT INTO release SELECT (r).* FROM (
        SELECT jsonb_populate_record(NULL::release, to_jsonb(release) || jsonb_build_object(
            'id', gen_random_uuid(), 'amount_won', 1, 'invoice_number', 'another-' || gen_random_uuid(), 'reservation_id', :reservation)) AS r
          FROM release WHERE id = :release) AS copy
"""


@pytest.mark.promise("R20")
async def test_raw_sql_as_the_app_role_asks_for_no_won_more_than_the_line_has(funding: Funding):
    """A reservation of its own and a copied release: the line's CHECK is the last wall."""
    await budgets(funding)
    selected, _other_with_money = await in_force(funding), await in_force(funding)
    left = (await lines(funding, selected))["MUNICIPALITY"]["left_won"]
    release = (await ask_draw(funding, selected, left - 1)).json()

    async def one_won_more() -> None:
        reservation = new_id()
        async with funding.database.transaction() as tx:
            await tx.execute(text(_BEGIN), {"reservation": reservation, "project": selected.project_id})
            await tx.execute(text(_RESERVE), {"reservation": reservation, "release": UUID(release["id"])})
            copied = text(_COPY.replace(":reservation", f"'{reservation}'"))
            await tx.execute(copied, {"release": UUID(release["id"])})

    await one_won_more()
    assert (await lines(funding, selected))["MUNICIPALITY"]["left_won"] == 0
    with pytest.raises(DBAPIError, match="release_line_left_check"):
        await one_won_more()


async def _coverage(funding: Funding, selected: Any) -> Any:
    return (await funding.get(f"/v1/coverages/{selected.project_id}", OFFICER)).json()
