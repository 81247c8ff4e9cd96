"""Funding is asked best first, by one key per call, and reserves move up once it has answered for all."""

from typing import Any

import httpx
import pytest

from applicant.selections.commands import decide_in_stages
from applicant.selections.jobs import work_decisions
from contracts.roles import Role
from tests.support.judging import APPROVER, JEONJU, WANJU, Judging, Person, Standing, owner_of

NEED = 22_032_000
"""What a plan of 40 million won of type JS1 takes of the province's line."""

TOWNS = (JEONJU, WANJU, JEONJU, WANJU, WANJU, JEONJU)


async def ranked(judging: Judging, seats: dict[tuple[str, str], int], towns: tuple[str, ...] = TOWNS) -> list[Standing]:
    """Cases of these towns, best first, and a ranking of them; put into place the other way round."""
    await judging.open_call(seats, size_min=1)
    cases = (await judging.eligible_many([("JS1", town, 40_000_000, True) for town in reversed(towns)]))[::-1]
    await judging.panel(1)
    await judging.lock_sheets([(case, 1, 9_000 - 100 * place) for place, case in enumerate(cases)])
    assert (await judging.propose()).status_code == 201
    return cases


async def asked(judging: Judging) -> list[tuple[int, str]]:
    """The requests that were made, by their sequence in the call's one key."""
    rows = await judging.rows(
        "SELECT key, sequence, convert_from(payload, 'UTF8')::jsonb AS data FROM outbox"
        " WHERE topic = 'applicant.selection.v1' ORDER BY id"
    )
    assert {row["key"] for row in rows} <= {judging.call_id}
    return [(row["sequence"], row["data"]["application_id"]) for row in rows]


def in_turn(*cases: Standing) -> list[tuple[int, str]]:
    return [(turn, str(case.id)) for turn, case in enumerate(cases, start=1)]


async def test_money_is_asked_for_in_the_order_of_the_ranking_whatever_the_line(judging: Judging):
    cases = await ranked(judging, {("JS1", JEONJU): 2, ("JS1", WANJU): 2})
    assert (await judging.decide()).status_code == 201
    assert await asked(judging) == in_turn(*cases[:4])
    assert [told["asked_in_turn"] for told in await judging.told("project.selected")] == [True] * 4
    project = await judging.project(cases[2])
    (request,) = [one for one in await judging.told("commitment-requested") if one["project_id"] == project["id"]]
    assert (request["total_cost_won"], request["split_rule_version"]) == (40_000_000, project["split_rule_version"])


