"""Promise R15: handlers slower than the poll interval."""

import asyncio
import time
from dataclasses import replace
from uuid import UUID

import pytest

from common.acting import THE_SERVICE
from common.clock import SystemClock
from common.consumer import Received, handling
from common.consumer.loop import ConsumerLoop
from common.db import Database, Transaction
from common.event import new_id
from common.waiting import pause
from tests.support.drills.figures import Drill
from tests.support.parcels.consumers import HANDLERS, on_parcel_sent
from tests.support.parcels.driver import rows, wire
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually

SLOW = 5
INTERVAL_SECONDS = 3.0
HANDLER_SECONDS = INTERVAL_SECONDS / 30  # as shipped: 10 s of 300 s


@pytest.mark.promise("R15", "A17")
async def test_handlers_slower_than_the_poll_interval_are_parked_at_once_and_nobody_waits_for_them(
    parcels: Parcels, drill: Drill, monkeypatch: pytest.MonkeyPatch
):
    """Five keys' handlers take twice the poll interval, between others that are quick."""
    monkeypatch.setattr(handling, "_HANDLER_SECONDS", HANDLER_SECONDS)
    slow, quick = [new_id() for _ in range(SLOW)], [new_id() for _ in range(drill.scale(ci=100, full=1_000))]
    tries: dict[UUID, int] = dict.fromkeys(slow, 0)

    async def on_sent(tx: Transaction, event: ParcelSent, received: Received) -> None:
        if event.parcel_id in tries:
            tries[event.parcel_id] += 1
            await pause(asyncio.Event(), 2 * INTERVAL_SECONDS)
        await on_parcel_sent(tx, event, received)

    options = replace(parcels.options, session_timeout_ms=2_000, poll_interval_ms=int(INTERVAL_SECONDS * 1000))
    database, stop = (
        Database(parcels.urls.application, application_name="parcels-worker", acting=THE_SERVICE),
        asyncio.Event(),
    )
    made = ConsumerLoop(
        database, SystemClock(), {**HANDLERS, ParcelSent: on_sent}, service=parcels.prefix + "slow", options=options
    )
    running = asyncio.create_task(made.run(stop))
    every = len(quick) // SLOW
    for number, key in enumerate(quick):
        due = [key] if number % every else [slow[number // every], key]
        await parcels.publish(*(wire(ParcelSent(parcel_id=one, grams=1), 1) for one in due))
    sent = time.monotonic()
    await eventually(lambda: _done(parcels, quick, slow), 60)
    drill.figure("quick events", len(quick))
    limit = drill.scale(ci=f"<= {2 * INTERVAL_SECONDS}", full="<= 3")
    drill.figure("until the last quick one was applied", time.monotonic() - sent, unit="s", limit=limit)
    drill.figure("tries of a slow event at most", max(tries.values()), limit="<= 3")
    parked = await rows(parcels.database, "SELECT DISTINCT reason FROM parked_event")
    assert parked == [("failed",)]
    drill.figure("effects of quick events", len(await _delivered(parcels)), limit=f"== {len(quick)}")
    stop.set()
    await running
    await database.dispose()


async def _delivered(parcels: Parcels) -> list[tuple[object, ...]]:
    return list(await rows(parcels.database, "SELECT parcel_id FROM delivery"))


async def _done(parcels: Parcels, quick: list[UUID], slow: list[UUID]) -> bool:
    waiting = await rows(parcels.database, "SELECT key FROM parked_event")
    return len(await _delivered(parcels)) >= len(quick) and {key for (key,) in waiting} == {str(one) for one in slow}
