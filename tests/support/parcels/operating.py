"""What an operator does for the parcel service after its log was lost."""

from common import republish
from common.auth import Principal
from common.db import Database
from tests.support.parcels.driver import AT
from tests.support.parcels.events import ParcelSent

OPERATOR = Principal(issuer="i", subject="kim", role="platform.operator", tenant=None, token_id="t")


async def republish_all(database: Database) -> dict[str, int]:
    """Look at the counts, confirm them, and say how many events of each topic are sent again."""
    async with database.transaction(read_only=True) as tx:
        told = {one.topic: one.published for one in await republish.histories(tx)}
    async with database.transaction() as tx:
        count = sum(told.values())
        await republish.republish(tx, list(told), confirmed=count, by=OPERATOR, reason="disks lost", at=AT)
    return told


async def begin_again(database: Database) -> None:
    """Have the service read its own parcels from the start."""
    async with database.transaction() as tx:
        [found] = await republish.heard(tx, [ParcelSent.TOPIC])
        await republish.begin_again(
            tx, [ParcelSent.TOPIC], confirmed=found.events, by=OPERATOR, reason="disks lost", at=AT
        )
