"""What every service has for its operators: a parked event that waits, and one request for each of their operations."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import text

from tests.support.access.worlds import STALE, Ask, Asks, Things, World

_PARK = text(
    """
    INSERT INTO parked_event (identity, topic, partition, kafka_offset, key, record_headers, reason, detail)
    VALUES ('matrix', 'matrix.topic.v1', 0, 0, 'matrix', '[]', 'undecodable', 'matrix')
    RETURNING id
    """
)
_MENDED = {"reason": "matrix"}


async def with_parked_event(world: World) -> World:
    """The same service with an event in it that nobody can read, and the requests about it."""
    async with world.owner.transaction() as tx:
        parked = {"parked": str((await tx.execute(_PARK)).scalar_one())}
    own = world.own
    return replace(
        world, asks={**world.asks, **_ASKS}, own=lambda role: {**own(role), **parked}, other={**world.other, **parked}
    )


def _one(things: Things) -> str:
    number = things["parked"]
    # What does not exist is named by a UUID elsewhere; here it is a number nobody has.
    return f"/v1/parked-events/{number if number.isdigit() else UUID(number).int % 10**15}"


_ASKS: Asks = {
    "listParkedEvents": lambda things: Ask("GET", "/v1/parked-events", shows=f'"id":{things["parked"]},'),
    "getParkedEvent": lambda things: Ask("GET", _one(things)),
    "redriveParkedEvent": lambda things: Ask("POST", f"{_one(things)}/redrives", _MENDED),
    "askParkedEventDiscard": lambda things: Ask("POST", f"{_one(things)}/discards", _MENDED),
    "readServiceState": lambda _things: Ask("GET", "/v1/service-state"),
    "confirmParkedEventDiscard": lambda things: Ask("POST", f"{_one(things)}/discard-confirmations", version=STALE),
}
