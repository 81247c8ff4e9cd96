"""What lapses is looked at before its year ends: once a line and stage, whoever looks, is killed or looks again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common import failpoints
from common.acting import THE_SERVICE
from common.clock import KST
from contracts.roles import Role
from funding.lapse_warnings.jobs import warn_of_lapses
from tests.support.builders import project_selected
from tests.support.funding import AUDITOR, GUNSAN, JEONJU, OFFICER, TREASURER, Funding, Person, clerk
from tests.support.releases import budgets, in_force
from tests.support.waiting import eventually

pytestmark = pytest.mark.anyio

NOVEMBER, DECEMBER, LATE = (datetime(2024, *day, 9, tzinfo=KST) for day in ((11, 1), (12, 1), (12, 21)))
NEXT_NOVEMBER = datetime(2025, 11, 1, 9, tzinfo=KST)
_WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'ledger_account'::regclass AND NOT granted"
_CARRY = {"cause": "BUILD_CROSSES_YEAR", "reference": "2024-12 의결 77"}
_OF_ANOTHER_YEAR = """
    INSERT INTO lapse_warning SELECT budget_line_id, 5, source, municipality_code, track, fiscal_year,
        looked_at + interval '1 year', 0, 0, 0, 0, rule_version, lapses_in FROM lapse_warning
