"""R16: everything is delivered again from offset 0, and projections are made anew: the same rows, nothing leaves."""

import asyncio
import json
import time

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from smartfactory.check.hashes import table_hashes
from tests.support.drills.figures import Drill
from tests.support.drills.installation import SUBSCRIPTIONS, Installation
from tests.support.drills.invariants.audit import hold
from tests.support.drills.post import Post
from tests.support.drills.season import played
from tests.support.servers import Servers
from tests.support.waiting import eventually

_FINGERPRINT = "SELECT sum(hashtextextended(t::text, 0)::numeric) % 9223372036854775807 FROM tally t"
_PROJECTIONS = ("metrics", "mentoring")


@pytest.mark.promise("R16", "I6")
async def test_everything_is_delivered_again(installation: Installation, drill: Drill):
    """All groups begin again at offset 0: every table of every service is as it was; so it is after a rebuild."""
    await played(installation)
    await installation.settled()
    before = await table_hashes(installation.raw_urls())
    for worker in installation.workers.values():
        assert await asyncio.to_thread(worker.stop) == 0
    groups = [f"{installation.prefix}{service}" for service in installation.workers]
    admin = AdminClient({"bootstrap.servers": installation.servers.bootstrap_servers})
    for forgotten in admin.delete_consumer_groups(groups).values():
        forgotten.result(20)
    began = time.monotonic()
    await asyncio.to_thread(installation.start)
    await eventually(lambda: asyncio.to_thread(_all_read, installation), 120, what="every record was read again")
    drill.figure("records", sum(1 for _ in (await hold(installation, drill)).told))
    drill.figure("read again by every service after", time.monotonic() - began, unit="s")
    _same(drill, before, await table_hashes(installation.raw_urls()), "after everything was delivered again")

    for service in _PROJECTIONS:
        process = installation.process(service, "rebuild").start()
        assert await asyncio.to_thread(process.wait_for_end, 60) == 0, process.log
    _same(drill, before, await table_hashes(installation.raw_urls()), "after the projections were made anew")


@pytest.mark.promise("R16")
async def test_how_fast_a_projection_is_made_anew(crashable_servers: Servers, drill: Drill):
    """A projection of many events is made anew from offset 0: how many events a second, and that nothing is told."""
    keys, each = drill.scale(ci=(100, 50), full=(1000, 100))
    post = await asyncio.to_thread(Post, crashable_servers)
    await post.weighed(keys, each)
    worker = post.worker().start()
    await eventually(lambda: _counted(post, keys * each), 120, what="every event is applied")
    rows = await post.value("SELECT count(*) FROM outbox")
    live = await post.value(_FINGERPRINT)
    began = time.monotonic()
    process = post.rebuild().start()
    assert await asyncio.to_thread(process.wait_for_end, 110) == 0, process.log
    seconds = time.monotonic() - began
    told = next(json.loads(line) for line in process.log.splitlines() if line.startswith('{"service"'))
    drill.figure("events", told["events"], limit=f"== {keys * each}")
    drill.figure("events a second", keys * each / seconds, limit=drill.scale(ci="", full=">= 1700"))
    drill.figure("events told by it", await post.value("SELECT count(*) FROM outbox") - rows, limit="== 0")
    drill.figure("rows that differ", int(await post.value(_FINGERPRINT) != live), limit="== 0")
    worker.kill()


def _same(drill: Drill, before: dict[str, str], after: dict[str, str], when: str) -> None:
    different = sorted(name for name in before if before[name] != after[name])
    assert different == [], different
    drill.figure(f"tables that differ {when}, of {len(before)}", len(different), limit="== 0")


def _all_read(installation: Installation) -> bool:
    """Whether each group has committed the end of every topic it hears."""
    for service, heard in SUBSCRIPTIONS.items():
        settings = {
            "bootstrap.servers": installation.servers.bootstrap_servers,
            "group.id": installation.prefix + service,
            "enable.auto.commit": False,
        }
        asker = Consumer(settings)
        try:
            places = [TopicPartition(installation.prefix + topic, number) for topic in heard for number in range(6)]
            for place in asker.committed(places, timeout=10):
                _, end = asker.get_watermark_offsets(place, timeout=10)
                if end and place.offset != end:
                    return False
        finally:
            asker.close()
    return True


async def _counted(post: Post, events: int) -> bool:
    return await post.value("SELECT coalesce(sum(events), 0)::bigint FROM tally") == events
