"""Nobody's answer is an answer: what Samsung has not answered in time is freed, firm by firm."""

from common.auth import Principal
from common.clock import Clock
from common.db import Database
from mentoring.residencies import commands

_SELF = Principal.service("mentoring")


async def lapse_residencies(database: Database, clock: Clock) -> bool:
    """Free the weeks of the next residency that is overdue. Killed at any moment, it is found again."""
    async with database.transaction() as tx:
        return await commands.lapse_residency(tx, by=_SELF, now=clock.now())
