"""The feed in PostgreSQL. An event is committed without a place, and is given the next one once it can be seen.

Places given at insert would be seen in the order of commits, not of places: whoever reads on from the last place would
pass over a transaction that commits late. So they are given to rows that are committed, by one worker at a time.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, UniqueConstraint, insert, text
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from metrics.tables import Tables


class PartnerEventRow(Tables):
    """One event as partners see it; `position`, once it has one, is its place in the feed for ever."""

    __tablename__ = "partner_event"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    event_id: Mapped[UUID]
    caused_by: Mapped[UUID]
    type: Mapped[str]
    topic: Mapped[str]
    key: Mapped[UUID]
    data: Mapped[str]
    occurred_at: Mapped[datetime]
    position: Mapped[int | None]
    sequence: Mapped[int | None]
    recorded_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "(position IS NULL) = (sequence IS NULL) AND (position IS NULL) = (recorded_at IS NULL)", name="placed"
        ),
        UniqueConstraint("event_id"),
        UniqueConstraint("caused_by"),
        UniqueConstraint("position"),
        Index("partner_event_waiting_idx", "id", postgresql_where=text("position IS NULL")),
    )


ADD = insert(PartnerEventRow)

_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended('partner_event', 0))")
# In the outbox's order, which is that of each key's sequence whoever tells: a number is taken under a lock that is held
# until the commit, so that whoever sees a later one sees those before it.
_PLACE = text(
    """
    WITH waiting AS (
        SELECT event.id, outbox.sequence, outbox.recorded_at, row_number() OVER (ORDER BY outbox.id) AS number
        FROM partner_event AS event JOIN outbox ON outbox.event_id = event.event_id
        WHERE event.position IS NULL ORDER BY outbox.id LIMIT :most
    ), newest AS (
        SELECT coalesce(max(position), 0) AS position FROM partner_event
    )
    UPDATE partner_event
    SET position = newest.position + waiting.number, sequence = waiting.sequence, recorded_at = waiting.recorded_at
    FROM waiting, newest
    WHERE partner_event.id = waiting.id
    """
)


async def place(tx: Transaction, *, most: int) -> int:
    """Give places to what has none; returns how many, none while another worker does."""
    if not (await tx.execute(_TAKE_TURN)).scalar_one():
        return 0
    return (await tx.execute(_PLACE, {"most": most})).rowcount
