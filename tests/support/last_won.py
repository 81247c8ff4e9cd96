"""The race for the last won: many clients at once for a budget that fits a few, by our strategy and by naive ones."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text

from common.db import is_trouble
from tests.support.builders import project_selected
from tests.support.funding import Funding

CLIENTS = 40
FITTING = 10
SHARE_WON = 1_000_000

Strategy = Callable[[Funding, int], Awaitable[None]]
"""One client's attempt to spend SHARE_WON of the round's budget of FITTING shares."""


async def race(funding: Funding, strategy: Strategy, round_number: int) -> None:
    """All clients at once, each on its own connection."""
    await asyncio.gather(*(_tried(funding, strategy, round_number) for _ in range(CLIENTS)))


async def _tried(funding: Funding, strategy: Strategy, round_number: int) -> None:
    """Once more where there was trouble: forty connections opened at once are not all there in two seconds everywhere."""
    while True:
        try:
            return await strategy(funding, round_number)
        except Exception as error:
            if not is_trouble(error):
                raise


async def read_then_insert(funding: Funding, round_number: int) -> None:
    await _naive(funding, round_number, "READ COMMITTED")


async def read_then_insert_repeatably(funding: Funding, round_number: int) -> None:
    await _naive(funding, round_number, "REPEATABLE READ")


async def _naive(funding: Funding, round_number: int, isolation: str) -> None:
    async with funding.database.transaction() as tx:
        await tx.execute(text(f"SET TRANSACTION ISOLATION LEVEL {isolation}"))
        so_far = await tx.execute(
            text("SELECT coalesce(sum(amount_won), 0) FROM naive WHERE round = :round"), {"round": round_number}
        )
        if so_far.scalar_one() + SHARE_WON <= FITTING * SHARE_WON:
            await tx.execute(
                text("INSERT INTO naive (round, amount_won) VALUES (:round, :amount)"),
                {"round": round_number, "amount": SHARE_WON},
            )


async def commit_project(funding: Funding, round_number: int) -> None:
    await funding.handle(project(round_number))


def project(round_number: int, **changes: object):
    return project_selected(
        **({"track": f"R{round_number}", "split_rule_version": "half", "total_cost_won": 2 * SHARE_WON} | changes)
    )


async def spent(funding: Funding, strategy: Strategy, round_number: int) -> int:
    if strategy is commit_project:
        return await funding.value(
            "SELECT committed_won FROM budget_line WHERE track = :track", track=f"R{round_number}"
        )
    return int(await funding.value("SELECT sum(amount_won) FROM naive WHERE round = :round", round=round_number))


async def have_table(funding: Funding) -> None:
    """What the naive strategies write to: nothing in it stops them."""
    async with funding.owner.transaction() as tx:
        await tx.execute(text("CREATE TABLE naive (round bigint, amount_won bigint)"))
