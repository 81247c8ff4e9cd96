"""The coverage of a signed agreement: each source its own share, complete only with all, granted once in force."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from contracts.applicant import ProjectSelected
from contracts.roles import Role
from tests.support.builders import agreement_effective, agreement_signed, project_selected, project_withdrawn
from tests.support.funding import GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk, head

BODY = {"reference": "전주시 기업지원과-2024-1", "evidence_sha256": "e" * 64}


def owner_of(selected: ProjectSelected) -> Person:
    return Person(Role.COMPANY_OWNER, str(selected.company_id), "owner")


async def committed(funding: Funding) -> tuple[ProjectSelected, UUID]:
    await funding.confirmed_rule()
    await funding.confirmed_line(1_000_000_000)
    await funding.confirmed_line(500_000_000, JEONJU)
    selected = project_selected()
    await funding.deliver(selected)
    return selected, await funding.value("SELECT id FROM commitment")


async def signed(funding: Funding) -> ProjectSelected:
    selected, commitment_id = await committed(funding)
    await funding.deliver(agreement_signed(selected, commitment_id))
    return selected


async def cover(funding: Funding, selected: ProjectSelected, source: str, by: Person, **options: Any) -> Any:
    path = f"/v1/coverages/{selected.project_id}/lines/{source}/confirmations"
    return await funding.post(path, BODY, by=by, version=options.pop("version", 1), **options)


async def coverage(funding: Funding, selected: ProjectSelected, by: Person = OFFICER) -> Any:
    found = await funding.get(f"/v1/coverages/{selected.project_id}", by)
    assert found.status_code == 200, found.text
    return found.json()


async def covered(funding: Funding, selected: ProjectSelected) -> None:
    for source, by in (("PROVINCE", TREASURER), ("MUNICIPALITY", head(JEONJU)), ("SME", owner_of(selected))):
        answer = await cover(funding, selected, source, by)
        assert answer.status_code == 201, answer.text


async def test_story_2_it_is_complete_only_with_the_last_of_province_municipality_and_firm(funding: Funding):
    selected = await signed(funding)
    for source, by in (("MUNICIPALITY", head(JEONJU)), ("SME", owner_of(selected))):
        assert (await cover(funding, selected, source, by)).json()["state"] == "OPEN"
        assert await funding.told("coverage-completed") == []
    assert (await cover(funding, selected, "PROVINCE", TREASURER)).json()["state"] == "COMPLETED"
    (told,) = await funding.told("coverage-completed")
    assert (told["project_id"], told["covered_won"]) == (str(selected.project_id), selected.total_cost_won)

    await funding.deliver(agreement_effective(selected))
    found = await coverage(funding, selected)
    assert (found["state"], found["version"], found["granted_at"] is not None) == ("GRANTED", 3, True)
    chain = await funding.rows(
        "SELECT decision, facts FROM journal_entry WHERE chain = :chain ORDER BY position",
        chain=f"project/{selected.project_id}",
    )
    assert [entry["decision"] for entry in chain] == [
        "project-committed",
        "coverage-opened",
        *["coverage-line-covered"] * 3,
        "coverage-granted",
        "release-gate-opened",
    ]
    assert BODY["reference"] not in str(chain)


async def test_nobody_covers_anothers_share_twice_or_what_is_not_there(funding: Funding):
    selected = await signed(funding)
    refused = [
        await cover(funding, selected, "MUNICIPALITY", TREASURER),
        await cover(funding, selected, "PROVINCE", head(JEONJU)),
        await cover(funding, selected, "PROVINCE", owner_of(selected)),
        await cover(funding, selected, "SME", head(JEONJU)),
        await cover(funding, selected, "MUNICIPALITY", clerk(JEONJU)),
        await cover(funding, selected, "PROVINCE", OFFICER),
    ]
    assert {answer.status_code for answer in refused} == {403}
    assert (await cover(funding, selected, "MUNICIPALITY", head(GUNSAN))).status_code == 404
    assert (await cover(funding, selected, "SME", owner_of(project_selected()))).status_code == 404
    assert (await cover(funding, selected, "SAMSUNG", TREASURER)).json()["code"] == "coverage-line-unknown"
    assert (await cover(funding, selected, "PROVINCE", TREASURER, version=2)).status_code == 412
    assert (await cover(funding, selected, "PROVINCE", TREASURER)).status_code == 201
    again = await cover(funding, selected, "PROVINCE", TREASURER)
    assert (again.status_code, again.json()["code"]) == (409, "coverage-line-covered")
    assert await funding.value("SELECT count(*) FROM coverage_line WHERE covered_at IS NOT NULL") == 1


async def test_edge_10_the_last_two_shares_covered_at_once_complete_it_once(funding: Funding):
    selected = await signed(funding)
    work = [("PROVINCE", TREASURER), ("MUNICIPALITY", head(JEONJU)), ("SME", owner_of(selected))] * 3
    answers = await asyncio.gather(*(cover(funding, selected, source, by) for source, by in work))
    assert sorted(answer.status_code for answer in answers if answer.status_code == 201) == [201] * 3
    assert len(await funding.told("coverage-completed")) == 1
    assert (await coverage(funding, selected))["state"] == "COMPLETED"


async def test_edge_10_events_told_again_change_nothing(funding: Funding):
    selected, commitment_id = await committed(funding)
    told = agreement_signed(selected, commitment_id)
    await funding.deliver(told, told)
    await covered(funding, selected)
    effective = agreement_effective(selected)
    await funding.deliver(effective, effective)
    assert await funding.value("SELECT count(*) FROM parked_event") == 0
    assert (await coverage(funding, selected))["version"] == 3


@pytest.mark.parametrize("contradiction", ["another commitment", "one won more", "nothing committed"])
async def test_what_was_signed_must_be_what_was_committed_or_it_is_parked(funding: Funding, contradiction: str):
    selected, commitment_id = await committed(funding)
    told = {
        "another commitment": agreement_signed(selected, UUID(int=1)),
        "one won more": agreement_signed(selected, commitment_id, total_cost_won=selected.total_cost_won + 1),
        "nothing committed": agreement_signed(project_selected(), commitment_id),
    }[contradiction]
    await funding.deliver(told)
    assert await funding.value("SELECT count(*) FROM coverage") == 0
    assert await funding.value("SELECT count(*) FROM parked_event WHERE reason = 'refused'") == 1


async def test_effective_before_all_is_covered_is_parked(funding: Funding):
    selected = await signed(funding)
    await funding.deliver(agreement_effective(selected))
    assert (await coverage(funding, selected))["state"] == "OPEN"
    assert "coverage-over" in await funding.value("SELECT detail FROM parked_event")


async def test_edge_8_a_withdrawn_project_gives_its_money_back_and_closes_its_coverage(funding: Funding):
    selected = await signed(funding)
    before = await funding.value("SELECT sum(committed_won) FROM budget_line")
    assert before > 0
    assert (await cover(funding, selected, "PROVINCE", TREASURER)).status_code == 201
    withdrawn = project_withdrawn(selected)
    await funding.deliver(withdrawn)
    await funding.deliver(withdrawn)
    assert await funding.value("SELECT sum(committed_won) FROM budget_line") == 0
    assert (await coverage(funding, selected))["state"] == "CLOSED"
    late = await cover(funding, selected, "MUNICIPALITY", head(JEONJU), version=2)
    assert (late.status_code, late.json()["code"]) == (409, "coverage-over")


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE coverage SET state = 'COMPLETED', completed_at = now(), version = 2",
        "UPDATE coverage SET state = 'GRANTED', completed_at = now(), granted_at = now(), version = 2",
        "UPDATE coverage_line SET covered_by = 'x' WHERE source = 'PROVINCE'",
        "UPDATE coverage_line SET reference = NULL, evidence_sha256 = NULL, covered_by = NULL, covered_at = NULL",
        "DELETE FROM coverage_line",
    ],
)
async def test_not_even_the_owner_role_grants_what_is_not_covered(funding: Funding, attack: str):
    selected = await signed(funding)
    assert (await cover(funding, selected, "PROVINCE", TREASURER)).status_code == 201
    with pytest.raises(DBAPIError):
        async with funding.owner.transaction() as tx:
            await tx.execute(text(attack))
