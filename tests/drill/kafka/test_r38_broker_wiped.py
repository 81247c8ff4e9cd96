"""Promise R38: a broker comes back with an empty disk."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from common.event import new_id
from common.kafka import create_topics
from smartfactory.stack.provision import DatabaseUrls
from tests.support.cluster import Cluster
from tests.support.drills.figures import Drill
from tests.support.parcels.driver import rows, tell
from tests.support.parcels.events import DeliveryMade, ParcelSent, ParcelWeighed
from tests.support.parcels.judging import judge, judge_topic, settle
from tests.support.parcels.operating import begin_again, republish_all
from tests.support.parcels.running import Parcels, installed
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

TALLY = "SELECT md5(string_agg(tally::text, '|' ORDER BY parcel_id)) FROM tally"
KEYS = 20


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "broker", brokers=1)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def alone(
    servers: Servers, urls: DatabaseUrls, topic_prefix: str, tmp_path: Path, broker: Cluster
) -> AsyncIterator[Parcels]:
    async with installed(servers, urls, topic_prefix, tmp_path, brokers=broker.bootstrap_servers) as made:
        yield made


@pytest.mark.promise("R38", "I4", "I5", "I6", "I7")
async def test_a_broker_that_lost_its_disk_stops_everything_until_it_is_filled_again(
    alone: Parcels, broker: Cluster, drill: Drill
):
    """Topics, groups and offsets are gone while the worker runs; nothing is sent or read until an operator says so."""
    parcels, each = alone, drill.scale(ci=10, full=250)
    keys, weighed = [new_id() for _ in range(KEYS)], [new_id() for _ in range(KEYS)]
    worker = parcels.worker().start()
    for _ in range(each):
        async with parcels.database.transaction() as tx:
            for key, other in zip(keys, weighed, strict=True):
                await tell(tx, ParcelSent(parcel_id=key, grams=1))
                await tell(tx, ParcelWeighed(parcel_id=other, grams=1))
    await settle(parcels, keys, each, deadline=60)
    projected = await rows(parcels.database, TALLY)

    await parcels.observer.close()
    parcels.observer = None
    await asyncio.to_thread(broker.wipe, 1)
    await asyncio.to_thread(broker.start)
    await create_topics(parcels.options, [ParcelSent.TOPIC, DeliveryMade.TOPIC])
    began = time.monotonic()
    async with parcels.database.transaction() as tx:
        for key in keys:
            await tell(tx, ParcelSent(parcel_id=key, grams=1))
    await eventually(lambda: _stands_still(parcels, worker), 60)
    drill.figure("until it was known and said", time.monotonic() - began, unit="s", limit="<= 30")
    drill.figure("events in the new log before it was filled", len(await parcels.topic()), limit="== 0")

    began = time.monotonic()
    told = await republish_all(parcels.database)
    await begin_again(parcels.database)
    await settle(parcels, keys, each + 1, deadline=90)
    drill.figure("events sent again", sum(told.values()))
    drill.figure("until all was as before, and the new ones applied", time.monotonic() - began, unit="s")
    await judge(drill, parcels, keys, each + 1)
    await judge_topic(drill, parcels, [*keys], each + 1, duplicates="<= 10")
    assert await rows(parcels.database, TALLY) == projected, "a projection changed by being told again"
    assert worker.exit_code() is None


async def _stands_still(parcels: Parcels, worker: ServiceProcess) -> bool:
    try:
        page = await parcels.health(worker, "readyz")
        metrics = (await parcels.health(worker, "openmetrics")).text
    except httpx2.HTTPError:
        return False
    return page.status_code == 503 and metrics.count('kafka_log_lost{side="heard",topic="parcels.parcel.v1"} 1.0') == 1
