"""The one request for the partners' feed, which is the same for whoever may read it."""

from dataclasses import replace

from tests.support.access.worlds import Ask, Asks, World

SERVICE = "metrics"

_ASKS: Asks = {"readPartnerEvents": lambda _things: Ask("GET", "/v1/partner-events")}


async def add_to(world: World) -> World:
    """The same service with its feed."""
    return replace(world, asks={**world.asks, **_ASKS})
