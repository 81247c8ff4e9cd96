"""The worker's part of clawbacks: close what every treasury has confirmed."""

from common.clock import Clock
from common.db import Database
from funding.recoveries import commands


async def close_recoveries(database: Database, clock: Clock) -> bool:
    """Close one case that is paid back."""
    async with database.transaction() as tx:
        return await commands.close_paid_back(tx, now=clock.now())
