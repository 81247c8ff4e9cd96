"""Self-pay before public money: only what came from the firm's own account counts, and two people settle what did not."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.applicant import ProjectSelected
from contracts.roles import Role
from tests.support.builders import agreement_signed, project_selected
from tests.support.funding import APPROVER, JEONJU, OFFICER, Funding, Person

ACCOUNT = "전북은행 가상계좌 1"
OPERATOR = Person(Role.TECHNOPARK_OPERATOR, "jtp", "operator")
SHARE = 20_000_001


def owner_of(selected: ProjectSelected) -> Person:
    return Person(Role.COMPANY_OWNER, str(selected.company_id), "owner")


async def signed(funding: Funding, *, account: bool = True) -> ProjectSelected:
    """A project whose agreement is signed, and whose firm has named its account."""
    await funding.confirmed_rule()
    await funding.confirmed_line(1_000_000_000)
    await funding.confirmed_line(500_000_000, JEONJU)
    selected = project_selected()
    await funding.deliver(selected)
    await funding.deliver(agreement_signed(selected, await funding.value("SELECT id FROM commitment")))
    if account:
        path = f"/v1/coverages/{selected.project_id}/lines/SME/confirmations"
        body = {"reference": ACCOUNT, "evidence_sha256": "e" * 64}
        assert (await funding.post(path, body, by=owner_of(selected), version=1)).status_code == 201
    return selected


async def record(funding: Funding, selected: ProjectSelected, by: Person | None = None, **changes: Any) -> Any:
    body = {
        "amount_won": SHARE, "paid_on": "2024-05-20", "from_account": ACCOUNT, "bank_reference": "JB-1",
        "evidence_sha256": "f" * 64,
    }  # fmt: skip
    path = f"/v1/coverages/{selected.project_id}/self-payments"
    return await funding.post(path, body | changes, by=by or owner_of(selected))


async def verify(
    funding: Funding, payment: Any, payer: str = "ADOPTER", by: Person = OPERATOR, version: int = 1
) -> Any:
    path = f"/v1/self-payments/{payment['id']}/verifications"
    return await funding.post(path, {"payer": payer}, by=by, version=version)


async def review(funding: Funding, payment: Any, decision: str, by: Person = APPROVER, version: int = 2) -> Any:
    path = f"/v1/self-payments/{payment['id']}/reviews"
    return await funding.post(path, {"decision": decision}, by=by, version=version)


async def self_pay(funding: Funding, selected: ProjectSelected) -> tuple[bool, int, int, int]:
    found = (await funding.get(f"/v1/coverages/{selected.project_id}/self-pay", OFFICER)).json()
    return found["proven"], found["proven_won"], found["held_won"], found["unverified_won"]


async def test_the_share_is_proven_only_when_every_won_of_it_is_verified(funding: Funding):
    selected = await signed(funding)
    first = (await record(funding, selected, amount_won=SHARE - 1)).json()
    assert (first["state"], first["hold_reason"]) == ("RECORDED", None)
    assert await self_pay(funding, selected) == (False, 0, 0, SHARE - 1)
    assert (await verify(funding, first)).json()["state"] == "VERIFIED"
    assert await self_pay(funding, selected) == (False, SHARE - 1, 0, 0)
    last = (await record(funding, selected, amount_won=1, bank_reference="JB-2")).json()
    await verify(funding, last)
    assert await self_pay(funding, selected) == (True, SHARE, 0, 0)


@pytest.mark.parametrize(("decision", "proven"), [("ACCEPT", True), ("REJECT", False)])
async def test_edge_7_self_pay_by_the_supplier_is_held_until_a_second_person_reviews_it(
    funding: Funding, decision: str, proven: bool
):
    selected = await signed(funding)
    payment = (await record(funding, selected)).json()
    held = (await verify(funding, payment, "SUPPLIER")).json()
    assert (held["state"], held["hold_reason"]) == ("HELD", "PAID_BY_SUPPLIER")
    assert await self_pay(funding, selected) == (False, 0, SHARE, 0)

    same_person = await review(funding, payment, decision, by=Person(Role.PROVINCE_APPROVER, "52", OPERATOR.subject))
    assert (same_person.status_code, same_person.json()["code"]) == (409, "self-payment-own-review")
    settled = (await review(funding, payment, decision)).json()
    assert (settled["state"], settled["hold_reason"]) == ("VERIFIED" if proven else "REJECTED", "PAID_BY_SUPPLIER")
    assert await self_pay(funding, selected) == (proven, SHARE if proven else 0, 0, 0)
    again = await review(funding, payment, "ACCEPT", version=3)
    assert (again.status_code, again.json()["code"]) == (409, "self-payment-decided")
    entries = await funding.rows("SELECT decision, facts FROM journal_entry WHERE rule_version = 'F-04' ORDER BY id")
    assert [entry["decision"].rpartition("-")[2] for entry in entries] == ["recorded", "verified", "reviewed"]
    assert ACCOUNT not in str(entries)


async def test_edge_7_money_from_another_account_is_held_whatever_the_operator_says(funding: Funding):
    selected = await signed(funding)
    payment = (await record(funding, selected, from_account="공급기업 계좌")).json()
    assert (payment["state"], payment["hold_reason"]) == ("HELD", "NOT_FROM_OWN_ACCOUNT")
    early = await review(funding, payment, "ACCEPT", version=1)
    assert (early.status_code, early.json()["code"]) == (409, "self-payment-decided")
    assert (await verify(funding, payment, "ADOPTER")).json()["state"] == "HELD"
    assert await self_pay(funding, selected) == (False, 0, SHARE, 0)


async def test_edge_10_one_transfer_of_the_bank_proves_one_payment_however_often_it_is_sent(funding: Funding):
    selected = await signed(funding)
    answers = await asyncio.gather(*(record(funding, selected) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"self-payment-exists"}
    payment = next(answer.json() for answer in answers if answer.status_code == 201)
    decided = await asyncio.gather(*(verify(funding, payment, payer) for payer in ("ADOPTER", "SUPPLIER") * 3))
    assert sorted(answer.status_code for answer in decided) == [201, *[412] * 5]


async def test_bad_input_is_refused_and_stores_nothing(funding: Funding):
    selected = await signed(funding, account=False)
    missing = await record(funding, selected)
    assert (missing.status_code, missing.json()["code"]) == (409, "self-pay-account-missing")
    path = f"/v1/coverages/{selected.project_id}/lines/SME/confirmations"
    body = {"reference": ACCOUNT, "evidence_sha256": "e" * 64}
    assert (await funding.post(path, body, by=owner_of(selected), version=1)).status_code == 201
    for changes in ({"amount_won": 0}, {"amount_won": 1.5}, {"evidence_sha256": "x"}, {"paid_on": "2024-02-30"}):
        assert (await record(funding, selected, **changes)).status_code == 422, changes
    assert (await record(funding, selected, by=owner_of(project_selected()))).status_code == 404
    assert (await record(funding, selected, by=OPERATOR)).status_code == 403
    # It is 10:00 on the 20th in Korea, where the 21st begins at 15:00 UTC.
    assert (await record(funding, selected, paid_on="2024-05-21")).status_code == 422
    assert await funding.value("SELECT count(*) FROM self_payment") == 0
    funding.clock.move_to(datetime(2024, 5, 20, 15, tzinfo=UTC))
    assert (await record(funding, selected, paid_on="2024-05-21")).status_code == 201


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE self_payment SET state = 'VERIFIED', hold_reason = NULL, version = version + 1",
        "UPDATE self_payment SET state = 'VERIFIED', reviewed_by = verified_by, reviewed_at = now(), version = 3",
        "UPDATE self_payment SET amount_won = 1, version = version + 1",
        "DELETE FROM self_payment",
    ],
)
async def test_not_even_the_owner_role_makes_held_money_count(funding: Funding, attack: str):
    selected = await signed(funding)
    payment = (await record(funding, selected)).json()
    assert (await verify(funding, payment, "SUPPLIER")).json()["state"] == "HELD"
    with pytest.raises(DBAPIError):
        async with funding.owner.transaction() as tx:
            await tx.execute(text(attack))
