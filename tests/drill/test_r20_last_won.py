"""R20: forty clients race for the last won, round after round; the naive strategies overspend in the same harness."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.support.drills.figures import Drill
from tests.support.funding import Funding, running_funding
from tests.support.last_won import (
    CLIENTS,
    FITTING,
    SHARE_WON,
    commit_project,
    have_table,
    race,
    read_then_insert,
    read_then_insert_repeatably,
    spent,
)
from tests.support.servers import Servers

_BUDGET_WON = FITTING * SHARE_WON


@pytest.fixture
async def funding(crashable_servers: Servers) -> AsyncIterator[Funding]:
    urls = await asyncio.to_thread(lambda: crashable_servers.fresh_databases(["funding"], migrated=True)["funding"])
    async with running_funding(urls) as running:
        yield running


@pytest.mark.promise("R20", "I2")
async def test_the_last_won(funding: Funding, drill: Drill):
    """40 clients for a budget that fits 10, in every round; naive strategies must be caught within ten rounds."""
    rounds = drill.scale(ci=6, full=300)
    await have_table(funding)
    for strategy in (read_then_insert, read_then_insert_repeatably):
        overspent = False
        for number in range(1, 11):
            await race(funding, strategy, number)
            if overspent := await spent(funding, strategy, number) > _BUDGET_WON:
                drill.figure(f"{strategy.__name__} overspends in round", number, limit="<= 10")
                break
        assert overspent, f"the harness does not bite: {strategy.__name__} kept the budget in ten rounds"
        async with funding.owner.transaction() as tx:
            await tx.exec_driver_sql("TRUNCATE naive")

    await funding.confirmed_rule("half", shares=[{"source": "PROVINCE", "rate_bp": 5000}], capped_sources=[])
    over = short = 0
    for number in range(rounds):
        await funding.confirmed_line(_BUDGET_WON, track=f"R{number}")
        await race(funding, commit_project, number)
        won = await spent(funding, commit_project, number)
        over, short = over + (won > _BUDGET_WON), short + (won < _BUDGET_WON)
    drill.figure("rounds", rounds)
    drill.figure("clients", CLIENTS)
    drill.figure("rounds above the budget", over, limit="== 0")
    drill.figure("rounds that left money unspent", short, limit="== 0")
    ledger_won = await funding.value("SELECT coalesce(sum(amount_won), 0)::bigint FROM ledger_entry")
    drill.figure("sum of the ledger", ledger_won, unit="won", limit="== 0")
    told = sum(committed == posted for committed, _, posted, _ in (await funding.money()).values())
    drill.figure("lines whose counter is their ledger's", told, limit=f"== {rounds}")
