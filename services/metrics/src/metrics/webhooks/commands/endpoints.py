"""What owners do with their endpoints. Each act is in the journal: who sends what leaves the programme where."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from contracts.roles import MUNICIPALITY_ROLES, Role
from metrics.webhooks.domain import endpoints as domain
from metrics.webhooks.domain import signatures
from metrics.webhooks.domain.endpoints import Endpoint, WebhookEndpointsFull
from metrics.webhooks.domain.messages import SAMSUNG, MessageType
from metrics.webhooks.store import endpoints as store

_SALT_BYTES = 16
_OVERSEERS = frozenset({Role.PLATFORM_OPERATOR, Role.AUDITOR})
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the installation's settings say of endpoints."""

    secret_key: bytes = field(repr=False)
    endpoints_max: int
    loopback: bool


def owner_of(by: Principal) -> str | None:
    """Whose endpoints the caller's own are: its municipality's or Samsung's; None for those who oversee all."""
    if by.role in MUNICIPALITY_ROLES:
        return by.tenant or _NOBODY
    if by.role == Role.SAMSUNG_CLIENT:
        return SAMSUNG
    return None if by.role in _OVERSEERS else _NOBODY


async def register_endpoint(
    tx: Transaction, *, url: str, types: Sequence[MessageType], terms: Terms, by: Principal, now: datetime
) -> tuple[UUID, str]:
    """Register an address; returns its id and the secret, which nothing tells again."""
    owner = str(owner_of(by))
    endpoint = domain.register(
        new_id(), owner=owner, url=url, types=types, salt=_salt(), loopback=terms.loopback, now=now
    )
    if await store.count_of(tx, owner) >= terms.endpoints_max:
        raise WebhookEndpointsFull(most=terms.endpoints_max)
    await store.add(tx, endpoint)
    await _note(tx, endpoint, "webhook-endpoint-registered", by=by, now=now)
    return endpoint.id, _secret(endpoint, terms)


async def change_endpoint(
    tx: Transaction,
    endpoint_id: UUID,
    *,
    url: str,
    types: Sequence[MessageType],
    version: int,
    terms: Terms,
    by: Principal,
    now: datetime,
) -> None:
    """Another address or other types: from now on, also for what waits."""
    endpoint = await store.get(tx, endpoint_id, owner=owner_of(by), lock=True)
    changed = domain.change(endpoint, url=url, types=types, version=version, loopback=terms.loopback, now=now)
    await store.save(tx, changed)
    await _note(tx, changed, "webhook-endpoint-changed", by=by, now=now)


async def remove_endpoint(tx: Transaction, endpoint_id: UUID, *, version: int, by: Principal, now: datetime) -> None:
    """Remove an endpoint with all that waits for it."""
    endpoint = await store.get(tx, endpoint_id, owner=owner_of(by), lock=True)
    domain.check_version(endpoint, version)
    await store.remove(tx, endpoint_id)
    await _note(tx, endpoint, "webhook-endpoint-removed", by=by, now=now)


async def rotate_secret(tx: Transaction, endpoint_id: UUID, *, terms: Terms, by: Principal, now: datetime) -> str:
    """Make a new secret; the one before signs beside it for as long as the rule says."""
    endpoint = await store.get(tx, endpoint_id, owner=owner_of(by), lock=True)
    rotated = domain.rotate(endpoint, salt=_salt(), now=now)
    await store.save_rotated(tx, rotated, hours=store.RULE.rotation_hours)
    await _note(tx, rotated, "webhook-secret-rotated", by=by, now=now)
    return _secret(rotated, terms)


async def enable_endpoint(tx: Transaction, endpoint_id: UUID, *, by: Principal, now: datetime) -> None:
    """Let messages leave again; what waited does so at once."""
    enabled = domain.enable(await store.get(tx, endpoint_id, owner=owner_of(by), lock=True), now=now)
    await store.save(tx, enabled)
    await _note(tx, enabled, "webhook-endpoint-enabled", by=by, now=now)


def signing_secrets(endpoint_id: UUID, salts: Sequence[bytes], secret_key: bytes) -> list[bytes]:
    """The live secrets of an endpoint, the newest first."""
    return [signatures.secret_of(secret_key, endpoint_id, salt) for salt in salts]


async def disable_gone(tx: Transaction, endpoint_id: UUID, *, url: str, by: Principal, now: datetime) -> bool:
    """Disable an endpoint whose receiver said at this address that it is gone; False if it is another one by now."""
    try:
        endpoint = await store.get(tx, endpoint_id, lock=True)
    except domain.WebhookEndpointNotFound:
        return False
    if endpoint.url != url or endpoint.state is not domain.EndpointState.ACTIVE:
        return False
    disabled = domain.disable(endpoint, now=now)
    await store.save(tx, disabled)
    await _note(tx, disabled, "webhook-endpoint-disabled", by=by, now=now)
    return True


def _salt() -> bytes:
    return secrets.token_bytes(_SALT_BYTES)


def _secret(endpoint: Endpoint, terms: Terms) -> str:
    return signatures.shown(signatures.secret_of(terms.secret_key, endpoint.id, endpoint.salt))


async def _note(tx: Transaction, endpoint: Endpoint, decision: str, *, by: Principal, now: datetime) -> None:
    # The host and not the address, whose path may hold what only its owner should know.
    facts = {
        "owner": endpoint.owner,
        "host": urlsplit(endpoint.url).hostname,
        "types": [each.value for each in endpoint.types],
        "version": endpoint.version,
    }
    await journal.record(tx, chain=f"webhook-endpoint/{endpoint.id}", decision=decision, by=by, at=now, facts=facts)
