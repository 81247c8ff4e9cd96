"""Deliveries and their attempts in PostgreSQL. A claimed one is leased, so that a dead worker loses nothing.

They are queued by the consumer's own transaction, one for each endpoint and event. Leases, waits and attempts run in
real time, on the database's clock: workers' clocks differ, and programme time stands still.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from common.consumer.rows import Rows
from common.db import Transaction
from metrics.tables import Tables
from metrics.webhooks.domain.deliveries import (
    Attempt,
    Claimed,
    DeliveryState,
    Settled,
    WebhookDeliveryNotFound,
)
from metrics.webhooks.domain.messages import MessageType


class WebhookDeliveryRow(Tables):
    """One message for one endpoint, with the very bytes that are signed. Its endpoint may be gone."""

    __tablename__ = "webhook_delivery"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID]
    owner: Mapped[str]
    event_id: Mapped[UUID]
    type: Mapped[str]
    body: Mapped[str]
    occurred_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    tries: Mapped[int]
    next_attempt_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('QUEUED', 'SENDING', 'FAILED', 'DELIVERED', 'GIVEN_UP')", name="state"),
        CheckConstraint("state <> 'DELIVERED' OR delivered_at IS NOT NULL", name="delivered"),
        UniqueConstraint("endpoint_id", "event_id"),
        Index(
            "webhook_delivery_waiting_idx",
            "endpoint_id",
            "next_attempt_at",
            "id",
            postgresql_where=text("state IN ('QUEUED', 'SENDING', 'FAILED')"),
        ),
        Index("webhook_delivery_listed_idx", "endpoint_id", "queued_at", "id"),
        Index("webhook_delivery_queued_idx", "queued_at"),
    )


class WebhookAttemptRow(Tables):
    """How one attempt went."""

    __tablename__ = "webhook_attempt"

    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_delivery.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    began_at: Mapped[datetime]
    milliseconds: Mapped[int]
    outcome: Mapped[str]
    status: Mapped[int | None]
    excerpt: Mapped[str | None]


# No foreign key to the endpoint: one that is removed at this moment must not make the event fail.
QUEUE = Rows(
    text(
        """
        INSERT INTO webhook_delivery (id, endpoint_id, owner, event_id, type, body, occurred_at, queued_at, state,
            attempts, tries, next_attempt_at)
        SELECT gen_random_uuid(), endpoint.id, told.owner, told.event_id, told.type, told.body, told.occurred_at,
            now(), 'QUEUED', 0, 0, now()
        FROM unnest(:event_id, :owner, :type, :body, :occurred_at) AS told (event_id, owner, type, body, occurred_at)
        JOIN webhook_endpoint AS endpoint
            ON endpoint.owner = told.owner AND (endpoint.types = '{}' OR told.type = ANY (endpoint.types))
        ON CONFLICT (endpoint_id, event_id) DO NOTHING
        """
    ).bindparams(
        bindparam("event_id", type_=ARRAY(Uuid)),
        bindparam("owner", type_=ARRAY(Text)),
        bindparam("type", type_=ARRAY(Text)),
        bindparam("body", type_=ARRAY(Text)),
        bindparam("occurred_at", type_=ARRAY(TIMESTAMP(timezone=True))),
    ),
    told_apart_by=("event_id", "owner"),
)
# Endpoint by endpoint, so that one with thousands waiting holds up no other, nor one that hangs. Taken before anything
# is updated: a plan that looked a second time would take more than it was asked for.
_CLAIM = text(
    """
    WITH taken AS MATERIALIZED (
        SELECT due.id, endpoint.url, endpoint.salt,
            CASE WHEN endpoint.previous_until > now() THEN endpoint.previous_salt END AS previous_salt
        FROM webhook_endpoint AS endpoint
        CROSS JOIN LATERAL (
            SELECT waiting.id FROM webhook_delivery AS waiting
            WHERE waiting.endpoint_id = endpoint.id AND waiting.state IN ('QUEUED', 'SENDING', 'FAILED')
                AND waiting.next_attempt_at <= now()
            ORDER BY waiting.next_attempt_at, waiting.id
            LIMIT CASE WHEN endpoint.id = ANY (:slow) THEN 1 ELSE :per_endpoint END
            FOR UPDATE SKIP LOCKED
        ) AS due
        WHERE endpoint.state = 'ACTIVE' AND NOT endpoint.id = ANY (:busy)
        LIMIT :most
    )
    UPDATE webhook_delivery AS delivery
    SET state = 'SENDING', attempts = delivery.attempts + 1, tries = delivery.tries + 1,
        next_attempt_at = now() + make_interval(secs => :lease_seconds)
    FROM taken
    WHERE delivery.id = taken.id
    RETURNING delivery.id, delivery.endpoint_id, delivery.event_id, delivery.type, delivery.body, delivery.attempts,
        delivery.tries, taken.url, taken.salt, taken.previous_salt
    """
).bindparams(bindparam("busy", type_=ARRAY(Uuid)), bindparam("slow", type_=ARRAY(Uuid)))
_SETTLE = text(
    """
    UPDATE webhook_delivery
    SET state = :state, next_attempt_at = now() + make_interval(secs => :wait_seconds),
        delivered_at = CASE WHEN :state = 'DELIVERED' THEN now() ELSE delivered_at END
    WHERE id = :id AND attempts = :attempts AND state = 'SENDING'
    RETURNING id
    """
).bindparams(bindparam("state", type_=Text))
_REQUEUE = text("UPDATE webhook_delivery SET state = 'QUEUED', tries = 0, next_attempt_at = now() WHERE id = :id")
_FORGET = text(
    """
    DELETE FROM webhook_delivery WHERE id IN (
        SELECT delivery.id FROM webhook_delivery AS delivery
        WHERE delivery.queued_at < now() - make_interval(days => :days) AND delivery.next_attempt_at < now()
            OR NOT EXISTS (SELECT FROM webhook_endpoint WHERE webhook_endpoint.id = delivery.endpoint_id)
        LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)


