"""R4: a third of all events is delivered again, up to five times, also to two members at once: one effect each."""

import asyncio
import random
import time

import pytest

from common.clock import SystemClock
from common.consumer.batch import Applier
from common.db import Database
from common.event import WireRecord
from tests.support.drills.figures import Drill
from tests.support.drills.invariants.topics import Told
from tests.support.drills.post import Post
from tests.support.parcels.consumers import HANDLERS
from tests.support.servers import Servers
from tests.support.waiting import eventually

_EFFECTS = "SELECT count(*) FROM delivery"
_DISTINCT = "SELECT count(DISTINCT (parcel_id, sequence)) FROM delivery"
_COUNTED = "SELECT coalesce(sum(events), 0)::bigint FROM tally"
_SHARE = 0.3
_BATCH = 100


@pytest.mark.promise("R4", "I7")
async def test_events_that_are_delivered_again(crashable_servers: Servers, drill: Drill):
    """30 % of the events are published 1 to 5 times more while two members apply them, and all again by two at once."""
    keys, each = drill.scale(ci=(20, 25), full=(200, 50))
    post = await asyncio.to_thread(Post, crashable_servers)
    await post.sent(keys, each)
    await post.weighed(keys, each)
    events, chance = 2 * keys * each, random.Random(4)
    workers = [post.worker().start(), post.worker().start()]
    await eventually(lambda: _published(post), 60, what="every event is in its topic")
    told = [one for one in await asyncio.to_thread(post.told) if one.topic == "parcels.parcel.v1"]
    again = [one for one in told if chance.random() < _SHARE for _ in range(chance.randint(1, 5))]
    chance.shuffle(again)
    await asyncio.to_thread(post.tell_again, again)
    await eventually(lambda: _applied(post, keys * each), 90, what="every event is applied")
    await _two_members_at_once(post, told[:_BATCH])
    drill.figure("events", events)
    drill.figure("delivered again", len(again))
    drill.figure("double effects", await post.value(_EFFECTS) - await post.value(_DISTINCT), limit="== 0")
    drill.figure("events lost", events - await post.value(_DISTINCT) - await post.value(_COUNTED), limit="== 0")
    drill.figure("p99 cost of a duplicate", await _cost_ms(post, told), unit="ms", limit="<= 3")
    for worker in workers:
        worker.kill()


async def _two_members_at_once(post: Post, told: list[Told]) -> None:
    """The very same batch by two appliers at the same moment, as when a rebalance hands it to another member."""
    databases = [Database(post.urls.application, application_name="member") for _ in range(2)]
    await asyncio.gather(*(_applier(database).apply(_as_fetched(told)) for database in databases))
    for database in databases:
        await database.dispose()


async def _cost_ms(post: Post, told: list[Told]) -> float:
    """What one duplicate costs its consumer, when all of a batch are duplicates."""
    database = Database(post.urls.application, application_name="member")
    applier, costs = _applier(database), []
    for first in range(0, min(len(told), 50 * _BATCH), _BATCH):
        batch = _as_fetched(told[first : first + _BATCH])
        began = time.perf_counter()
        await applier.apply(batch)
        costs.append((time.perf_counter() - began) * 1000 / len(batch))
    await database.dispose()
    return sorted(costs)[int(0.99 * (len(costs) - 1))]


def _applier(database: Database) -> Applier:
    return Applier(database, SystemClock(), HANDLERS, service="parcels")


def _as_fetched(told: list[Told]) -> list[WireRecord]:
    return [
        WireRecord(
            topic=one.topic,
            partition=one.partition,
            offset=one.offset,
            key=one.key.encode(),
            value=one.value,
            headers=list(one.headers),
        )
        for one in told
    ]


async def _published(post: Post) -> bool:
    return (
        await post.value("SELECT count(*) FROM outbox WHERE published_at IS NULL AND topic = 'parcels.parcel.v1'") == 0
    )


async def _applied(post: Post, each_kind: int) -> bool:
    return await post.value(_DISTINCT) >= each_kind and await post.value(_COUNTED) >= each_kind
