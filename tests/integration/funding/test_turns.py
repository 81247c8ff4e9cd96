"""Money is asked for in turn: who is better ranked is answered first, whatever arrives when, stands still or leaves."""

import itertools
import random
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.db import sqlstate
from common.event import WireRecord, new_id
from contracts.applicant import ProjectSelected
from contracts.roles import Role
from tests.support.builders import commitment_requested, project_selected, project_withdrawn
from tests.support.funding import AUDITOR, Funding, Person

# Shares of a province's line of 100 won, best first: the second does not fit any more, the third takes the last won.
SHARES_WON = (60, 50, 40, 10)
HALF: dict[str, Any] = {"shares": [{"source": "PROVINCE", "rate_bp": 5000}], "capped_sources": []}
ANSWERS = ["COMMITTED", "REFUSED", "COMMITTED", "REFUSED"]
KIM = Person(Role.PLATFORM_OPERATOR, "platform", "kim")
LEE = Person(Role.PLATFORM_OPERATOR, "platform", "lee")


@pytest.fixture(autouse=True)
async def half_by_the_province(funding: Funding) -> None:
    await funding.confirmed_rule("half", **HALF)


async def a_call(funding: Funding, track: str, *, won: int = 100, shares: tuple[int, ...] = SHARES_WON) -> list[Any]:
    """The selected of one call, best first, and the province's line that they compete for."""
    await funding.confirmed_line(won, track=track)
    call_id = new_id()
    return [
        project_selected(
            call_id=call_id, track=track, split_rule_version="half", total_cost_won=2 * share, asked_in_turn=True
        )
        for share in shares
    ]


def requests(funding: Funding, selected: list[ProjectSelected]) -> list[WireRecord]:
    """What the applicant service asks for them, in the order of the ranking."""
    return [funding.record(commitment_requested(one)) for one in selected]


async def answers(funding: Funding, selected: list[ProjectSelected]) -> list[str | None]:
    found = await funding.rows("SELECT project_id, state FROM commitment")
    states = {row["project_id"]: row["state"] for row in found}
    return [states.get(one.project_id) for one in selected]


@pytest.mark.promise("R20")
async def test_in_whatever_order_requests_arrive_the_better_firm_has_the_last_won(funding: Funding):
    """Every permutation of the requests of a short line, told between selections in another order."""
    for number, arrival in enumerate(itertools.permutations(range(len(SHARES_WON)))):
        selected = await a_call(funding, f"R{number}")
        asked = requests(funding, selected)
        told = [funding.record(one) for one in random.Random(number).sample(selected, len(selected))]
        for selection, at in zip(told, arrival, strict=True):
            await funding.arrive(selection, asked[at])
        assert await answers(funding, selected) == ANSWERS, arrival
        turns = await funding.rows(
            "SELECT turn FROM outbox JOIN commitment ON project_id = key WHERE call_id = :call ORDER BY outbox.id",
            call=selected[0].call_id,
        )
        assert [row["turn"] for row in turns] == [1, 2, 3, 4]
    assert await funding.value("SELECT count(*) FROM parked_event WHERE resolved_at IS NULL") == 0
    for committed, left, posted, available in (await funding.money()).values():
        assert (committed, left) == (posted, available) == (100, 0)


async def test_a_selection_that_is_asked_in_turn_commits_nothing_by_itself(funding: Funding):
    selected = await a_call(funding, "T")
    await funding.deliver(*selected)
    assert await funding.told("commitment.") == []
    await funding.arrive(*requests(funding, selected))
    assert await answers(funding, selected) == ANSWERS


async def test_a_selection_of_before_there_were_turns_is_answered_at_once_and_once(funding: Funding):
    """A program of before has answered the selection; its request comes to the one of today."""
    (selected,) = await a_call(funding, "T", shares=(60,))
    asks_itself = project_selected(
        **{name: getattr(selected, name) for name in ("project_id", "call_id", "track", "split_rule_version")},
        total_cost_won=120,
    )
    await funding.deliver(asks_itself)
    assert await answers(funding, [selected]) == ["COMMITTED"]
    once = await funding.money()

    await funding.arrive(*requests(funding, [selected]))

    assert await funding.money() == once
    assert len(await funding.told("commitment.")) == 1
    (row,) = await funding.rows("SELECT turn FROM commitment")
    assert row["turn"] is None


async def test_a_request_that_comes_twice_or_is_made_again_has_one_answer(funding: Funding):
    selected = await a_call(funding, "T")
    asked = requests(funding, selected)
    await funding.apply([asked[0], asked[0], *asked])
    await funding.arrive(asked[1], *requests(funding, selected))
    assert await answers(funding, selected) == ANSWERS
    assert len(await funding.told("commitment.")) == len(selected)
    assert await funding.value("SELECT max(turn) FROM commitment") == len(selected)


