"""Races about public money: fifty officers, the last won of a line, and a hold that races an order."""

import asyncio
from collections import Counter

import pytest

from contracts.roles import Role
from tests.support.funding import JEONJU, OFFICER, TREASURER, Funding, Person, head
from tests.support.releases import (
    approve,
    approved,
    ask_draw,
    ask_tranche,
    budgets,
    in_force,
    lines,
    order,
    place_hold,
    read,
)

pytestmark = pytest.mark.anyio

OFFICERS = 50


@pytest.mark.promise("R19")
async def test_of_fifty_officers_who_approve_what_they_read_one_wins(funding: Funding):
    await budgets(funding)
    release = (await ask_tranche(funding, await in_force(funding))).json()
    for expected in ("RESERVED", "APPROVED"):
        crowd = [Person(Role.PROVINCE_APPROVER, "52", f"{expected}-{number}") for number in range(OFFICERS)]
        answers = await asyncio.gather(*(approve(funding, release, each) for each in crowd))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 412: OFFICERS - 1}
        release = await read(funding, release)
        assert release["state"] == expected
    assert len(release["approvals"]) == 2
    assert len(await funding.told("disbursement.approved")) == 1


@pytest.mark.promise("R19")
async def test_edge_10_an_order_that_races_a_rejection_has_one_outcome(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    for number in range(5):
        release = await approved(funding, (await ask_draw(funding, selected, 1_000, number)).json())
        path = f"/v1/releases/{release['id']}/rejections"
        reject = funding.post(path, {"reason": "PAYEE_WRONG"}, by=head(JEONJU), version=release["version"])
        answers = await asyncio.gather(order(funding, release), reject)
        assert sorted(answer.status_code for answer in answers) == [201, 412]
        assert (await read(funding, release))["state"] in {"ORDERED", "VOIDED"}


@pytest.mark.promise("R20")
async def test_edge_10_the_last_won_of_a_line_is_asked_for_by_many_at_once_and_given_once(funding: Funding):
    await budgets(funding)
    selected = await in_force(funding)
    left = (await lines(funding, selected))["MUNICIPALITY"]["left_won"]
    part = left // 4
    answers = await asyncio.gather(*(ask_draw(funding, selected, part, number) for number in range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 4, 409: 16}
    line = (await lines(funding, selected))["MUNICIPALITY"]
    assert (line["open_won"], line["left_won"]) == (4 * part, left - 4 * part)
    assert await funding.value("SELECT sum(amount_won) FROM ledger_entry") == 0


async def test_a_hold_that_races_an_order_stops_it_or_comes_after_it(funding: Funding):
    await budgets(funding)
    outcomes = Counter[str]()
    for _ in range(6):
        selected = await in_force(funding)
        release = await approved(funding, (await ask_tranche(funding, selected)).json())
        answered, held = await asyncio.gather(
            order(funding, release, TREASURER), place_hold(funding, selected, OFFICER)
        )
        assert held.status_code == 201
        state = (await read(funding, release))["state"]
        outcomes[state] += 1
        assert (answered.status_code, state) in {(201, "ORDERED"), (409, "APPROVED")}
        if state == "APPROVED":
            assert answered.json()["code"] == "line-held"
            assert (await order(funding, release)).status_code == 409
    assert sum(outcomes.values()) == 6
