"""Promise R37 in numbers: no call blocks the event loop of a service, and nobody waits long for his turn on it."""

import asyncio
import itertools
import statistics
import sys
import time
from pathlib import Path

import pytest

from smartfactory.stack.process import Command, start
from tests.support.access.served import Served
from tests.support.access.table import OFFERED
from tests.support.drills.figures import Drill
from tests.support.watching_loops import LoopWatch
from tools.catalogue.permissions import Operation

_CALLERS = 4
_STARTING_SECONDS = 1.0
_TIMES_MAX = 10
_REQUESTS, _SAMPLES = 100, 1_000

_BLOCKED = """
import asyncio, time, uvloop

async def main():
    await asyncio.sleep(0.1)
    try:
        time.sleep(0.001)
    except Exception:
        pass  # as a program would that goes on whatever happens
    ends = time.monotonic() + 0.3
    while time.monotonic() < ends:
        pass
    await asyncio.sleep(0.1)

uvloop.run(main())
"""
"""Blocks its loop in both ways there are: by a call that waits, whose error it swallows, and by work."""


@pytest.mark.promise("R37")
def test_a_loop_that_is_blocked_is_noticed(tmp_path: Path, drill: Drill) -> None:
    """A program that blocks its loop on purpose, by a sleep whose error it swallows and by work, is seen to do both."""
    watch = LoopWatch(tmp_path)
    argv = (sys.executable, "-c", _BLOCKED)
    child = start(Command(name="blocked", argv=argv, log=tmp_path / "log", env=watch.env))
    assert child.wait(60) == 0, child.log_tail()
    drill.figure("blocking calls noted", len(watch.blocked()), limit="== 1")
    assert watch.blocked()[0].startswith("time.sleep"), watch.blocked()
    drill.figure("longest wait for a turn", max(watch.lags(since=0)) * 1000, unit="ms", limit="> 200")


@pytest.mark.promise("R37")
async def test_nothing_blocks_the_loop(services: Served, loop_watch: LoopWatch, drill: Drill) -> None:
    """Every operation of every API, and the events that follow in the workers, in processes that watch their loops."""
    # What the drill before this one made the services do is under the same watch.
    assert not loop_watch.blocked(), "\n".join(sorted(set(loop_watch.blocked())))
    await _each_once(services)
    began = time.time()
    sent, lags = 0, list[float]()
    # So long again, until there is enough to judge by: a machine that does other work, too, reads less in that time.
    for _ in range(_TIMES_MAX):
        sent += await _read_for(services, drill.scale(ci=4.0, full=60.0))
        lags = loop_watch.lags(since=began + _STARTING_SECONDS)
        if sent > _REQUESTS and len(lags) > _SAMPLES:
            break
    assert len(lags) > 1, "those who watch have told nothing"
    blocked, logs = loop_watch.blocked(), "".join(services.log().values())
    ended = [name for name, process in services.processes.items() if process.exit_code() is not None]
    cuts = statistics.quantiles(lags, n=1000)
    drill.figure("operations", len(OFFERED))
    drill.figure("processes under watch", len(services.processes), limit="== 8")
    drill.figure("requests under watch", sent, limit=f"> {_REQUESTS}")
    assert not blocked, "\n".join(sorted(set(blocked)))
    drill.figure("blocking calls", len(blocked) + logs.count("BlockingError"), limit="== 0")
    drill.figure("processes that ended", len(ended), limit="== 0")
    drill.figure("samples of the loops' lag", len(lags), limit=f"> {_SAMPLES}")
    drill.figure("lag p50", cuts[499] * 1000, unit="ms")
    # In the four seconds of the short slice it is mostly the machine's other work: there a loop that is blocked shows above.
    drill.figure("lag p99", cuts[989] * 1000, unit="ms", limit=drill.scale(ci="<= 500", full="<= 50"))
    drill.figure("lag p99.9", cuts[998] * 1000, unit="ms", limit=drill.scale(ci="", full="<= 50"))


async def _each_once(services: Served) -> None:
    failed = [operation.name for operation in OFFERED if await _ask(services, operation) >= 500]
    assert not failed, failed


async def _read_for(services: Served, seconds: float) -> int:
    """Several callers at once, each reading in turn what there is to read."""
    ends, readable = time.monotonic() + seconds, [each for each in OFFERED if each.method == "GET"]

    async def call(first: int) -> int:
        for number in itertools.count():
            if time.monotonic() > ends:
                return number
            assert await _ask(services, readable[(first * 7 + number) % len(readable)]) < 500
        return 0

    return sum(await asyncio.gather(*(call(number) for number in range(_CALLERS))))


async def _ask(services: Served, operation: Operation) -> int:
    role, ask = services.own_request(operation)
    world = services.worlds[operation.service]
    return int((await world.send(ask, world.caller(role, "own"))).status_code)
