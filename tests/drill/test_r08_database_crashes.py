"""R8: PostgreSQL crashes and comes back, or fails over to its standby, while people work: nothing acknowledged is lost."""

import asyncio
import time

import pytest

from tests.support.drills.figures import Drill
from tests.support.drills.installation import Installation, is_ready, living
from tests.support.drills.invariants.audit import hold
from tests.support.drills.standby import Standby
from tests.support.drills.steady import Steady
from tests.support.drills.watching import probes_watched
from tests.support.waiting import eventually


@pytest.mark.promise("R8", "I10")
async def test_a_database_that_crashes_under_load(installation: Installation, drill: Drill):
    """PostgreSQL is stopped at once and started again under load: no acknowledged effect is lost, nobody restarts."""
    crashes, worst = drill.scale(ci=2, full=20), 0.0
    async with installation.clients(seed=8) as clients:
        steady = Steady(installation, clients, year=2028, seed=8)
        await steady.open_call()
        mark, over = len(installation.history.moments), asyncio.Event()
        async with probes_watched(installation.processes) as seen, asyncio.TaskGroup() as group:
            group.create_task(steady.come(per_second=3, until=over.is_set))
            for _ in range(crashes):
                before = steady.done
                await eventually(lambda before=before: steady.done >= before + 3, 60, what="people are served")
                await asyncio.to_thread(installation.servers.crash_postgres)
                again = installation.servers.restart_postgres()
                await asyncio.to_thread(again.await_ready)
                worst = max(worst, await _served_again(installation))
            over.set()
    drill.figure("crashes", crashes)
    drill.figure("people served", steady.done)
    drill.figure(
        "requests without a definite answer", sum(one.phase == "unknown" for one in installation.history.since(mark))
    )
    limit = drill.scale(ci="<= 20", full="<= 5")
    drill.figure("serving again after PostgreSQL accepts", worst, unit="s", limit=limit)
    drill.figure("probes asked", seen.looks)
    drill.figure("liveness probes that failed", len(seen.dead), limit="== 0")
    ended = len(installation.processes) - len(living(installation.processes))
    drill.figure("processes that ended", ended, limit="== 0")
    drill.figure("time until everything is applied", await installation.settled(), unit="s", limit="<= 60")
    await hold(installation, drill)


@pytest.mark.promise("R8")
async def test_a_database_that_fails_over_under_load(installation: Installation, drill: Drill):
    """The primary is killed and its synchronous standby promoted under load: no acknowledged effect is lost."""
    failovers, worst = drill.scale(ci=1, full=5), 0.0
    async with installation.clients(seed=80) as clients:
        steady = Steady(installation, clients, year=2029, seed=80)
        await steady.open_call()
        over = asyncio.Event()
        async with probes_watched(installation.processes) as seen, asyncio.TaskGroup() as group:
            group.create_task(steady.come(per_second=3, until=over.is_set))
            for _ in range(failovers):
                standby = await asyncio.to_thread(Standby.copied, installation.servers)
                standby.begin()
                await asyncio.to_thread(standby.follow)
                before = steady.done
                await eventually(lambda before=before: steady.done >= before + 3, 60, what="people are served")
                began = time.monotonic()
                await asyncio.to_thread(installation.servers.kill_postgres)
                await asyncio.to_thread(standby.promote)
                installation.way_to_postgres.switch_to(standby.port)
                await _served_again(installation)
                worst = max(worst, time.monotonic() - began)
            over.set()
    drill.figure("failovers", failovers)
    drill.figure("people served", steady.done)
    drill.figure("serving again after the primary's death", worst, unit="s", limit="<= 30")
    drill.figure("liveness probes that failed", len(seen.dead), limit="== 0")
    drill.figure("time until everything is applied", await installation.settled(), unit="s", limit="<= 60")
    await hold(installation, drill)


async def _served_again(installation: Installation) -> float:
    began = time.monotonic()
    apis = [api for apis in installation.apis.values() for api in apis]
    await eventually(lambda: all(is_ready(api) for api in apis), 60, what="every API is ready again")
    return time.monotonic() - began