"""


async def look(funding: Funding) -> bool:
    return await warn_of_lapses(funding.database, funding.clock)


async def looks(funding: Funding, by: Person = OFFICER) -> list[dict[str, Any]]:
    return list((await funding.get("/v1/lapse-warnings", by, fiscal_year=2024)).json()["items"])


@pytest.mark.promise("R3")
async def test_each_line_is_told_of_once_a_stage_with_its_amount_and_its_last_day(funding: Funding):
    await budgets(funding)
    await in_force(funding)
    funding.clock.move_to(NOVEMBER - timedelta(seconds=1))
    assert not await look(funding)
    funding.clock.move_to(NOVEMBER)
    assert await look(funding)
    assert not await look(funding)
    told = {event["source"]: event for event in await funding.told("lapse-warned")}
    assert set(told) == {"PROVINCE", "MUNICIPALITY"}
    shown = {
        line["source"]: line
        for line in (await funding.get("/v1/lapsing-money", OFFICER, fiscal_year=2024)).json()["items"]
    }
    for source, event in told.items():
        assert (event["stage_days"], event["days_left"], event["last_day"]) == (60, 60, "2024-12-31")
        for amount in ("uncommitted_won", "unpaid_won", "carried_won", "lapsing_won"):
            assert event[amount] == shown[source][amount], amount
        assert event["lapsing_won"] > 0
    decisions = await funding.rows("SELECT rule_version FROM journal_entry WHERE decision = 'lapse-warned'")
    assert [row["rule_version"] for row in decisions] == ["lapse/2022-1"] * 2
    assert [each["municipality_code"] for each in await looks(funding, clerk(JEONJU))] == [JEONJU]
    assert await looks(funding, clerk(GUNSAN)) == []
    assert len(await looks(funding, AUDITOR)) == 2


async def test_what_is_carried_over_meanwhile_is_told_of_no_more_and_a_stage_that_passed_is_not_made_up_for(
    funding: Funding,
):
    await budgets(funding)
    await in_force(funding)
    line = next(
        each
        for each in (await funding.get("/v1/lapsing-money", OFFICER, fiscal_year=2024)).json()["items"]
        if each["source"] == "PROVINCE"
    )
    funding.clock.move_to(DECEMBER + timedelta(days=2, hours=14, minutes=59))
    assert await look(funding)
    proposed = await funding.post(f"/v1/budget-lines/{line['budget_line_id']}/carry-overs", _CARRY, by=OFFICER)
    path = f"/v1/carry-overs/{proposed.json()['id']}/confirmations"
    assert (await funding.post(path, by=TREASURER, version=1)).status_code == 201
    funding.clock.move_to(LATE)
    assert await look(funding)
    told = [event for event in await funding.told("lapse-warned") if event["source"] == "PROVINCE"]
    assert [event["stage_days"] for event in told] == [30, 10], "the stage of November had passed"
    assert [event["days_left"] for event in told] == [28, 10], "the last minute of 3 December is of that day in Korea"
    assert told[1]["carried_won"] == told[0]["unpaid_won"]
    assert told[1]["lapsing_won"] == told[1]["uncommitted_won"]


async def test_what_was_carried_over_is_told_of_again_before_the_year_ends_that_it_was_carried_into(funding: Funding):
    await budgets(funding)
    await in_force(funding)
    funding.clock.move_to(LATE)
    lines = (await funding.get("/v1/lapsing-money", OFFICER, fiscal_year=2024)).json()["items"]
    (line,) = [each for each in lines if each["source"] == "PROVINCE"]
    proposed = await funding.post(f"/v1/budget-lines/{line['budget_line_id']}/carry-overs", _CARRY, by=OFFICER)
    path = f"/v1/carry-overs/{proposed.json()['id']}/confirmations"
    carried = (await funding.post(path, by=TREASURER, version=1)).json()
    assert await look(funding)
    before = len(await funding.told("lapse-warned"))

    own = await funding.confirmed_line(7_000_000, fiscal_year=2025)
    for moment, stage_days in ((NEXT_NOVEMBER, 60), (NEXT_NOVEMBER + timedelta(days=50), 10)):
        funding.clock.move_to(moment)
        assert await look(funding)
        assert not await look(funding), "once a stage"
        told = {each["budget_line_id"]: each for each in (await funding.told("lapse-warned"))[before:]}
        before += len(told)
        assert set(told) == {line["budget_line_id"], own}, "what was not carried over has lapsed and is told of no more"
        again = told[line["budget_line_id"]]
        assert (again["fiscal_year"], again["last_day"], again["stage_days"]) == (2024, "2025-12-31", stage_days)
        assert again["days_left"] == stage_days
        assert (again["uncommitted_won"], again["carried_won"]) == (0, 0)
        assert again["unpaid_won"] == again["lapsing_won"] == carried["amount_won"]
    seen = [(each["fiscal_year"], each["lapses_in"]) for each in await looks(funding) if each["source"] == "PROVINCE"]
    assert seen == [(2024, 2024), (2024, 2025), (2024, 2025)]


async def test_of_a_line_that_loses_nothing_nobody_is_told(funding: Funding):
    await funding.confirmed_line(10_000_000, source="SAMSUNG", legal_regime="PRIVATE_FUND")
    funding.clock.move_to(DECEMBER)
    assert await look(funding)
    assert [(each["lapsing_won"], each["stage_days"]) for each in await looks(funding)] == [(0, 30)]
    assert await funding.told("lapse-warned") == []
    # One that is confirmed later in the stage is looked at then, and what is only proposed never.
    await funding.confirmed_line(7_000_000)
    await funding.propose_line(track="A")
    assert await look(funding)
    (told,) = await funding.told("lapse-warned")
    assert (told["lapsing_won"], told["municipality_code"]) == (7_000_000, None)


async def test_what_is_committed_while_a_line_is_looked_at_is_counted_once(funding: Funding):
    await budgets(funding)
    funding.clock.move_to(DECEMBER)
    async with funding.owner.transaction(acting=THE_SERVICE) as tx:
        # The look comes to the ledger's accounts, after the line itself if that is another question.
        await tx.execute(text("LOCK TABLE ledger_account IN ACCESS EXCLUSIVE MODE"))
        await funding.decide(tx, project_selected())
        looking = asyncio.create_task(look(funding))
        await eventually(lambda: funding.value(_WAITING), what="a look that waits for the ledger")
    assert await looking
    told = await funding.told("lapse-warned")
    assert {each["source"]: each["lapsing_won"] for each in told} == {
        "PROVINCE": 10_000_000_000, "MUNICIPALITY": 5_000_000_000,
    }  # fmt: skip
    assert all(each["unpaid_won"] > 0 for each in told), "the commitment is seen, as it was made before"


@pytest.mark.promise("R3")
async def test_a_worker_killed_before_it_commits_told_nothing_and_two_at_once_tell_once(funding: Funding):
    await budgets(funding)
    funding.clock.move_to(DECEMBER)
    failpoints.arm("job.before_commit=raise")
    try:
        with pytest.raises(failpoints.Injected):
            await look(funding)
    finally:
        failpoints.arm("")
    assert await funding.told("lapse-warned") == await looks(funding) == []
    await asyncio.gather(*(look(funding) for _ in range(4)))
    assert len(await funding.told("lapse-warned")) == len(await looks(funding)) == 2
    assert await funding.value("SELECT count(*) FROM journal_entry WHERE decision = 'lapse-warned'") == 2


async def test_what_was_looked_at_stays_and_is_of_its_year(funding: Funding):
    line = await funding.confirmed_line(7_000_000)
    funding.clock.move_to(DECEMBER)
    await look(funding)
    for attack in (
        "UPDATE lapse_warning SET lapsing_won = 0",
        "DELETE FROM lapse_warning",
        _OF_ANOTHER_YEAR,
    ):
        with pytest.raises(DBAPIError):
            async with funding.owner.transaction() as tx:
                await tx.execute(text(attack))
    assert [each["budget_line_id"] for each in await looks(funding)] == [line]
    funding.clock.move_to(datetime(2025, 1, 2, tzinfo=UTC))
    assert not await look(funding), "the year is over"
    assert (await funding.get("/v1/lapse-warnings", Person(Role.TECHNOPARK_OPERATOR, "jtp", "o"))).status_code == 403