@pytest.mark.parametrize("withdrawn_at", range(3))
async def test_a_withdrawal_that_overtakes_its_request_is_kept_for_its_turn(funding: Funding, withdrawn_at: int):
    """Whenever it is heard before the turn comes, the others have the same answers, and the money is back."""
    selected = await a_call(funding, "T", shares=(60, 40, 40))
    asked = requests(funding, selected)
    arriving = [asked[2], asked[0], asked[1]]
    arriving[withdrawn_at:withdrawn_at] = [funding.record(selected[1]), funding.record(project_withdrawn(selected[1]))]

    await funding.arrive(*arriving)

    assert await answers(funding, selected) == ["COMMITTED", "RELEASED", "COMMITTED"]
    assert [one["project_id"] for one in await funding.told("commitment.released")] == [str(selected[1].project_id)]
    chain = f"project/{selected[1].project_id}"
    entries = await funding.rows(
        "SELECT decision FROM journal_entry WHERE chain = :chain ORDER BY position", chain=chain
    )
    assert [entry["decision"] for entry in entries] == [
        "withdrawn-before-its-turn",
        "project-committed",
        "commitment-released",
    ]
    assert [counter for counter, *_ in (await funding.money()).values()] == [100]
    assert await funding.value("SELECT count(*) FROM parked_event WHERE resolved_at IS NULL") == 0


async def test_who_left_before_the_turn_and_could_not_be_paid_is_refused_and_frees_nothing(funding: Funding):
    selected = await a_call(funding, "T", shares=(90, 40))
    await funding.deliver(selected[1], project_withdrawn(selected[1]), project_withdrawn(selected[1]))
    await funding.arrive(*requests(funding, selected))
    assert await answers(funding, selected) == ["COMMITTED", "REFUSED"]
    assert await funding.told("commitment.released") == []


async def _stuck(funding: Funding, *, promoted: bool = False) -> list[ProjectSelected]:
    """A call whose second request rests on a rule that nobody has made yet, and another call."""
    selected = await a_call(funding, "T")
    reserve = await a_call(funding, "U", shares=(40,))
    facts = ("project_id", "application_id", "call_id", "company_id", "track", "total_cost_won")
    selected[1] = project_selected(
        **{name: getattr(selected[1], name) for name in facts}, split_rule_version="later", asked_in_turn=True
    )
    if promoted:
        moved_up = project_selected(
            call_id=selected[0].call_id, track="T", split_rule_version="half", total_cost_won=80, promoted=True
        )
        selected.append(moved_up)
    await funding.arrive(*requests(funding, selected), *requests(funding, reserve))
    assert await answers(funding, reserve) == ["COMMITTED"], "another call does not wait"
    return selected


async def test_behind_a_parked_request_the_call_waits_visibly_and_nobody_overtakes(funding: Funding):
    selected = await _stuck(funding, promoted=True)
    assert await answers(funding, selected) == ["COMMITTED", None, None, None, None]
    shown = (await funding.get("/v1/parked-events", KIM, topic="applicant.selection.v1", state="WAITING")).json()[
        "items"
    ]
    assert [(each["key"], each["reason"]) for each in shown] == [
        (str(selected[0].call_id), reason) for reason in ("refused", "behind", "behind", "behind")
    ]
    assert "split-rule-unknown" in shown[0]["fault"]

    await funding.confirmed_rule("later", **HALF)
    redriven = await funding.redrive(commitment_requested(selected[1]))

    assert (redriven.applied, redriven.left) == (4, 0)
    assert await answers(funding, selected) == [*ANSWERS, "REFUSED"]


async def test_two_people_discard_a_parked_request_and_it_can_be_made_again_behind_the_others(funding: Funding):
    selected = await _stuck(funding)
    (stuck,) = await funding.rows("SELECT id FROM parked_event WHERE reason = 'refused'")
    path = f"/v1/parked-events/{stuck['id']}"
    asked = await funding.post(f"{path}/discards", {"reason": "분담 규칙이 폐기됨"}, by=KIM)
    assert asked.is_success, asked.text
    version = (await funding.get(path, LEE)).headers["etag"].strip('"')
    confirmed = await funding.post(f"{path}/discard-confirmations", by=LEE, version=int(version))
    assert confirmed.is_success, confirmed.text
    # Without the second the third and the fourth are answered in their turn; the second has no answer.
    assert await answers(funding, selected) == ["COMMITTED", None, "COMMITTED", "REFUSED"]

    await funding.confirmed_rule("later", **HALF)
    await funding.arrive(*requests(funding, [selected[1]]))

    assert await answers(funding, selected) == ANSWERS
    assert await funding.value("SELECT turn FROM commitment WHERE project_id = :id", id=selected[1].project_id) == 5


async def test_the_turn_is_shown_and_explained(funding: Funding):
    selected = await a_call(funding, "T")
    await funding.arrive(*requests(funding, selected))
    for turn, one in enumerate(selected, start=1):
        shown = (await funding.get(f"/v1/commitments/{one.project_id}", AUDITOR)).json()
        assert shown["turn"] == turn
        facts: dict[str, Any] = await funding.value(
            "SELECT facts FROM journal_entry WHERE chain = :chain", chain=f"project/{one.project_id}"
        )
        assert facts["turn"] == turn


@pytest.mark.parametrize(
    "attack",
    ["UPDATE early_withdrawal SET heard_at = now()", "DELETE FROM early_withdrawal", "TRUNCATE early_withdrawal"],
)
async def test_who_had_left_stands_even_against_the_owner_of_the_table(funding: Funding, attack: str):
    (selected,) = await a_call(funding, "T", shares=(60,))
    await funding.deliver(selected, project_withdrawn(selected))
    with pytest.raises(DBAPIError) as refused:
        async with funding.owner.transaction() as tx:
            await tx.execute(text(attack))
    assert sqlstate(refused.value) in {"23001", "42501"}, "restrict_violation or insufficient_privilege"
    (kept,) = await funding.rows("SELECT project_id, municipality_code FROM early_withdrawal")
    assert kept == {"project_id": selected.project_id, "municipality_code": selected.municipality_code}
