"""The worker's part of money that lapses: before the year ends, each line is looked at once a stage."""

from common import failpoints
from common.auth import Principal
from common.clock import Clock
from common.db import Database
from funding.lapse_warnings import commands

_SELF = Principal.service("funding")


async def warn_of_lapses(database: Database, clock: Clock) -> bool:
    """Look at some lines that are due, and tell of what they lose, in one transaction."""
    async with database.transaction() as tx:
        looked = await commands.warn_of_lapses(tx, by=_SELF, now=clock.now())
        if looked:
            await failpoints.hit("job.before_commit")
    return looked