async def claim(
    tx: Transaction,
    *,
    most: int,
    per_endpoint: int,
    lease_seconds: float,
    busy: Collection[UUID],
    slow: Collection[UUID],
) -> list[Claimed]:
    """Lease what is due, some of each endpoint that is not busy and one of each slow one; the attempt counts now."""
    values = {
        "most": most,
        "per_endpoint": per_endpoint,
        "lease_seconds": lease_seconds,
        "busy": list(busy),
        "slow": list(slow),
    }
    return [_claimed(row) for row in (await tx.execute(_CLAIM, values)).mappings()]


async def keep(tx: Transaction, claimed: Claimed, attempt: Attempt, settled: Settled) -> bool:
    """Keep how an attempt went; False if its lease had passed to another, whose attempt then counts."""
    ended = await tx.execute(
        _SETTLE,
        {
            "id": claimed.id,
            "attempts": claimed.attempts,
            "state": settled.state.value,
            "wait_seconds": settled.wait_seconds,
        },
    )
    if ended.one_or_none() is None:
        return False
    row = {
        "delivery_id": claimed.id,
        "number": claimed.attempts,
        "began_at": attempt.began_at,
        "milliseconds": attempt.milliseconds,
        "outcome": attempt.outcome.value,
        "status": attempt.status,
        "excerpt": attempt.excerpt,
    }
    await tx.execute(insert(WebhookAttemptRow).values(row))
    return True


async def lock(tx: Transaction, delivery_id: UUID, *, owner: str | None) -> tuple[UUID, DeliveryState]:
    """Whose endpoint's it is and how far, as it stays until commit; raises WebhookDeliveryNotFound."""
    row = WebhookDeliveryRow
    statement = select(row.endpoint_id, row.state).where(row.id == delivery_id).with_for_update()
    if owner is not None:
        statement = statement.where(row.owner == owner)
    found = (await tx.execute(statement)).one_or_none()
    if found is None:
        raise WebhookDeliveryNotFound
    return found.endpoint_id, DeliveryState(found.state)


async def requeue(tx: Transaction, delivery_id: UUID) -> None:
    """Send a delivery that is held again, at once and with the whole schedule before it."""
    await tx.execute(_REQUEUE, {"id": delivery_id})


async def forget(tx: Transaction, *, days: int, most: int) -> int:
    """Remove what is old, or whose endpoint is no more; returns how many."""
    return (await tx.execute(_FORGET, {"days": days, "most": most})).rowcount


def _claimed(row: RowMapping) -> Claimed:
    salts = [row["salt"], row["previous_salt"]]
    return Claimed(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        event_id=row["event_id"],
        type=MessageType(row["type"]),
        body=row["body"],
        url=row["url"],
        salts=tuple(salt for salt in salts if salt is not None),
        attempts=row["attempts"],
        tries=row["tries"],
    )
