"""Promise R40: a process sleeps through its lease and wakes up as a zombie."""

import asyncio

import psutil
import pytest

from common.event import new_id
from common.waiting import pause
from tests.drill.kafka.test_r14_rebalance_storm import _send
from tests.support.drills.figures import Drill
from tests.support.parcels.driver import rows
from tests.support.parcels.judging import judge, judge_topic, settle
from tests.support.parcels.running import Parcels
from tests.support.pausing import pause_process, resume_process
from tests.support.servers import ServiceProcess
from tests.support.waiting import eventually

KEYS = 6
_PAUSE_SECONDS = 2.5  # the session is 2 s
LEADER = """
    SELECT activity.pid, activity.client_port FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
"""


@pytest.mark.promise("R40", "I4", "I5", "I7")
async def test_a_leader_that_slept_through_its_lease_writes_nothing_wrong_when_it_wakes(parcels: Parcels, drill: Drill):
    """The leading relay and consumer is frozen in full flow, its lock is given to another, then it wakes."""
    naps, keys, over = drill.scale(ci=3, full=50), [new_id() for _ in range(KEYS)], asyncio.Event()
    workers = [parcels.worker().start(), parcels.worker().start()]
    sending = asyncio.create_task(_send(parcels, keys, over))
    taken_over = 0
    for _ in range(naps):
        leader, session = await eventually(lambda: _leader(parcels, workers))
        pause_process(leader.child)
        # What a database does with a connection whose other side is gone for long: the lease of the relay is its lock.
        parcels.servers.postgres.run(f"SELECT pg_terminate_backend({session})")
        await pause(asyncio.Event(), _PAUSE_SECONDS)
        other, _ = await eventually(lambda: _leader(parcels, workers))
        taken_over += other is not leader
        resume_process(leader.child)
    over.set()
    each = await sending
    await settle(parcels, keys, each, deadline=60)
    drill.figure("events", KEYS * each)
    drill.figure("pauses", naps)
    drill.figure("pauses in which another took over", taken_over, limit=f"== {naps}")
    await judge(drill, parcels, keys, each)
    await judge_topic(drill, parcels, keys, each, duplicates="<= 100")
    ended = sum(worker.exit_code() is not None for worker in workers)
    drill.figure("workers that ended by themselves", ended, limit="== 0")


async def _leader(parcels: Parcels, workers: list[ServiceProcess]) -> tuple[ServiceProcess, int] | None:
    """Which worker's relay leads, and its session in the database."""
    for session, port in await rows(parcels.database, LEADER):
        for worker in workers:
            mine = psutil.Process(worker.child.pid).net_connections("tcp")
            if any(link.laddr.port == port for link in mine):
                return worker, int(str(session))
    return None
