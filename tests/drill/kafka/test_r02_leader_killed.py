"""Promise R2: brokers are killed one after the other while the relay publishes."""

import asyncio
import time

import pytest

from common.event import new_id
from common.waiting import pause
from tests.support.cluster import Cluster
from tests.support.drills.figures import Drill
from tests.support.parcels.driver import scalar, tell
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.judging import judge, judge_topic, settle
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually

KEYS = 20
_SECONDS_FOR_A_KILL = 4
OLDEST = "SELECT coalesce(extract(epoch FROM now() - min(recorded_at)), 0) FROM outbox WHERE published_at IS NULL"


@pytest.mark.promise("R2", "I4", "I5", "I7")
async def test_the_leader_is_killed_again_and_again_while_events_are_published(
    clustered: Parcels, cluster: Cluster, drill: Drill
):
    """Three brokers, three copies of each record, two must have it; the leader is killed with -9 in full flow."""
    parcels, kills, each = clustered, drill.scale(ci=2, full=36), drill.scale(ci=60, full=1_000)
    keys = [new_id() for _ in range(KEYS)]
    topic = parcels.prefix + ParcelSent.TOPIC
    parcels.worker().start()
    sending, stalls = asyncio.create_task(_send(parcels, keys, each, kills)), list[float]()
    watching = asyncio.create_task(_watch(parcels, stalls))
    for _ in range(kills):
        await asyncio.to_thread(cluster.await_in_sync, topic)
        leader = await asyncio.to_thread(cluster.leader, topic)
        before = await _published(parcels)
        await asyncio.to_thread(cluster.kill, leader)
        await eventually(lambda before=before: _more_than(parcels, before + KEYS), 40, what="publishing on two brokers")
        await asyncio.to_thread(cluster.start)
    await sending
    sent_at = time.monotonic()
    # Long enough for the watchdog to notice a consumer that a dead leader left without news, and to join it anew.
    await settle(parcels, keys, each, deadline=150)
    watching.cancel()
    drill.figure("events", KEYS * each)
    drill.figure("brokers killed", kills)
    drill.figure("all consumed after the last was sent", time.monotonic() - sent_at, unit="s")
    await judge(drill, parcels, keys, each)
    await judge_topic(drill, parcels, keys, each, duplicates="<= 1")
    drill.figure("longest stall of publishing", max(stalls), unit="s", limit="<= 15")


async def _send(parcels: Parcels, keys: list, each: int, kills: int) -> None:
    """Spread the parcels over the kills, a few with each transaction."""
    gone, began = asyncio.Event(), time.monotonic()
    for number in range(each):
        for key in keys:
            async with parcels.database.transaction() as tx:
                await tell(tx, ParcelSent(parcel_id=key, grams=1))
        due = began + number * kills * _SECONDS_FOR_A_KILL / each
        if due > time.monotonic():
            await pause(gone, due - time.monotonic())


async def _watch(parcels: Parcels, stalls: list[float]) -> None:
    stalls.append(0.0)
    gone = asyncio.Event()
    while True:
        stalls.append(float(str(await scalar(parcels.database, OLDEST))))
        await pause(gone, 0.25)


async def _published(parcels: Parcels) -> int:
    return int(str(await scalar(parcels.database, "SELECT count(*) FROM outbox WHERE published_at IS NOT NULL")))


async def _more_than(parcels: Parcels, count: int) -> bool:
    return await _published(parcels) > count or not await parcels.unpublished()
