"""Work that nobody waits for: a job looks into the database for something due, does it, and says whether it did.

What is due is a row, so a job survives every restart; several workers share the work by `FOR UPDATE SKIP LOCKED`.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from common import telemetry
from common.clock import Clock
from common.db import Database
from common.waiting import backoff, pause

Job: TypeAlias = Callable[[Database, Clock], Awaitable[bool]]
"""True means that there was something to do, and that there may be more at once.

One that has work under way between its rounds has a coroutine `finish()` too: it ends that when the worker stops.
"""

INTERVAL_SECONDS = 1.0

_RETRY_SECONDS = (0.5, 30.0)

_log = logging.getLogger(__name__)
_faults = telemetry.counter("jobs.faults", "{fault}", "Rounds of a job that failed and will be tried again.")


def name_of(job: Job) -> str:
    """What a job is called in logs and metrics."""
    inner = job.func if isinstance(job, functools.partial) else job
    return str(getattr(inner, "__name__", type(inner).__name__))


async def run(
    job: Job, database: Database, clock: Clock, stop: asyncio.Event, *, interval_seconds: float = INTERVAL_SECONDS
) -> None:
    """Run one job for ever: at once again after work, later after none, later still after a failure."""
    attempt = 0
    while not stop.is_set():
        try:
            worked = await job(database, clock)
        except Exception:  # noqa: BLE001  one job must not take the others with it, and its work is still due
            _faults.add(1, {"job": name_of(job)})
            _log.exception("a job failed and will be tried again", extra={"job": name_of(job)})
            await pause(stop, backoff(attempt, *_RETRY_SECONDS))
            attempt += 1
            continue
        attempt = 0
        if not worked:
            await pause(stop, interval_seconds)
    finish: Callable[[], Awaitable[None]] | None = getattr(job, "finish", None)
    if finish is not None:
        await finish()
