"""R3: a worker is killed between the database's commit and the offset's commit, hundreds of times: one effect each."""

import asyncio

import pytest

from tests.support.drills.figures import Drill
from tests.support.drills.post import Post
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

_PLACE = "consumer.after_commit"
_COMMITTED = "SELECT count(*) FROM outbox WHERE topic = 'parcels.parcel.v1'"
_EFFECTS = "SELECT count(*) FROM delivery"
_DISTINCT = "SELECT count(DISTINCT (parcel_id, sequence)) FROM delivery"
_OUT_OF_ORDER = """
    SELECT count(*) FROM (SELECT sequence, lag(sequence, 1, 0::bigint) OVER (PARTITION BY parcel_id ORDER BY position) AS before
                            FROM delivery) AS told WHERE sequence <> before + 1
"""
_TOLD = "SELECT count(*) FROM outbox WHERE topic = 'parcels.delivery.v1'"


@pytest.mark.promise("R3", "I7")
async def test_a_consumer_that_is_killed_after_its_commit(crashable_servers: Servers, drill: Drill):
    """Workers of several services die with -9 exactly there, again and again, and start again: each event once."""
    services, deaths, keys, each = drill.scale(ci=(2, 3, 10, 20), full=(8, 25, 50, 25))
    posts = [await asyncio.to_thread(Post, crashable_servers) for _ in range(services)]
    for post in posts:
        await post.sent(keys, each)
    kills = sum(await asyncio.gather(*(_killed(post, deaths) for post in posts)))
    told = lost = doubled = disordered = 0
    for post in posts:
        committed = await post.value(_COMMITTED)
        told += committed
        lost += committed - await post.value(_DISTINCT)
        doubled += await post.value(_EFFECTS) + await post.value(_TOLD) - 2 * committed
        disordered += await post.value(_OUT_OF_ORDER)
    drill.figure("events", told)
    drill.figure("kills exactly there", kills, limit=f">= {services * deaths}")
    drill.figure("events lost", lost, limit="== 0")
    drill.figure("double effects", doubled, limit="== 0")
    drill.figure("effects out of order", disordered, limit="== 0")


async def _killed(post: Post, deaths: int) -> int:
    """Let its worker die so often, then live; the hit at which it dies alternates, so that offsets move on meanwhile."""
    kills = 0
    for life in range(deaths):
        worker = post.worker(FAILPOINTS=f"{_PLACE}=kill9@{1 + life % 2}").start()
        assert await eventually(lambda worker=worker: _death(post, worker), 60, what="the worker dies") == -9
        kills += worker.hit(_PLACE)
    worker = post.worker().start()
    await eventually(lambda: _all_applied(post), 60, what="every event is applied")
    worker.kill()
    return kills


async def _death(post: Post, worker: ServiceProcess) -> int | None:
    """Its exit code; while it lives it is given something to do, for it must die over its work."""
    if worker.exit_code() is None:
        await post.sent(2, 3)
        await asyncio.to_thread(_waited, worker)
    return worker.exit_code()


def _waited(worker: ServiceProcess) -> None:
    assert worker.child is not None
    worker.child.wait(0.5)


async def _all_applied(post: Post) -> bool:
    return await post.value(_DISTINCT) == await post.value(_COMMITTED)
