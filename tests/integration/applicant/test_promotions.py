"""Funding answers by events, and places change hands: confirmed, refused, withdrawn, promoted, left open."""

import asyncio
import random
from typing import Any

import pytest

from applicant.selections.commands import take_refusal
from common import event as events
from contracts.funding import BudgetLineConfirmed
from tests.support.judging import APPROVER, JEONJU, WANJU, Judging, Person, Standing, owner_of
from tests.support.waiting import eventually

# A cost of 40M needs 12,852,000 won of the municipality, one of 20M half of it.
NEED, HALF = 12_852_000, 6_426_000


async def decided(
    judging: Judging, costs: list[int], *, seats: int = 1, where: str = JEONJU, **call: Any
) -> list[Standing]:
    """One line of cases, best first, decided."""
    await judging.open_call({("JS1", where): seats}, size_min=1, **call)
    cases = await judging.eligible_many([("JS1", where, cost, True) for cost in costs])
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9000 - 10 * place) for place, case in enumerate(cases)])
    await judging.decided()
    return cases


async def states(judging: Judging) -> dict[Any, tuple[str, str | None]]:
    """The outcome of each case, with its project's state."""
    projects = {
        row["application_id"]: row["state"] for row in await judging.rows("SELECT application_id, state FROM project")
    }
    return {case: (found["outcome"], projects.get(case)) for case, found in (await judging.outcomes()).items()}


async def place(judging: Judging) -> tuple[int, int]:
    (row,) = await judging.rows("SELECT taken, vacated FROM place")
    return row["taken"], row["vacated"]


async def test_a_commitment_confirms_the_project_once_however_often_it_is_delivered(judging: Judging):
    (case,) = await decided(judging, [40_000_000])
    project = await judging.project(case)
    record = judging.record(judging.committed(project, judging.balance(JEONJU, 100)))
    await judging.apply([record, record])
    await judging.apply([record])
    assert (await judging.project(case))["state"] == "CONFIRMED"
    assert [event["project_id"] for event in await judging.told("confirmed")] == [project["id"]]
    entries = await judging.journal(f"project/{project['id']}")
    assert [entry["decision"] for entry in entries] == ["project-selected", "project-confirmed"]
    assert entries[1]["actor"].startswith("service:")


async def test_a_refusal_frees_the_place_for_the_next_reserve_and_says_on_whose_word(judging: Judging):
    first, second, third = await decided(judging, [40_000_000] * 3)
    project = await judging.project(first)
    await judging.deliver(judging.refused(project, judging.balance(JEONJU, NEED)))
    assert await states(judging) == {
        first.id: ("SELECTED", "NOT_FUNDED"),
        second.id: ("SELECTED", "SELECTED"),
        third.id: ("RESERVE", None),
    }
    assert (await judging.told("not-funded"))[0]["reason"] == "F-05: MUNICIPALITY"
    promoted = [event for event in await judging.told("selected") if event["promoted"]]
    assert [event["application_id"] for event in promoted] == [str(second.id)]
    assert [e["outcome"] for e in await judging.told("ranked") if e["application_id"] == str(second.id)] == [
        "RESERVE",
        "SELECTED",
    ]
    (entry,) = await judging.journal(f"project/{promoted[0]['project_id']}")
    assert entry["evidence"][0].startswith("event/")
    assert await place(judging) == (1, 0)


async def test_a_reserve_that_the_municipality_cannot_fund_is_passed_over_and_told_why(judging: Judging):
    first, dear, cheap = await decided(judging, [40_000_000, 40_000_000, 20_000_000])
    await judging.deliver(judging.refused(await judging.project(first), judging.balance(JEONJU, NEED - 1)))
    found = await judging.outcomes()
    assert (found[dear.id]["outcome"], found[cheap.id]["outcome"]) == ("RESERVE", "SELECTED")
    assert found[dear.id]["passed_over"] == {
        "budget": f"MUNICIPALITY/{JEONJU}",
        "needed_won": NEED,
        "left_won": NEED - 1,
    }
    (entry,) = [e for e in await judging.journal(f"application/{dear.id}") if e["decision"] == "reserve-passed-over"]
    assert entry["facts"]["needed_won"] == NEED


