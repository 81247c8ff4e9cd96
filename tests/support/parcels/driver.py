"""What tests do with the parcel service: send parcels as its API would, and read what became of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from common import outbox
from common.db import Database, Transaction
from common.event import DomainEvent, WireRecord
from tests.support import records
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.tables import DeliveryRow, LimitRow, ParcelRow

AT = datetime(2024, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


async def tell(tx: Transaction, event: DomainEvent, *, at: datetime = AT) -> None:
    """Record an event as a command does: under the lock of its aggregate's row."""
    row = insert(ParcelRow).values(id=event.key, version=1)
    await tx.execute(row.on_conflict_do_update(index_elements=["id"], set_={"version": ParcelRow.version + 1}))
    await outbox.record(tx, event, at=at)


async def send(database: Database, parcel_id: UUID, *grams: int) -> None:
    """One transaction for each parcel sent."""
    for weight in grams:
        async with database.transaction() as tx:
            await tell(tx, ParcelSent(parcel_id=parcel_id, grams=weight))


async def deliveries(database: Database) -> list[tuple[UUID, int, int]]:
    """Every effect in its order: parcel, sequence, weight."""
    async with database.transaction() as tx:
        rows = await tx.execute(
            select(DeliveryRow.parcel_id, DeliveryRow.sequence, DeliveryRow.grams).order_by(DeliveryRow.position)
        )
        return [(row.parcel_id, row.sequence, row.grams) for row in rows]


async def sequences_of(database: Database, parcel_id: UUID) -> list[int]:
    """The effects of one parcel, in their order."""
    return [sequence for parcel, sequence, _ in await deliveries(database) if parcel == parcel_id]


async def scalar(database: Database, sql: str, **parameters: object) -> object:
    """The first value of a query."""
    async with database.transaction() as tx:
        return (await tx.execute(text(sql), parameters)).scalar()


async def rows(database: Database, sql: str, **parameters: object) -> Sequence[tuple[object, ...]]:
    """All rows of a query."""
    async with database.transaction() as tx:
        return [tuple(row) for row in await tx.execute(text(sql), parameters)]


async def set_limit(database: Database, grams: int) -> None:
    """Change the heaviest weight that is delivered."""
    async with database.transaction() as tx:
        await tx.execute(LimitRow.__table__.update().values(grams=grams))  # type: ignore[attr-defined]


def wire(event: DomainEvent, sequence: int, *, offset: int = 0, event_id: UUID | None = None) -> WireRecord:
    """A record of a parcel's event as Kafka would hand it over."""
    return records.wire(event, sequence, at=AT, offset=offset, event_id=event_id)
