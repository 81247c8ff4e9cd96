"""Taking deliveries to send, keeping how that went, and sending one again because somebody asks for it."""

import random
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.db import Transaction
from metrics.webhooks.commands import endpoints
from metrics.webhooks.domain import deliveries as domain
from metrics.webhooks.domain.deliveries import Attempt, Claimed, DeliveryState, Outcome
from metrics.webhooks.domain.endpoints import EndpointState, WebhookEndpointDisabled
from metrics.webhooks.store import deliveries as store
from metrics.webhooks.store import endpoints as endpoint_store

__all__ = ["Attempt", "Claimed", "Outcome", "claim_deliveries", "forget_deliveries", "keep_attempt", "redeliver"]


async def claim_deliveries(
    tx: Transaction,
    *,
    most: int,
    per_endpoint: int,
    lease_seconds: float,
    busy: Collection[UUID],
    slow: Collection[UUID],
) -> list[Claimed]:
    """Lease what is due of every endpoint that is not busy, and of a slow one no more than one."""
    return await store.claim(
        tx, most=most, per_endpoint=per_endpoint, lease_seconds=lease_seconds, busy=busy, slow=slow
    )


async def keep_attempt(
    tx: Transaction, claimed: Claimed, attempt: Attempt, *, by: Principal, now: datetime
) -> DeliveryState | None:
    """Keep how an attempt went and what follows; None if its lease has passed to another."""
    settled = domain.after(claimed, attempt, endpoint_store.RULE, draw=random.random())  # noqa: S311  jitter
    if not await store.keep(tx, claimed, attempt, settled):
        return None
    if attempt.outcome is Outcome.GONE:
        await endpoints.disable_gone(tx, claimed.endpoint_id, url=claimed.url, by=by, now=now)
    return settled.state


async def redeliver(tx: Transaction, delivery_id: UUID, *, by: Principal) -> None:
    """Send a delivery again: the owner, or a platform operator."""
    endpoint_id, state = await store.lock(tx, delivery_id, owner=endpoints.owner_of(by))
    domain.check_again(state)
    endpoint = await endpoint_store.get(tx, endpoint_id)
    if endpoint.state is EndpointState.DISABLED:
        raise WebhookEndpointDisabled
    await store.requeue(tx, delivery_id)


async def forget_deliveries(tx: Transaction, *, days: int, most: int) -> int:
    """Remove deliveries that are old, or whose endpoint was removed."""
    return await store.forget(tx, days=days, most=most)