async def test_no_reserve_is_promoted_on_money_that_a_better_case_still_waits_for(judging: Judging):
    first, second, reserve = await decided(judging, [40_000_000] * 3, seats=2)
    await judging.deliver(judging.refused(await judging.project(first), judging.balance(JEONJU, NEED)))
    assert (await states(judging))[reserve.id] == ("RESERVE", None)
    assert await place(judging) == (1, 1)

    await judging.deliver(judging.refused(await judging.project(second), judging.balance(JEONJU, NEED)))
    assert (await states(judging))[reserve.id] == ("SELECTED", "SELECTED")
    assert await place(judging) == (1, 1)


async def test_reserves_move_up_one_after_another_until_none_is_left(judging: Judging):
    cases = await decided(judging, [40_000_000] * 5)
    for number, case in enumerate(cases):
        assert (await states(judging))[case.id] == ("SELECTED", "SELECTED")
        await judging.deliver(judging.refused(await judging.project(case), judging.balance(JEONJU, NEED)))
        assert await judging.value("SELECT count(*) FROM project WHERE promoted") == min(number + 1, 4)
    assert {state for _, state in (await states(judging)).values()} == {"NOT_FUNDED"}
    assert await place(judging) == (0, 1)


@pytest.mark.parametrize("door", ["project", "application"])
async def test_a_withdrawn_place_is_free_only_when_its_money_is_back(judging: Judging, door):
    first, second = await decided(judging, [40_000_000] * 2)
    project = await judging.project(first)
    await judging.deliver(judging.committed(project, judging.balance(JEONJU, 0)))
    project = await judging.project(first)
    if door == "project":
        path, version = f"/v1/projects/{project['id']}/withdrawals", project["version"]
    else:
        path, version = f"/v1/applications/{first.id}/withdrawals", 2
    answer = await judging.post(path, {"reason": "경영 사정"}, by=owner_of(first), version=version)
    assert answer.status_code == 201, answer.text

    assert [event["project_id"] for event in await judging.told("project.withdrawn")] == [project["id"]]
    assert len(await judging.told("application.withdrawn")) == 1
    assert "경영" not in str(await judging.journal(f"project/{project['id']}"))
    assert (await judging.project(first))["holds_place"] is True
    assert (await states(judging))[second.id] == ("RESERVE", None)
    assert await place(judging) == (1, 0)

    released = judging.record(judging.released(project, judging.balance(JEONJU, NEED)))
    await judging.apply([released, released])
    assert (await states(judging))[second.id] == ("SELECTED", "SELECTED")
    assert (await judging.project(first))["holds_place"] is False
    assert await place(judging) == (1, 0)


async def test_only_the_firm_itself_gives_its_place_back_and_only_the_version_it_read(judging: Judging):
    first, second = await decided(judging, [40_000_000] * 2)
    project = await judging.project(first)
    path, body = f"/v1/projects/{project['id']}/withdrawals", {"reason": "사정"}
    assert (await judging.post(path, body, by=owner_of(second), version=1)).status_code == 404
    assert (await judging.post(path, body, by=APPROVER, version=1)).status_code == 403
    assert (await judging.post(path, body, by=owner_of(first), version=9)).status_code == 412
    assert (await judging.post(path, body, by=owner_of(first))).status_code == 428
    assert (await judging.post(path, body, by=owner_of(first), version=1)).status_code == 201
    again = await judging.post(path, body, by=owner_of(first), version=2)
    assert (again.status_code, again.json()["code"]) == (409, "project-over")


