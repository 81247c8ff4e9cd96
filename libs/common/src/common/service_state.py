"""How a service does, as its own tables tell it: what waits to leave, where it stands in Kafka's logs, what is parked.

Nothing of what any event says is read. How far a service is behind another follows from the places of the two: what one
has sent, less what the other has heard. No broker has to be asked for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from common.acting import as_service
from common.db import Transaction
from common.log_places import HEARD, SENT
from common.outbox import RELAY_LOCK
from common.schema import log_place
from common.schema import parked_event as parked

MOST_COUNTED = 10_000
"""How many events of the outbox are counted; of more it is only said that they are so many."""

_UNSENT = text(
    """
    SELECT count(*) AS waiting, min(recorded_at) AS oldest_at, now() AS read_at
    FROM (SELECT recorded_at FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT :most) AS unsent
    """
)
# An advisory lock of one number stands in the view as its two halves.
_RELAY_LEADS = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (classid::bigint << 32) + objid::bigint = :lock
    )
    """
)


@dataclass(frozen=True, slots=True)
class Unsent:
    """Events that Kafka has not acknowledged, at most `MOST_COUNTED` of them, and since when the oldest waits."""

    waiting: int
    oldest_at: datetime | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Parked:
    """Events that could not be applied and wait, of how many keys, and since when the oldest does."""

    waiting: int
    keys: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, order=True)
class LogPlace:
    """The last record of a partition that was sent, or heard; -1 when the log is to be read from its start."""

    topic: str
    partition: int
    offset: int


async def read_unsent(tx: Transaction) -> Unsent:
    """What waits in the outbox, whoever asks: counts and times."""
    async with as_service(tx):
        row = (await tx.execute(_UNSENT, {"most": MOST_COUNTED})).one()
    return Unsent(row.waiting, row.oldest_at, row.read_at)


async def relay_leads(tx: Transaction) -> bool:
    """Whether some worker of this service carries events to Kafka now."""
    return bool((await tx.execute(_RELAY_LEADS, {"lock": RELAY_LOCK})).scalar_one())


async def read_parked(tx: Transaction) -> Parked:
    """What is parked and not settled, as far as the caller may see it."""
    keys = select(parked.c.topic, parked.c.key).where(parked.c.resolved_at.is_(None)).distinct().subquery()
    counted = select(
        func.count().label("waiting"),
        select(func.count()).select_from(keys).scalar_subquery().label("keys"),
        func.min(parked.c.parked_at).label("oldest_at"),
    ).where(parked.c.resolved_at.is_(None))
    row = (await tx.execute(counted)).one()
    return Parked(row.waiting, row.keys, row.oldest_at)


async def read_places(tx: Transaction) -> tuple[Sequence[LogPlace], Sequence[LogPlace]]:
    """Where this service stands in the logs: what it has sent, and what it is done with."""
    found: dict[str, list[LogPlace]] = {SENT: [], HEARD: []}
    columns = log_place.c.side, log_place.c.topic, log_place.c.partition, log_place.c.kafka_offset
    for row in await tx.execute(select(*columns)):
        found[row.side].append(LogPlace(row.topic, row.partition, row.kafka_offset))
    return sorted(found[SENT]), sorted(found[HEARD])
