"""An endpoint of each owner with a delivery and an attempt, and one request for each operation on them."""

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import text

from contracts.roles import Role
from tests.support.access.worlds import STALE, Ask, Asks, Things, World

SERVICE = "metrics"

_PLANT: Mapping[str, str] = {
    "endpoint": """
        INSERT INTO webhook_endpoint (id, owner, url, types, state, salt, registered_at, changed_at, version)
        VALUES (gen_random_uuid(), :owner, 'https://' || lower(:owner) || '.receiver.example/hooks', '{}', 'ACTIVE',
            'planted', now(), now(), 1) RETURNING id
    """,
    "delivery": """
        INSERT INTO webhook_delivery (id, endpoint_id, owner, event_id, type, body, occurred_at, queued_at, state,
            attempts, tries, next_attempt_at)
        VALUES (gen_random_uuid(), cast(:endpoint AS uuid), :owner, gen_random_uuid(), 'agreement.effective',
            '{"type": "agreement.effective", "data": {}}', now(), now(), 'FAILED', 1, 1, now() + interval '1 day')
        RETURNING id
    """,
    "attempt": """
        INSERT INTO webhook_attempt (delivery_id, number, began_at, milliseconds, outcome, status, excerpt)
        VALUES (cast(:delivery AS uuid), 1, now(), 12, 'REFUSED', 500, 'planted') RETURNING delivery_id
    """,
}
_BODY = {"url": "https://receiver.example/hooks", "types": ["agreement.effective"]}


def _endpoint(things: Things, what: str = "") -> str:
    return f"/v1/webhook-endpoints/{things['endpoint']}{what}"


_ASKS: Asks = {
    "registerWebhookEndpoint": lambda _things: Ask("POST", "/v1/webhook-endpoints", _BODY),
    "listWebhookEndpoints": lambda things: Ask(
        "GET", "/v1/webhook-endpoints", query={"page_size": 100}, shows=things["endpoint"]
    ),
    "getWebhookEndpoint": lambda things: Ask("GET", _endpoint(things)),
    "changeWebhookEndpoint": lambda things: Ask("PUT", _endpoint(things), _BODY, version=STALE),
    "removeWebhookEndpoint": lambda things: Ask("DELETE", _endpoint(things), version=STALE),
    "rotateWebhookSecret": lambda things: Ask("POST", _endpoint(things, "/secret-rotations")),
    "enableWebhookEndpoint": lambda things: Ask("POST", _endpoint(things, "/enablements")),
    "listWebhookDeliveries": lambda things: Ask("GET", _endpoint(things, "/deliveries")),
    "getWebhookDelivery": lambda things: Ask("GET", f"/v1/webhook-deliveries/{things['delivery']}"),
    "redeliverWebhook": lambda things: Ask("POST", f"/v1/webhook-deliveries/{things['delivery']}/redeliveries"),
}


async def add_to(world: World) -> World:
    """The same service with endpoints of two municipalities and of Samsung."""
    before = world.own
    mine, others, samsung = [await _planted(world, owner) for owner in ("52110", "52130", "SAMSUNG")]
    return replace(
        world,
        asks={**world.asks, **_ASKS},
        own=lambda role: {**before(role), **(samsung if role == Role.SAMSUNG_CLIENT else mine)},
        other={**world.other, **others},
    )


async def _planted(world: World, owner: str) -> dict[str, str]:
    things = {"owner": owner}
    async with world.owner.transaction() as tx:
        for kind, statement in _PLANT.items():
            things[kind] = str((await tx.execute(text(statement), things)).scalar_one())
    return {kind: things[kind] for kind in ("endpoint", "delivery")}