async def test_a_withdrawal_that_crosses_a_refusal_frees_the_place_without_a_release(judging: Judging):
    first, second = await decided(judging, [40_000_000] * 2)
    project = await judging.project(first)
    path = f"/v1/projects/{project['id']}/withdrawals"
    await judging.post(path, {"reason": "사정"}, by=owner_of(first), version=1)
    await judging.deliver(judging.refused(project, judging.balance(JEONJU, NEED)))
    assert (await judging.project(first))["state"] == "WITHDRAWN"
    assert (await states(judging))[second.id] == ("SELECTED", "SELECTED")
    assert await judging.told("not-funded") == []


async def test_a_withdrawal_that_crosses_a_commitment_stands(judging: Judging):
    first, second = await decided(judging, [40_000_000] * 2)
    project = await judging.project(first)
    await judging.post(f"/v1/projects/{project['id']}/withdrawals", {"reason": "사정"}, by=owner_of(first), version=1)
    await judging.deliver(judging.committed(project, judging.balance(JEONJU, 0)))
    assert await judging.told("confirmed") == []
    assert await place(judging) == (1, 0)
    await judging.deliver(judging.released(project, judging.balance(JEONJU, NEED)))
    assert (await states(judging))[second.id] == ("SELECTED", "SELECTED")


async def test_a_reserve_that_has_withdrawn_is_not_promoted(judging: Judging):
    first, second, third = await decided(judging, [40_000_000] * 3)
    gone = await judging.post(
        f"/v1/applications/{second.id}/withdrawals", {"reason": "사정"}, by=owner_of(second), version=2
    )
    assert gone.status_code == 201, gone.text
    await judging.deliver(judging.refused(await judging.project(first), judging.balance(JEONJU, NEED)))
    assert (await states(judging))[second.id] == ("RESERVE", None)
    assert (await states(judging))[third.id] == ("SELECTED", "SELECTED")


async def test_the_newer_balance_wins_whatever_the_order_it_comes_in(judging: Judging):
    first, second, third = await decided(judging, [40_000_000] * 3, seats=2)
    newer, older = judging.balance(JEONJU, 0, version=7), judging.balance(JEONJU, 10 * NEED, version=6)
    await judging.deliver(judging.committed(await judging.project(second), newer))
    await judging.deliver(judging.refused(await judging.project(first), older))
    assert await judging.value("SELECT left_won FROM known_balance") == 0
    assert (await states(judging))[third.id] == ("RESERVE", None)


async def test_money_confirmed_later_fills_a_place_that_nobody_could_take(judging: Judging):
    first, second = await decided(judging, [40_000_000] * 2, where=WANJU)
    await judging.deliver(judging.refused(await judging.project(first), judging.balance(WANJU, 0)))
    assert await place(judging) == (0, 1)
    late = BudgetLineConfirmed(
        budget_line_id=events.new_id(), source="MUNICIPALITY", municipality_code=WANJU, fiscal_year=2024, track="B",
        amount_won=NEED, legal_regime="LOCAL_SUBSIDY", balance=judging.balance(WANJU, NEED),
    )  # fmt: skip
    await judging.deliver(late)
    assert (await states(judging))[second.id] == ("SELECTED", "SELECTED")


