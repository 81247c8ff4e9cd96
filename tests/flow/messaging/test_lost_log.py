"""A log that was lost is noticed before anything is sent or skipped, and the outbox fills the new one (promise R38).

The topic is deleted and made anew here, which is what listeners see of a broker whose disks were lost; the drill wipes
a whole broker.
"""

import asyncio
from collections import Counter

import httpx2
import pytest
from confluent_kafka.admin import AdminClient

from common import republish
from common.db import Database
from common.event import new_id
from common.kafka import create_topics
from tests.flow.messaging.conftest import Parcels
from tests.flow.messaging.test_rebuild import TALLY, rebuilding
from tests.support.parcels.driver import AT, rows, scalar, send, sequences_of, tell, wire
from tests.support.parcels.events import DeliveryMade, ParcelSent, ParcelWeighed
from tests.support.parcels.operating import OPERATOR, begin_again, republish_all
from tests.support.servers import ServiceProcess
from tests.support.waiting import eventually

TOPICS = [ParcelSent.TOPIC, DeliveryMade.TOPIC]


def lose(parcels: Parcels, *topics: str) -> None:
    admin = AdminClient({"bootstrap.servers": parcels.servers.bootstrap_servers})
    for deleted in admin.delete_topics([parcels.prefix + topic for topic in topics]).values():
        deleted.result(60)


async def lose_and_make_anew(parcels: Parcels, *topics: str) -> None:
    lose(parcels, *topics)

    async def is_new() -> bool:
        await create_topics(parcels.options, topics)
        return await parcels.topic(topics[0]) == []

    await eventually(is_new)


async def complains(parcels: Parcels, worker: ServiceProcess, check: str, text: str) -> bool:
    try:
        page = (await parcels.health(worker, "readyz")).json()
    except httpx2.HTTPError:
        return False
    return text in str(page["checks"][check]["detail"]) and page["state"] == "not ready"


async def both_have(parcels: Parcels, keys: list[object], count: int) -> bool:
    return all([await sequences_of(parcels.database, key) == list(range(1, count + 1)) for key in keys])


@pytest.mark.promise("R38", "I4", "I5", "I6", "I7")
async def test_a_lost_topic_stops_its_relay_and_its_listeners_until_an_operator_fills_it_again(parcels: Parcels):
    keys: list[object] = [new_id() for _ in range(4)]
    worker = parcels.worker().start()
    for key in keys:
        await send(parcels.database, key, 1, 2, 3)
    async with parcels.database.transaction() as tx:
        await tell(tx, ParcelWeighed(parcel_id=keys[0], grams=5))
    await eventually(lambda: both_have(parcels, keys, 3))
    await eventually(parcels.consumed)
    projected = await rows(parcels.database, TALLY)
    worker.stop()
    await lose_and_make_anew(parcels, *TOPICS)
    for key in keys[1:]:
        await send(parcels.database, key, 4)

    worker.start()
    await eventually(lambda: complains(parcels, worker, "consumer", "is not the one that was read before"))
    await eventually(lambda: "is not the one that was written before" in worker.log)
    metrics = (await parcels.health(worker, "openmetrics")).text
    assert f'kafka_log_lost{{side="heard",topic="{ParcelSent.TOPIC}"}} 1.0' in metrics
    assert f'kafka_log_lost{{side="sent",topic="{ParcelSent.TOPIC}"}} 1.0' in metrics
    assert await parcels.topic() == [], "something was sent before what came first"
    assert worker.exit_code() is None

    told = await republish_all(parcels.database)
    assert told == {ParcelSent.TOPIC: 13, DeliveryMade.TOPIC: 12}
    await eventually(lambda: _published(parcels))
    assert await sequences_of(parcels.database, keys[1]) == [1, 2, 3], "its listeners wait for a word of their own"
    await begin_again(parcels.database)
    await eventually(lambda: both_have(parcels, keys[1:], 4))
    await eventually(parcels.consumed)
    assert await both_have(parcels, keys[:1], 3)
    assert await rows(parcels.database, TALLY) == projected
    assert await scalar(parcels.database, "SELECT count(*) FROM parked_event") == 0
    await eventually(lambda: _is_ready(parcels, worker))

    # The new log is whole: every event once, each key in its order, and a projection can be made from it alone.
    seen: dict[bytes, list[int]] = {}
    for record in await parcels.topic():
        seen.setdefault(record.key, []).append(int(dict(record.headers)["ce_sequence"]))
    assert all(found == list(range(1, len(found) + 1)) for found in seen.values()), seen
    assert sum(map(len, seen.values())) == 16
    assert (await asyncio.to_thread(rebuilding(parcels).start().wait_for_end)) == 0
    assert await rows(parcels.database, TALLY) == projected
    assert await rows(parcels.database, "SELECT decision, count(*) FROM journal_entry GROUP BY 1 ORDER BY 1") == [
        ("log.read-again", 1),
        ("log.republished", 2),
    ]


