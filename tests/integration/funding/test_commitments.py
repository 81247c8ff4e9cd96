"""From ProjectSelected to committed money or a refusal, and back: by the events as they come from Kafka."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from common import journal
from common.auth import Principal
from contracts.roles import Role
from tests.support.builders import project_selected, project_withdrawn
from tests.support.funding import AUDITOR, GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk

PROVINCE_SHARE, JEONJU_SHARE = 50_526_315, 29_473_684


async def test_a_selected_project_becomes_committed_money(funding: Funding):
    await funding.confirmed_rule()
    province = await funding.confirmed_line(PROVINCE_SHARE + 7)
    jeonju = await funding.confirmed_line(JEONJU_SHARE, JEONJU)
    selected = project_selected()

    await funding.deliver(selected)

    (told,) = await funding.told("commitment.committed")
    assert [(share["source"], share["amount_won"]) for share in told["shares"]] == [
        ("PROVINCE", PROVINCE_SHARE),
        ("MUNICIPALITY", JEONJU_SHARE),
        ("SME", 20_000_001),
    ]
    assert (told["nominal_burden_bp"], told["effective_burden_bp"]) == (1279, 2000)
    assert {b["budget_line_id"]: (b["left_won"], b["line_version"]) for b in told["balances"]} == {
        province: (7, 3),
        jeonju: (0, 3),
    }
    assert await funding.money() == {
        province: (PROVINCE_SHARE, 7, PROVINCE_SHARE, 7),
        jeonju: (JEONJU_SHARE, 0, JEONJU_SHARE, 0),
    }


@pytest.mark.parametrize(
    ("province_won", "jeonju_won", "short", "needed", "left"),
    [
        pytest.param(PROVINCE_SHARE - 1, JEONJU_SHARE, "PROVINCE", PROVINCE_SHARE, PROVINCE_SHARE - 1, id="one won"),
        pytest.param(PROVINCE_SHARE, JEONJU_SHARE - 1, "MUNICIPALITY", JEONJU_SHARE, JEONJU_SHARE - 1, id="the county"),
        pytest.param(PROVINCE_SHARE, None, "MUNICIPALITY", JEONJU_SHARE, 0, id="no line at all"),
    ],
)
async def test_a_short_budget_refuses_with_the_rule_the_source_and_what_is_left(
    funding: Funding, province_won, jeonju_won, short, needed, left
):
    await funding.confirmed_rule()
    await funding.confirmed_line(province_won)
    if jeonju_won is not None:
        await funding.confirmed_line(jeonju_won, JEONJU)
    before = await funding.money()

    await funding.deliver(project_selected())

    (told,) = await funding.told("commitment.")
    assert (told["rule"], told["short_source"], told["needed_won"], told["left_won"]) == ("F-05", short, needed, left)
    assert await funding.money() == before


async def test_a_proposed_line_has_nothing_to_commit(funding: Funding):
    await funding.confirmed_rule()
    await funding.confirmed_line(PROVINCE_SHARE)
    proposed = await funding.propose_line(
        clerk(JEONJU), source="MUNICIPALITY", municipality_code=JEONJU, amount_won=JEONJU_SHARE
    )
    assert proposed.status_code == 201

    await funding.deliver(project_selected())

    (told,) = await funding.told("commitment.")
    assert (told["short_source"], told["left_won"]) == ("MUNICIPALITY", 0)


async def test_another_municipalitys_money_is_not_this_projects(funding: Funding):
    await funding.confirmed_rule()
    await funding.confirmed_line(PROVINCE_SHARE)
    await funding.confirmed_line(JEONJU_SHARE, GUNSAN)

    await funding.deliver(project_selected(municipality_code=JEONJU))

    (told,) = await funding.told("commitment.")
    assert (told["short_source"], told["left_won"]) == ("MUNICIPALITY", 0)


async def _funded(funding: Funding) -> None:
    await funding.confirmed_rule()
    await funding.confirmed_line(2 * PROVINCE_SHARE)
    await funding.confirmed_line(2 * JEONJU_SHARE, JEONJU)


async def test_the_same_project_selected_again_has_no_second_effect(funding: Funding):
    await _funded(funding)
    selected = project_selected()
    await funding.deliver(selected)
    once = await funding.money()

    await funding.deliver(selected)

    assert await funding.money() == once
    assert len(await funding.told("commitment.")) == 1


async def test_the_same_record_twice_in_one_batch_has_one_effect(funding: Funding):
    await _funded(funding)
    record = funding.record(project_selected())

    await funding.apply([record, record])

    assert len(await funding.told("commitment.")) == 1


async def test_handlers_that_race_for_one_project_commit_it_once(funding: Funding):
    await _funded(funding)
    selected = project_selected()

    await asyncio.gather(*(funding.handle(selected) for _ in range(10)))

    assert len(await funding.told("commitment.committed")) == 1
    assert [committed for committed, *_ in (await funding.money()).values()] == [PROVINCE_SHARE, JEONJU_SHARE]


async def test_a_withdrawal_returns_every_won_by_a_reversing_transfer(funding: Funding):
    await _funded(funding)
    before = await funding.money()
    selected = project_selected()

    await funding.deliver(selected, project_withdrawn(selected))

    assert await funding.money() == before
    (told,) = await funding.told("commitment.released")
    assert {b["line_version"] for b in told["balances"]} == {4}
    commitment = (await funding.get(f"/v1/commitments/{selected.project_id}", TREASURER)).json()
    assert commitment["state"] == "RELEASED"
    reversal = await funding.rows(
        "SELECT kind, reverses_transfer_id::text AS reverses FROM ledger_transfer WHERE id = :id",
        id=UUID(commitment["reversal_id"]),
    )
    assert reversal == [{"kind": "REVERSAL", "reverses": commitment["transfer_id"]}]


async def test_a_second_withdrawal_and_a_late_selection_change_nothing(funding: Funding):
    await _funded(funding)
    selected = project_selected()
    await funding.deliver(selected, project_withdrawn(selected))
    once = (await funding.money(), await funding.told("commitment."))

    await funding.deliver(project_withdrawn(selected), selected)

    assert (await funding.money(), await funding.told("commitment.")) == once


async def test_withdrawing_a_refused_project_changes_nothing(funding: Funding):
    await funding.confirmed_rule()
    selected = project_selected()

    await funding.deliver(selected, project_withdrawn(selected))

    assert [told.get("rule") for told in await funding.told("commitment.")] == ["F-05"]
    assert (await funding.get(f"/v1/commitments/{selected.project_id}", AUDITOR)).json()["state"] == "REFUSED"


async def test_freed_money_can_be_committed_again(funding: Funding):
    await funding.confirmed_rule()
    await funding.confirmed_line(PROVINCE_SHARE)
    await funding.confirmed_line(JEONJU_SHARE, JEONJU)
    first, second, third = project_selected(), project_selected(), project_selected()

    await funding.deliver(first, second, project_withdrawn(first), third)

    states = {row["project_id"]: row["state"] for row in await funding.rows("SELECT project_id, state FROM commitment")}
    assert states == {first.project_id: "RELEASED", second.project_id: "REFUSED", third.project_id: "COMMITTED"}


async def test_an_unknown_rule_parks_the_event_and_others_flow(funding: Funding):
    await _funded(funding)
    proposed = await funding.propose_rule("b-2025")
    assert proposed.status_code == 201

    await funding.deliver(project_selected(split_rule_version="b-2025"), project_selected())

    assert len(await funding.told("commitment.")) == 1
    (parked,) = await funding.rows("SELECT reason, detail FROM parked_event")
    assert parked["reason"] == "refused"
    assert "split-rule-unknown" in parked["detail"]


async def test_once_the_rule_is_confirmed_the_parked_events_are_redriven_in_order(funding: Funding):
    await _funded(funding)
    selected = project_selected(split_rule_version="b-2025")
    await funding.deliver(selected)
    await funding.deliver(project_withdrawn(selected))
    assert await funding.told("commitment.") == []

    await funding.confirmed_rule("b-2025")
    redriven = await funding.redrive(selected)

    assert (redriven.applied, redriven.left) == (2, 0)
    told = await funding.rows("SELECT type FROM outbox WHERE topic = 'funding.commitment.v1' ORDER BY id")
    assert [row["type"].split(".")[-2] for row in told] == ["committed", "released"]
    assert {counter for counter, *_ in (await funding.money()).values()} == {0}


@pytest.mark.parametrize(
    "heard_at", [datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 7, 1, tzinfo=UTC)], ids=["before", "after"]
)
async def test_a_rule_decides_on_what_was_selected_from_its_first_day_in_korea_on(funding: Funding, heard_at: datetime):
    await _funded(funding)
    await funding.confirmed_rule("b-june", valid_from="2024-06-01")
    last_moment, first_moment = (
        project_selected(split_rule_version="b-june"),
        project_selected(split_rule_version="b-june"),
    )

    funding.clock.move_to(heard_at)
    await funding.deliver(last_moment, happened_at=datetime(2024, 5, 31, 14, 59, 59, tzinfo=UTC))
    await funding.deliver(first_moment, happened_at=datetime(2024, 5, 31, 15, 0, tzinfo=UTC))

    assert [told["project_id"] for told in await funding.told("commitment.")] == [str(first_moment.project_id)]
    assert "split-rule-not-in-force" in await funding.value("SELECT detail FROM parked_event")


async def test_the_journal_explains_a_commitment_to_the_won(funding: Funding):
    await _funded(funding)
    selected = project_selected()

    await funding.deliver(selected, project_withdrawn(selected))

    chain = f"project/{selected.project_id}"
    entries = await funding.rows(
        "SELECT decision, actor, rule_version, facts FROM journal_entry WHERE chain = :chain ORDER BY position",
        chain=chain,
    )
    assert [entry["decision"] for entry in entries] == ["project-committed", "commitment-released"]
    facts = entries[0]["facts"]
    assert {share["source"]: share["arithmetic"] for share in facts["shares"]} == {
        "PROVINCE": "80000000 * 5508 // 8721",
        "MUNICIPALITY": "80000000 * 3213 // 8721",
        "SME": "100000000 - 79999999",
    }
    assert entries[0]["rule_version"] == "b-2024"
    assert entries[0]["actor"] == Principal.service("funding").actor
    assert str(selected.company_id) not in str(facts)
    async with funding.owner.transaction() as tx:
        assert (await journal.verify(tx, chain)).faults == ()


async def test_who_may_see_a_commitment(funding: Funding):
    await _funded(funding)
    selected = project_selected()
    await funding.deliver(selected)
    path = f"/v1/commitments/{selected.project_id}"

    async def status(role: str, tenant: str) -> int:
        return (await funding.get(path, Person(role, tenant, "reader"))).status_code

    assert await status(Role.AUDITOR, "52") == 200
    assert await status(Role.MUNICIPALITY_OFFICER, JEONJU) == 200
    assert await status(Role.MUNICIPALITY_OFFICER, GUNSAN) == 404
    assert await status(Role.COMPANY_STAFF, str(selected.company_id)) == 200
    assert await status(Role.COMPANY_OWNER, str(UUID(int=1))) == 404
    assert await status(Role.COMPANY_OWNER, "no company") == 401
    assert await status(Role.MENTOR, "samsung") == 403
    assert (await funding.get(path)).status_code == 401


async def test_lists_hold_only_what_is_the_callers(funding: Funding):
    await _funded(funding)
    await funding.confirmed_line(JEONJU_SHARE, GUNSAN)
    ours, theirs = project_selected(), project_selected(municipality_code=GUNSAN)
    await funding.deliver(ours, theirs)

    async def seen(by: Person, **query: object) -> set[str]:
        found = await funding.get("/v1/commitments", by, **query)
        assert found.status_code == 200, found.text
        return {item["project_id"] for item in found.json()["items"]}

    assert await seen(OFFICER) == {str(ours.project_id), str(theirs.project_id)}
    assert await seen(OFFICER, municipality_code=GUNSAN) == {str(theirs.project_id)}
    assert await seen(clerk(JEONJU)) == {str(ours.project_id)}
    assert await seen(clerk(JEONJU), municipality_code=GUNSAN) == set()
    assert await seen(Person(Role.COMPANY_OWNER, str(theirs.company_id), "owner")) == {str(theirs.project_id)}