async def test_money_confirmed_while_a_place_is_being_freed_fills_it(judging: Judging):
    """The refusal has not seen the money, and the money must not miss the place."""
    first, second = await decided(judging, [40_000_000] * 2, where=WANJU)
    refused = judging.refused(await judging.project(first), judging.balance(WANJU, 0))
    late = BudgetLineConfirmed(
        budget_line_id=events.new_id(), source="MUNICIPALITY", municipality_code=WANJU, fiscal_year=2024, track="B",
        amount_won=NEED, legal_regime="LOCAL_SUBSIDY", balance=judging.balance(WANJU, NEED),
    )  # fmt: skip
    async with judging.database.transaction() as freeing:
        await take_refusal(freeing, refused, event_id=events.new_id(), now=judging.clock.now())
        confirming = asyncio.create_task(judging.deliver(late))
        await eventually(lambda: judging.value("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    await confirming
    assert (await states(judging))[second.id] == ("SELECTED", "SELECTED")


async def test_the_province_running_short_is_seen_too(judging: Judging):
    first, second = await decided(judging, [40_000_000] * 2)
    await judging.deliver(judging.refused(await judging.project(first), judging.balance(None, 22_031_999)))
    assert (await judging.outcomes())[second.id]["passed_over"]["budget"] == "PROVINCE"
    assert await place(judging) == (0, 1)


async def test_a_refusal_after_a_commitment_is_parked_and_changes_nothing(judging: Judging):
    first, second = await decided(judging, [40_000_000] * 2)
    project = await judging.project(first)
    await judging.deliver(judging.committed(project), judging.refused(project, judging.balance(JEONJU, NEED)))
    assert (await judging.project(first))["state"] == "CONFIRMED"
    assert (await states(judging))[second.id] == ("RESERVE", None)
    assert await judging.rows("SELECT reason FROM parked_event") == [{"reason": "refused"}]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_order_the_answers_come_in_no_place_and_no_won_is_given_twice(judging: Judging, seed):
    pick = random.Random(seed)
    await judging.open_call({("JS1", JEONJU): 3, ("JS1", WANJU): 3}, size_min=1)
    lines = [("JS1", where, pick.choice([20_000_000, 40_000_000]), True) for where in (JEONJU, WANJU) for _ in range(8)]
    cases = await judging.eligible_many(lines)
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 7000 + pick.randrange(2000)) for case in cases])
    await judging.decided()
    answered: set[str] = set()
    left = {JEONJU: 4 * HALF, WANJU: 3 * NEED}
    while True:
        open_ = [
            p
            for p in (await judging.get("/v1/projects", APPROVER, page_size=100)).json()["items"]
            if p["state"] == "SELECTED"
        ]
        open_ = [p for p in open_ if p["id"] not in answered]
        if not open_:
            break
        told = []
        for project in open_:
            answered.add(project["id"])
            where, need = project["municipality_code"], project["total_cost_won"] * 3213 // 10_000
            if need <= left[where] and pick.random() < 0.7:
                left[where] -= need
                told.append(judging.committed(project, judging.balance(where, left[where])))
            else:
                told.append(judging.refused(project, judging.balance(where, left[where])))
        records = [judging.record(one) for one in told]
        pick.shuffle(records)
        for record in records:
            await judging.apply([record])
    for row in await judging.rows(
        """
        SELECT p.seats, p.taken, count(j.id) FILTER (WHERE j.holds_place) AS held, count(j.id) AS projects
          FROM place p LEFT JOIN project j USING (call_id, type_code, municipality_code)
         GROUP BY p.seats, p.taken, p.municipality_code
        """
    ):
        assert row["taken"] == row["held"] <= row["seats"]
    assert await judging.value("SELECT count(*) FROM parked_event") == 0
    assert await judging.value("SELECT count(*) FROM project WHERE state = 'SELECTED'") == 0

    vacant_with_reserve = await judging.value(
        """
        SELECT count(*) FROM place p WHERE vacated > 0 AND EXISTS (SELECT FROM case_outcome o
         WHERE (o.call_id, o.type_code, o.municipality_code) = (p.call_id, p.type_code, p.municipality_code)
           AND o.outcome = 'RESERVE' AND o.passed_over IS NULL)
        """
    )
    assert vacant_with_reserve == 0


async def test_a_municipality_sees_no_project_of_another(judging: Judging):
    await decided(judging, [40_000_000])
    officer = Person("municipality.officer", "clerk", WANJU)
    assert (await judging.get("/v1/projects", officer, municipality_code=JEONJU)).json()["items"] == []
