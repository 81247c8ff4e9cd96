"""The worker's part of settlements: close what every treasury has confirmed."""

from common.clock import Clock
from common.db import Database
from funding.settlements import commands


async def close_settlements(database: Database, clock: Clock) -> bool:
    """Close one settlement that is paid back."""
    async with database.transaction() as tx:
        return await commands.close_paid_back(tx, now=clock.now())