@pytest.mark.promise("R38")
async def test_a_topic_that_went_and_came_while_everything_ran_is_noticed_too(parcels: Parcels):
    key = new_id()
    worker = parcels.worker().start()
    await send(parcels.database, key, *range(1, 6))
    await eventually(lambda: both_have(parcels, [key], 5))
    await lose_and_make_anew(parcels, *TOPICS)
    await send(parcels.database, key, 6)
    await eventually(lambda: complains(parcels, worker, "consumer", "log"))
    await eventually(lambda: _says_lost(parcels, worker, "sent"))
    assert await sequences_of(parcels.database, key) == [1, 2, 3, 4, 5]
    assert await parcels.unpublished() == 1, "what may have gone into the new log too early is not taken for sent"
    await republish_all(parcels.database)
    await begin_again(parcels.database)
    await eventually(lambda: both_have(parcels, [key], 6))
    await eventually(parcels.consumed)
    await eventually(lambda: _nothing_waits(parcels))
    assert worker.exit_code() is None


@pytest.mark.promise("R38")
async def test_another_log_that_happens_to_be_as_long_is_not_taken_for_the_one_that_was_read(parcels: Parcels):
    """The group's offsets fit it, Kafka sees nothing wrong, and without a memory of our own it would be read on."""
    key = new_id()
    worker = parcels.worker().start()
    await send(parcels.database, key, 1, 2, 3)
    await eventually(lambda: both_have(parcels, [key], 3))
    await eventually(parcels.consumed)
    worker.stop()
    lost = [(record.key, record.value, record.headers) for record in await parcels.topic()]
    await lose_and_make_anew(parcels, ParcelSent.TOPIC)
    await send(parcels.database, key, 4, 5, 6, 7)
    unsent = await rows(parcels.database, "SELECT event_id FROM outbox WHERE published_at IS NULL")
    await _fill_with_others(parcels, key, len(lost) + 2)
    worker.start()
    await eventually(lambda: complains(parcels, worker, "consumer", "is not the one that was read before"))
    assert await sequences_of(parcels.database, key) == [1, 2, 3]
    assert len(unsent) == 4


@pytest.mark.promise("R38")
async def test_the_count_that_was_seen_is_the_one_that_is_done_or_nothing(parcels: Parcels):
    parcels.worker().start()
    await send(parcels.database, new_id(), 1, 2)
    await eventually(parcels.consumed)
    for wrong in (republish.republish, republish.begin_again):
        with pytest.raises(republish.CountNotConfirmed):
            await _do(parcels.database, wrong, confirmed=3)
        with pytest.raises(republish.RepublishNeedsReason):
            await _do(parcels.database, wrong, confirmed=2, reason=" ")
    assert await parcels.unpublished() == 0
    assert await _do(parcels.database, republish.republish, confirmed=2) == 2
    await eventually(parcels.consumed)
    assert set(Counter(dict(one.headers)["ce_id"] for one in await parcels.topic()).values()) == {2}


async def _fill_with_others(parcels: Parcels, key: object, count: int) -> None:
    others = [wire(ParcelSent(parcel_id=key, grams=9), sequence) for sequence in range(1, count + 1)]
    await parcels.publish(*others)


async def _do(database: Database, act, *, confirmed: int, reason: str = "disks lost") -> int:
    async with database.transaction() as tx:
        return await act(tx, [ParcelSent.TOPIC], confirmed=confirmed, by=OPERATOR, reason=reason, at=AT)


async def _published(parcels: Parcels) -> bool:
    return await parcels.unpublished() == 0


async def _says_lost(parcels: Parcels, worker: ServiceProcess, side: str) -> bool:
    return (
        f'kafka_log_lost{{side="{side}",topic="{ParcelSent.TOPIC}"}} 1.0'
        in (await parcels.health(worker, "openmetrics")).text
    )


async def _nothing_waits(parcels: Parcels) -> bool:
    return await scalar(parcels.database, "SELECT count(*) FROM parked_event WHERE resolved_at IS NULL") == 0


async def _is_ready(parcels: Parcels, worker: ServiceProcess) -> bool:
    return (await parcels.health(worker, "readyz")).status_code == 200
