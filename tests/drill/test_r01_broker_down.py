"""R1: Kafka is killed while people work: they do not notice, their events wait, and leave in order when it is back."""

import asyncio
import time

import asyncpg
import pytest

from tests.support.drills.figures import Drill
from tests.support.drills.history import slowest
from tests.support.drills.installation import Installation
from tests.support.drills.invariants.audit import hold
from tests.support.drills.steady import Steady
from tests.support.drills.watching import grown_mb, memory_mb, probes_watched

_A_WAIT_SECONDS = 4.0
"""Less than any wait for Kafka takes: a publication is given up after ten seconds, a connection after thirty."""

_UNSENT = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@pytest.mark.promise("R1", "I4", "I5", "I10")
async def test_the_broker_is_down(installation: Installation, drill: Drill):
    """Kafka is killed under load and stays away: every request is answered as before, and the backlog drains in order."""
    seconds, per_second = drill.scale(ci=6.0, full=60.0), drill.scale(ci=4, full=8)
    history, broker = installation.history, installation.servers.kafka
    async with installation.clients(seed=10) as clients:
        steady = Steady(installation, clients, year=2032, seed=10)
        await steady.open_call()
        mark = len(history.moments)
        await _for(steady, per_second, drill.scale(ci=3.0, full=15.0))
        baseline, before = slowest(history.since(mark), 0.99), memory_mb(installation.processes)

        await asyncio.to_thread(broker.kill)
        mark = len(history.moments)
        async with probes_watched(installation.processes) as seen:
            await _for(steady, per_second, seconds)
        answers = [one for one in history.since(mark) if one.phase != "invoke"]
        waiting = await _count(installation, _UNSENT)
        grown = grown_mb(before, memory_mb(installation.processes))
        broker.begin()
        await asyncio.to_thread(broker.await_ready)
        backlog_gone = await installation.settled(90)

    good = sum(one.phase == "ok" for one in answers) / len(answers)
    drill.figure("requests while it was away", len(answers))
    drill.figure("answered as always", 100 * good, unit="%", limit=">= 99.9")
    drill.figure("p99 before", baseline, unit="s")
    # The worst of eighty requests, as the short slice makes, is the machine's own news: there only a wait for Kafka fails.
    limit = drill.scale(ci=f"<= {max(2 * baseline, _A_WAIT_SECONDS)}", full=f"<= {max(2 * baseline, 0.5):.3f}")
    drill.figure("p99 while it was away", slowest(answers, 0.99), unit="s", limit=limit)
    drill.figure("liveness probes that failed", len(seen.dead), limit="== 0")
    drill.figure("memory grown by at most", grown, unit="MB", limit="<= 50")
    drill.figure("events that waited", waiting, limit="> 0")
    drill.figure("sent and applied after it was back", backlog_gone, unit="s", limit="<= 60")
    await hold(installation, drill)


async def _for(steady: Steady, per_second: float, seconds: float) -> None:
    ends = time.monotonic() + seconds
    await steady.come(per_second=per_second, until=lambda: time.monotonic() > ends)


async def _count(installation: Installation, sql: str) -> int:
    total = 0
    for url in installation.raw_urls().values():
        connection = await asyncpg.connect(url)
        total += await connection.fetchval(sql)
        await connection.close()
    return total
