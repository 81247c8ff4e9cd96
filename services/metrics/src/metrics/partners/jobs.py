"""The worker's part of the feed: what partners are told gets its place there."""

from common.clock import Clock
from common.db import Database
from metrics.partners import commands

_AT_ONCE = 1_000


async def place_partner_events(database: Database, clock: Clock) -> bool:
    """Give what was committed since the last round its place in the feed."""
    async with database.transaction() as tx:
        return await commands.place_events(tx, most=_AT_ONCE) > 0
