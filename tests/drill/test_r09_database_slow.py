"""R9: a slow way to the database, then a lock that is held: bounded answers that say when to come again, no collapse."""

import asyncio
import time
from collections.abc import Sequence

import asyncpg
import pytest

from tests.support.drills.figures import Drill
from tests.support.drills.history import Moment, slowest
from tests.support.drills.installation import Installation
from tests.support.drills.invariants.audit import hold
from tests.support.drills.pacing import pause
from tests.support.drills.steady import Steady
from tests.support.drills.watching import grown_mb, memory_mb, probes_watched
from tests.support.waiting import eventually

_NOMINAL_PER_SECOND = 2


@pytest.mark.promise("R9", "I10")
async def test_a_slow_database(installation: Installation, drill: Drill):
    """Every piece to the database is held back 0.3 to 3 s at twice the nominal load: bounded, and well again soon."""
    seconds = drill.scale(ci=6.0, full=60.0)
    history = installation.history
    apis = [api for replicas in installation.apis.values() for api in replicas]
    async with installation.clients(seed=9) as clients:
        steady = Steady(installation, clients, year=2030, seed=9)
        await steady.open_call()
        mark = len(history.moments)
        await _for(steady, per_second=_NOMINAL_PER_SECOND, seconds=4.0)
        baseline, before = slowest(history.since(mark), 0.99), memory_mb(apis)

        mark = len(history.moments)
        async with probes_watched(apis) as seen, asyncio.TaskGroup() as group:
            ends = time.monotonic() + seconds
            with installation.way_to_postgres.slow(0.3, 3.0):
                group.create_task(
                    steady.come(per_second=2 * _NOMINAL_PER_SECOND, until=lambda: time.monotonic() > ends)
                )
                await pause(seconds)
            healed = time.monotonic()
        answers = [one for one in history.since(mark) if one.phase != "invoke"]
        drill.figure("people served", steady.done)
        drill.figure("requests while it was slow", len(answers))
        _bounded(drill, answers)
        drill.figure("everybody served after it was fast again", time.monotonic() - healed, unit="s", limit="<= 30")
        drill.figure("liveness probes that failed", len(seen.dead), limit="== 0")

        async def as_before() -> bool:
            mark = len(history.moments)
            await _for(steady, per_second=_NOMINAL_PER_SECOND, seconds=1.0)
            return slowest(history.since(mark), 0.99) <= max(2 * baseline, 0.5)

        began = time.monotonic()
        await eventually(as_before, what="answers are as quick as before")
        limit = drill.scale(ci="<= 40", full="<= 10")
        drill.figure("p99 as before after", time.monotonic() - began, unit="s", limit=limit)
        drill.figure("memory grown by at most", grown_mb(before, memory_mb(apis)), unit="MB", limit="<= 20")
    drill.figure("time until everything is applied", await installation.settled(), unit="s", limit="<= 60")
    await hold(installation, drill)


@pytest.mark.promise("R9")
async def test_a_lock_that_is_held(installation: Installation, drill: Drill):
    """Somebody holds the row that a confirmation needs: who wants it is told to come again, others are served."""
    seconds, history = drill.scale(ci=4.0, full=30.0), installation.history
    holder = await asyncpg.connect(installation.raw_urls()["funding"])
    async with installation.clients(seed=90) as clients:
        steady = Steady(installation, clients, year=2031, seed=90)
        await steady.open_call()
        held = holder.transaction()
        await held.start()
        # Held whole: whoever proposes or confirms money waits, and who only reads does not.
        await holder.execute("LOCK TABLE budget_line IN SHARE MODE")
        mark = len(history.moments)
        async with asyncio.TaskGroup() as group:
            waits = group.create_task(steady.one(3_000_003))
            ends = time.monotonic() + seconds
            group.create_task(steady.come(per_second=_NOMINAL_PER_SECOND, until=lambda: time.monotonic() > ends))
            await pause(seconds)
            assert not waits.done(), "nothing was locked"
            await held.rollback()
        answers = [one for one in history.since(mark) if one.phase != "invoke"]
        drill.figure("requests while it was held", len(answers))
        _bounded(drill, answers)
        at_applicant = [one for one in answers if history.operations[one.operation].service == "applicant"]
        limit = drill.scale(ci="<= 3", full="<= 1")
        drill.figure("p99 of the service that needs no lock", slowest(at_applicant, 0.99), unit="s", limit=limit)
    await holder.close()
    await installation.settled()
    await hold(installation, drill)


async def _for(steady: Steady, *, per_second: float, seconds: float) -> None:
    ends = time.monotonic() + seconds
    await steady.come(per_second=per_second, until=lambda: time.monotonic() > ends)


def _bounded(drill: Drill, answers: Sequence[Moment]) -> None:
    # Five seconds are the service's own; in the short slice, the rest is what the machine takes to carry the answer.
    drill.figure("slowest answer", slowest(answers, 1.0), unit="s", limit=drill.scale(ci="<= 8", full="<= 5"))
    refused = [one for one in answers if one.status is not None and one.status >= 500]
    drill.figure("told to come again", len(refused))
    drill.figure(
        "of them not 503 with Retry-After",
        sum(one.status != 503 or not one.retry_after for one in refused),
        limit="== 0",
    )
    drill.figure("without an answer", sum(one.status is None for one in answers), limit="== 0")
