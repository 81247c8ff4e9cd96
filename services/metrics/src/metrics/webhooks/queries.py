"""Endpoints and deliveries as their owners and the operators see them; nobody is shown a secret.

`owner` names whose may be seen; None means everybody's, for those who oversee the deliveries.
"""

import json
from datetime import datetime
from operator import eq
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, case, exists, func, literal_column, null, select, true

from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, page_of
from metrics.webhooks.domain.deliveries import DeliveryState, Outcome, WebhookDeliveryNotFound
from metrics.webhooks.domain.endpoints import EndpointState, WebhookEndpointNotFound
from metrics.webhooks.domain.messages import MessageType
from metrics.webhooks.store.deliveries import WebhookAttemptRow, WebhookDeliveryRow
from metrics.webhooks.store.endpoints import WebhookEndpointRow

__all__ = [
    "AttemptView",
    "DeliveryDetail",
    "DeliveryState",
    "DeliveryView",
    "EndpointView",
    "MessageType",
    "list_deliveries",
    "list_endpoints",
    "view_delivery",
    "view_endpoint",
]

# Real time, on the database's clock, as secrets and attempts have it.
_STILL_SIGNS = WebhookEndpointRow.previous_until > literal_column("now()")
# A path may hold what only its owner should know; those who oversee need to see where something goes.
_ORIGIN = func.regexp_substr(WebhookEndpointRow.url, "^[a-z]+://[^/?]+").label("url")


class EndpointView(View):
    """One address and what it is sent. `types` without any means all that are told to its owner."""

    id: UUID
    owner: str = Field(description="A municipality's code, or SAMSUNG.")
    url: str = Field(description="Whole for its owner; without path and query for those who oversee all.")
    types: list[MessageType]
    state: EndpointState
    previous_secret_until: datetime | None = Field(
        description="After a rotation the secret before signs too, until this moment of real time."
    )
    registered_at: datetime
    changed_at: datetime
    version: int


class DeliveryView(View):
    """One message on its way to one endpoint. `webhook_id` is the same in every attempt."""

    id: UUID
    endpoint_id: UUID
    webhook_id: UUID
    type: MessageType
    occurred_at: datetime = Field(description="Programme time of what the message tells.")
    queued_at: datetime
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None = Field(description="Null once it is delivered or given up.")
    delivered_at: datetime | None


class AttemptView(View):
    """How one attempt went. `excerpt` is how the receiver's refusal began, for its owner only."""

    number: int
    began_at: datetime
    milliseconds: int
    outcome: Outcome
    status: int | None
    excerpt: str | None


class DeliveryDetail(DeliveryView):
    """The same with what is sent and every attempt so far."""

    message: dict[str, Any]
    log: list[AttemptView]


async def list_endpoints(tx: Transaction, page: PageRequest, *, owner: str | None) -> Page[EndpointView]:
    """Endpoints, the oldest first."""
    row = WebhookEndpointRow
    statement = select(*_endpoint_columns(owner)).where(_is_of(row.owner, owner))
    return await page_of(EndpointView, tx, statement, page, by=[row.registered_at, row.id])


async def view_endpoint(tx: Transaction, endpoint_id: UUID, *, owner: str | None) -> EndpointView:
    """One endpoint; raises WebhookEndpointNotFound."""
    row = WebhookEndpointRow
    statement = select(*_endpoint_columns(owner)).where(row.id == endpoint_id, _is_of(row.owner, owner))
    found = (await tx.execute(statement)).one_or_none()
    if found is None:
        raise WebhookEndpointNotFound
    return EndpointView.model_validate(found)


async def list_deliveries(
    tx: Transaction, page: PageRequest, endpoint_id: UUID, *, owner: str | None, state: DeliveryState | None
) -> Page[DeliveryView]:
    """An endpoint's deliveries, the newest first; raises WebhookEndpointNotFound."""
    await view_endpoint(tx, endpoint_id, owner=owner)
    row = WebhookDeliveryRow
    conditions = narrowed((row.state, eq, state and state.value))
    statement = select(*_delivery_columns()).where(row.endpoint_id == endpoint_id, *conditions)
    return await page_of(DeliveryView, tx, statement, page, by=[row.queued_at, row.id], descending=True)


async def view_delivery(tx: Transaction, delivery_id: UUID, *, owner: str | None) -> DeliveryDetail:
    """One delivery with its attempts; raises WebhookDeliveryNotFound."""
    row, attempt = WebhookDeliveryRow, WebhookAttemptRow
    statement = select(*_delivery_columns(), row.body).where(
        row.id == delivery_id, _is_of(row.owner, owner), exists().where(WebhookEndpointRow.id == row.endpoint_id)
    )
    found = (await tx.execute(statement)).mappings().one_or_none()
    if found is None:
        raise WebhookDeliveryNotFound
    # What a receiver says may be anything: it is its owner's to read.
    excerpt = null().label("excerpt") if owner is None else attempt.excerpt
    columns = (attempt.number, attempt.began_at, attempt.milliseconds, attempt.outcome, attempt.status, excerpt)
    attempts = select(*columns).where(attempt.delivery_id == delivery_id).order_by(attempt.number)
    log = [AttemptView.model_validate(each) for each in await tx.execute(attempts)]
    seen = DeliveryView.model_validate(dict(found))
    return DeliveryDetail(**seen.model_dump(), message=json.loads(found["body"]), log=log)


def _endpoint_columns(owner: str | None) -> list[ColumnElement[Any]]:
    row = WebhookEndpointRow
    url: ColumnElement[Any] = _ORIGIN if owner is None else row.__table__.c["url"]
    until = case((_STILL_SIGNS, row.previous_until)).label("previous_secret_until")
    named = ("id", "owner", "types", "state", "registered_at", "changed_at", "version")
    return [*(row.__table__.c[name] for name in named), url, until]


def _delivery_columns() -> list[ColumnElement[Any]]:
    row = WebhookDeliveryRow
    over = row.state.in_([DeliveryState.DELIVERED.value, DeliveryState.GIVEN_UP.value])
    named = ("id", "endpoint_id", "type", "occurred_at", "queued_at", "state", "attempts", "delivered_at")
    return [
        *(row.__table__.c[name] for name in named),
        row.event_id.label("webhook_id"),
        case((over, None), else_=row.next_attempt_at).label("next_attempt_at"),
    ]


def _is_of(column: Any, owner: str | None) -> ColumnElement[bool]:  # noqa: ANN401  a mapped column
    return true() if owner is None else column == owner