async def test_who_leaves_between_decision_and_telling_leaves_no_gap_between_the_turns(
    judging: Judging, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(decide_in_stages, "TOLD_AT_ONCE", 2)
    cases = await ranked(judging, {("JS1", JEONJU): 3, ("JS1", WANJU): 3})
    path = f"/v1/calls/{judging.call_id}/selection-decisions"
    assert (await judging.post(path, {"ranking": 1}, by=APPROVER, version=1)).status_code == 202
    assert await work_decisions(judging.database, judging.clock)
    for left in (cases[1], cases[2]):
        gone = await judging.post(
            f"/v1/applications/{left.id}/withdrawals", {"reason": "사정"}, by=owner_of(left), version=1
        )
        assert gone.status_code == 201, gone.text
    while await work_decisions(judging.database, judging.clock):
        pass
    assert await asked(judging) == in_turn(cases[0], *cases[3:])


@pytest.mark.parametrize("first_told", [0, 1])
async def test_the_better_reserve_moves_up_whichever_refusal_came_first(judging: Judging, first_told: int):
    """Money is there for one of the two lines that lost their place: it goes by rank, and not before both are known."""
    cases = await ranked(judging, {("JS1", JEONJU): 1, ("JS1", WANJU): 1})
    await judging.decide()
    projects = [await judging.project(cases[0]), await judging.project(cases[1])]
    # Funding answered in turn, so the second answer bears the newer balance; they travel by different keys.
    refusals = [judging.refused(project, judging.balance(None, NEED)) for project in projects]

    await judging.deliver(refusals[first_told])
    assert [outcome["outcome"] for outcome in (await judging.outcomes()).values()].count("SELECTED") == 2
    await judging.deliver(refusals[1 - first_told])

    found = await judging.outcomes()
    assert (found[cases[3].id]["outcome"], found[cases[2].id]["outcome"]) == ("RESERVE", "SELECTED")
    assert found[cases[3].id]["passed_over"]["left_won"] == 0
    assert await asked(judging) == in_turn(cases[0], cases[1], cases[2])


async def test_reserves_of_several_lines_move_up_together_best_first(judging: Judging):
    cases = await ranked(judging, {("JS1", JEONJU): 1, ("JS1", WANJU): 1}, (*TOWNS[:2], WANJU, JEONJU, WANJU, JEONJU))
    await judging.decide()
    for case in (cases[1], cases[0]):
        await judging.deliver(judging.refused(await judging.project(case), judging.balance(None, 2 * NEED)))
    assert await asked(judging) == in_turn(*cases[:4])
    # The next round waits for both of this one's answers as well.
    await judging.deliver(judging.refused(await judging.project(cases[3]), judging.balance(None, 2 * NEED)))
    assert len(await asked(judging)) == 4
    await judging.deliver(judging.committed(await judging.project(cases[2]), judging.balance(None, NEED)))
    assert await asked(judging) == in_turn(*cases[:4], cases[5])


async def test_a_firm_that_leaves_unanswered_keeps_nobody_waiting_for_ever(judging: Judging):
    cases = await ranked(judging, {("JS1", JEONJU): 1, ("JS1", WANJU): 1})
    await judging.decide()
    left = await judging.project(cases[0])
    path = f"/v1/projects/{left['id']}/withdrawals"
    assert (await judging.post(path, {"reason": "사정"}, by=owner_of(cases[0]), version=1)).status_code == 201
    await judging.deliver(judging.refused(await judging.project(cases[1]), judging.balance(None, 2 * NEED)))
    assert await asked(judging) == in_turn(cases[0], cases[1], cases[3])
    await judging.deliver(judging.committed(left), judging.released(left, judging.balance(None, 2 * NEED)))
    assert (await judging.outcomes())[cases[2].id]["outcome"] == "RESERVE", "one of the call is asked for"
    await judging.deliver(judging.committed(await judging.project(cases[3]), judging.balance(None, NEED)))
    assert await asked(judging) == in_turn(cases[0], cases[1], cases[3], cases[2])


async def ask_again(
    judging: Judging, project: dict[str, Any], *, by: Person = APPROVER, version: int = 1
) -> httpx.Response:
    return await judging.post(f"/v1/projects/{project['id']}/commitment-requests", by=by, version=version)


async def test_a_request_that_was_discarded_is_made_again_behind_all_others(judging: Judging):
    cases = await ranked(judging, {("JS1", JEONJU): 1, ("JS1", WANJU): 1})
    await judging.decide()
    project = await judging.project(cases[0])
    assert (await ask_again(judging, project, version=9)).status_code == 412
    assert (await ask_again(judging, project, by=Person(Role.PROVINCE_OFFICER, "officer", "52"))).status_code == 403
    assert (await ask_again(judging, {"id": judging.call_id})).status_code == 404
    made = await ask_again(judging, project)
    assert (made.status_code, made.json()["id"]) == (201, project["id"])
    assert await asked(judging) == in_turn(cases[0], cases[1], cases[0])
    first, _, again = await judging.told("commitment-requested")
    assert again == first
    entries = [entry["decision"] for entry in await judging.journal(f"project/{project['id']}")]
    assert entries == ["project-selected", "commitment-requested-again"]

    await judging.deliver(judging.committed(project))
    late = await ask_again(judging, project, version=2)
    assert (late.status_code, late.json()["code"]) == (409, "funding-has-answered")
    assert len(await asked(judging)) == 3
