"""R9: a lock that is held: bounded answers that say when to come again, and whoever needs no lock is served."""

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

_NOMINAL_PER_SECOND = 2


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
        drill.figure("p99 of the service that needs no lock", slowest(at_applicant, 0.99), unit="s", limit="<= 1")
    await holder.close()
    await installation.settled()
    await hold(installation, drill)


def _bounded(drill: Drill, answers: Sequence[Moment]) -> None:
    drill.figure("slowest answer", slowest(answers, 1.0), unit="s", limit="<= 5")
    refused = [one for one in answers if one.status is not None and one.status >= 500]
    drill.figure("told to come again", len(refused))
    drill.figure(
        "of them not 503 with Retry-After",
        sum(one.status != 503 or not one.retry_after for one in refused),
        limit="== 0",
    )
    drill.figure("without an answer", sum(one.status is None for one in answers), limit="== 0")
