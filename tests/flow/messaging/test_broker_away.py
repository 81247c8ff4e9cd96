"""Kafka may be away for as long as it likes: commands go on, nothing is lost, everything arrives in order (R1)."""

import time

import httpx2
import msgspec
import pytest

from common import relay
from common.event import new_id
from common.kafka import Publisher, create_topics
from tests.support.parcels.driver import deliveries, send, sequences_of, wire
from tests.support.parcels.events import ParcelSent
from tests.support.parcels.running import Parcels
from tests.support.waiting import eventually


@pytest.mark.promise("R1", "I4", "I5", "A23")
async def test_commands_go_on_without_the_broker_and_drain_in_order_when_it_is_back(parcels: Parcels):
    keys = [new_id() for _ in range(5)]
    parcels.servers.kafka.stop()
    worker = parcels.worker().start()
    try:
        # It starts without the broker, lives, and does not pretend to be ready.
        await eventually(lambda: _page(parcels, worker, "livez", 200))
        for key in keys:
            await send(parcels.database, key, *range(1, 11))
        assert (await parcels.health(worker, "readyz")).status_code == 503
    finally:
        parcels.servers.kafka.start()
    await eventually(lambda: _count(parcels, 50))
    await eventually(lambda: _page(parcels, worker, "readyz", 200))

    waits = worker.log.count("events wait for Kafka")
    parcels.servers.kafka.kill()
    try:
        slowest = 0.0
        for number in range(11, 41):
            for key in keys:
                began = time.monotonic()
                await send(parcels.database, key, number)
                slowest = max(slowest, time.monotonic() - began)
        assert slowest < relay._PUBLISH_SECONDS / 2, (
            "a command waited for the broker, which a publication gives ten seconds"
        )
        assert await parcels.unpublished() >= 100
        # The broker stays away until a publication was given up: only then is it seen whether anything was marked.
        await eventually(lambda: worker.log.count("events wait for Kafka") > waits)
        assert worker.exit_code() is None
    finally:
        parcels.servers.kafka.start()
    await eventually(lambda: _count(parcels, 200))
    await eventually(lambda: _published(parcels))
    for key in keys:
        assert await sequences_of(parcels.database, key) == list(range(1, 41))
    # In the topic itself: per key, first occurrences are 1..n without gap or inversion.
    seen: dict[bytes, list[int]] = {}
    for record in await parcels.topic():
        sequence = int(dict(record.headers)["ce_sequence"])
        if sequence not in seen.setdefault(record.key, []):
            seen[record.key].append(sequence)
    assert sorted(seen) == sorted(str(key).encode() for key in keys)
    assert all(sequences == list(range(1, 41)) for sequences in seen.values())


async def test_a_topic_that_is_not_there_spoils_no_producer(parcels: Parcels):
    here = wire(ParcelSent(parcel_id=new_id(), grams=1), 1)
    away = msgspec.structs.replace(here, topic="parcels.nowhere.v1")
    publisher = Publisher(parcels.options)
    await publisher.start()
    try:
        for _ in range(2):
            published = await publisher.publish([away, here, away], deadline_seconds=30)
            assert published.acknowledged == [False, True, False]
            assert (published.fault, published.missing) == (None, {"parcels.nowhere.v1"})
        await create_topics(parcels.options, ["parcels.nowhere.v1"])

        async def is_found() -> bool:
            return all((await publisher.publish([away], deadline_seconds=10)).acknowledged)

        await eventually(is_found)
    finally:
        await publisher.close()


async def _page(parcels: Parcels, worker, page: str, status: int) -> bool:
    try:
        return (await parcels.health(worker, page)).status_code == status
    except httpx2.HTTPError:
        return False


async def _count(parcels: Parcels, wanted: int) -> bool:
    return len(await deliveries(parcels.database)) == wanted


async def _published(parcels: Parcels) -> bool:
    return await parcels.unpublished() == 0
