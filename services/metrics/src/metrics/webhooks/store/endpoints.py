"""Endpoints in PostgreSQL, and the rule of deliveries as data. No secret is in a row, only what it follows from."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, Index, delete, func, insert, select, text, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from common.data_files import json_files
from common.db import Transaction
from metrics.tables import Tables
from metrics.webhooks.domain.deliveries import DeliveryRule
from metrics.webhooks.domain.endpoints import Endpoint, EndpointState, WebhookEndpointNotFound
from metrics.webhooks.domain.messages import MessageType

RULE = max(
    (msgspec.json.decode(content, type=DeliveryRule) for content in json_files("metrics", "webhook_rules").values()),
    key=lambda each: each.version,
)
"""The newest version, for all installations and owners."""


class WebhookEndpointRow(Tables):
    """Where one owner wants its messages. `previous_salt` signs too until a moment of real time."""

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint("state IN ('ACTIVE', 'DISABLED')", name="state"),
        CheckConstraint("(previous_salt IS NULL) = (previous_until IS NULL)", name="previous"),
        Index("webhook_endpoint_owner_idx", "owner", "registered_at", "id"),
        Index("webhook_endpoint_registered_idx", "registered_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner: Mapped[str]
    url: Mapped[str]
    types: Mapped[list[str]]
    state: Mapped[str]
    salt: Mapped[bytes]
    previous_salt: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    registered_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int]


_ROTATE = text(
    """
    UPDATE webhook_endpoint
    SET salt = :salt, previous_salt = :previous_salt, previous_until = now() + make_interval(hours => :hours),
        changed_at = :changed_at, version = :version
    WHERE id = :id
    """
)
_COLUMNS = [WebhookEndpointRow.__table__.c[field.name] for field in fields(Endpoint)]


async def add(tx: Transaction, endpoint: Endpoint) -> None:
    """Keep a new endpoint."""
    await tx.execute(insert(WebhookEndpointRow).values(_values(endpoint)))


async def count_of(tx: Transaction, owner: str) -> int:
    """How many an owner has; nobody else adds one to them until commit."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"webhooks/{owner}", 0))))
    counted = select(func.count()).select_from(WebhookEndpointRow).where(WebhookEndpointRow.owner == owner)
    return int((await tx.execute(counted)).scalar_one())


async def get(tx: Transaction, endpoint_id: UUID, *, owner: str | None = None, lock: bool = False) -> Endpoint:
    """One endpoint, of this owner if one is named; raises WebhookEndpointNotFound."""
    statement = select(*_COLUMNS).where(WebhookEndpointRow.id == endpoint_id)
    if owner is not None:
        statement = statement.where(WebhookEndpointRow.owner == owner)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise WebhookEndpointNotFound
    return _endpoint(row)


async def save(tx: Transaction, endpoint: Endpoint) -> None:
    """Store what became of an endpoint that this transaction has locked."""
    changed = _values(endpoint)
    del changed["id"], changed["owner"], changed["registered_at"]
    await tx.execute(update(WebhookEndpointRow).where(WebhookEndpointRow.id == endpoint.id).values(changed))


async def save_rotated(tx: Transaction, endpoint: Endpoint, *, hours: int) -> None:
    """The same after a rotation: the secret before signs so long beside the new one, by the database's clock."""
    await tx.execute(
        _ROTATE,
        {
            "id": endpoint.id,
            "salt": endpoint.salt,
            "previous_salt": endpoint.previous_salt,
            "hours": hours,
            "changed_at": endpoint.changed_at,
            "version": endpoint.version,
        },
    )


async def remove(tx: Transaction, endpoint_id: UUID) -> None:
    """Forget an endpoint; what waited for it has nowhere to go."""
    await tx.execute(delete(WebhookEndpointRow).where(WebhookEndpointRow.id == endpoint_id))


def _values(endpoint: Endpoint) -> dict[str, Any]:
    named: Mapping[str, Any] = {field.name: getattr(endpoint, field.name) for field in fields(endpoint)}
    return {**named, "types": [each.value for each in endpoint.types], "state": endpoint.state.value}


def _endpoint(row: RowMapping) -> Endpoint:
    return Endpoint(
        **{**row, "types": tuple(MessageType(each) for each in row["types"]), "state": EndpointState(row["state"])}
    )
