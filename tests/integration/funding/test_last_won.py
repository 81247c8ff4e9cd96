"""Forty clients race for the last won (promise R20): the naive strategies overspend in this harness, ours never does."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from contracts.applicant import ProjectSelected
from tests.support.builders import project_withdrawn
from tests.support.funding import GUNSAN, JEONJU, Funding
from tests.support.last_won import (
    CLIENTS,
    FITTING,
    SHARE_WON,
    Strategy,
    commit_project,
    have_table,
    project,
    race,
    read_then_insert,
    read_then_insert_repeatably,
    spent,
)
from tests.support.waiting import eventually

ROUNDS = 3


@pytest.mark.parametrize("strategy", [read_then_insert, read_then_insert_repeatably])
@pytest.mark.promise("R20")
async def test_naive_strategies_overspend(funding: Funding, strategy: Strategy):
    await have_table(funding)
    for round_number in range(10):
        await race(funding, strategy, round_number)
        if await spent(funding, strategy, round_number) > FITTING * SHARE_WON:
            return
    pytest.fail("the harness does not bite: ten rounds and no overspending")


@pytest.mark.promise("R20", "I2")
async def test_edge_10_ours_spends_the_budget_to_the_last_won_and_never_more(funding: Funding):
    await funding.confirmed_rule("half", shares=[{"source": "PROVINCE", "rate_bp": 5000}], capped_sources=[])

    for round_number in range(ROUNDS):
        await funding.confirmed_line(FITTING * SHARE_WON, track=f"R{round_number}")
        await race(funding, commit_project, round_number)

        assert await spent(funding, commit_project, round_number) == FITTING * SHARE_WON
    outcomes = await funding.rows("SELECT state, count(*) AS projects FROM commitment GROUP BY state ORDER BY state")
    assert outcomes == [
        {"state": "COMMITTED", "projects": ROUNDS * FITTING},
        {"state": "REFUSED", "projects": ROUNDS * (CLIENTS - FITTING)},
    ]
    for committed, left, posted, available in (await funding.money()).values():
        assert (committed, left) == (posted, available) == (FITTING * SHARE_WON, 0)


async def test_each_balance_told_is_newer_and_true(funding: Funding):
    """Listeners keep the highest `line_version`; every version must be told once, with what was left then."""
    await funding.confirmed_rule("half", shares=[{"source": "PROVINCE", "rate_bp": 5000}], capped_sources=[])
    await funding.confirmed_line(FITTING * SHARE_WON, track="R0")

    await race(funding, commit_project, 0)

    balances = [told["balances"][0] for told in await funding.told("commitment.committed")]
    assert sorted((b["line_version"], b["left_won"]) for b in balances) == [
        (2 + drawn, (FITTING - drawn) * SHARE_WON) for drawn in range(1, FITTING + 1)
    ]


async def test_who_waits_for_a_shared_line_holds_no_other(funding: Funding):
    """So a consumer whose one transaction commits several projects cannot deadlock with another."""
    shares = [{"source": "PROVINCE", "rate_bp": 2500}, {"source": "MUNICIPALITY", "rate_bp": 2500}]
    await funding.confirmed_rule("half", shares=shares, capped_sources=[])
    # Made first and last, so that an order by id alone would lock one of them before the shared line.
    lines = {GUNSAN: await funding.confirmed_line(10**12, GUNSAN, track="R0")}
    await funding.confirmed_line(10**12, track="R0")
    lines[JEONJU] = await funding.confirmed_line(10**12, JEONJU, track="R0")

    for first, second in ((GUNSAN, JEONJU), (JEONJU, GUNSAN)):
        async with funding.database.transaction() as tx:
            await funding.decide(tx, project(0, municipality_code=first))
            waiting = asyncio.create_task(_decide_patiently(funding, project(0, municipality_code=second)))
            await eventually(lambda: funding.value(_WAITING))
            async with funding.owner.transaction() as free:
                await free.execute(_LOCK_NOW, {"line": UUID(lines[second])})
        await waiting

    assert len(await funding.told("commitment.committed")) == 4


_LOCK_NOW = text("SELECT FROM budget_line WHERE id = :line FOR UPDATE NOWAIT")
_WAITING = """
    SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()
"""


async def _decide_patiently(funding: Funding, selected: ProjectSelected) -> None:
    async with funding.database.transaction() as tx:
        await tx.execute(text("SET LOCAL lock_timeout = '30s'"))
        await tx.execute(text("SET LOCAL statement_timeout = '30s'"))
        await funding.decide(tx, selected)


@pytest.mark.promise("R20", "I2")
async def test_commits_and_withdrawals_race_and_every_won_is_accounted_for(funding: Funding):
    await funding.confirmed_rule("half", shares=[{"source": "PROVINCE", "rate_bp": 5000}], capped_sources=[])
    await funding.confirmed_line(FITTING * SHARE_WON, track="R0")
    first = [project(0) for _ in range(FITTING)]
    await funding.deliver(*first)

    await asyncio.gather(
        *(funding.handle(project_withdrawn(selected)) for selected in first),
        *(commit_project(funding, 0) for _ in range(CLIENTS - FITTING)),
    )

    states = await funding.rows("SELECT state, count(*) AS projects FROM commitment GROUP BY state ORDER BY state")
    committed = {row["state"]: row["projects"] for row in states}.get("COMMITTED", 0)
    ((counter, left, posted, available),) = (await funding.money()).values()
    assert (counter, left) == (posted, available)
    assert counter == committed * SHARE_WON <= FITTING * SHARE_WON
    assert await funding.value("SELECT coalesce(sum(amount_won), 0) FROM ledger_entry") == 0
