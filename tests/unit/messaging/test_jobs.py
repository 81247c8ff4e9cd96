"""A job runs again at once after work, later after none, and survives its own failures."""

import asyncio
import functools
from datetime import UTC, datetime
from typing import cast

from common import jobs
from common.clock import Clock, FixedClock
from common.db import Database
from common.waiting import backoff, bounded

CLOCK = FixedClock(datetime(2024, 1, 1, tzinfo=UTC))
NO_DATABASE = cast("Database", None)


async def test_a_job_works_until_there_is_nothing_to_do_and_a_failure_does_not_end_it():
    stop, rounds = asyncio.Event(), list[str]()

    async def job(_database: Database, _clock: Clock) -> bool:
        rounds.append("round")
        if len(rounds) == 2:
            raise OSError
        if len(rounds) == 4:
            stop.set()
        return True

    async with asyncio.timeout(5):
        await jobs.run(job, NO_DATABASE, CLOCK, stop, interval_seconds=60)
    assert len(rounds) == 4


async def test_a_job_with_nothing_to_do_waits_but_not_beyond_the_stop():
    stop, rounds = asyncio.Event(), list[str]()

    async def job(_database: Database, _clock: Clock) -> bool:
        rounds.append("round")
        asyncio.get_running_loop().call_soon(stop.set)
        return False

    async with asyncio.timeout(5):
        await jobs.run(job, NO_DATABASE, CLOCK, stop, interval_seconds=60)
    assert rounds == ["round"]


async def test_a_job_with_work_under_way_ends_it_when_it_is_told_to_stop():
    stop, said = asyncio.Event(), list[str]()

    class Going:
        async def __call__(self, _database: Database, _clock: Clock) -> bool:
            said.append("round")
            stop.set()
            return True

        async def finish(self) -> None:
            said.append("finished")

    async with asyncio.timeout(5):
        await jobs.run(Going(), NO_DATABASE, CLOCK, stop)
    assert said == ["round", "finished"]


async def test_a_step_of_a_shutdown_neither_hangs_nor_breaks_the_next():
    async def cancelled() -> None:
        raise asyncio.CancelledError

    async def broken() -> None:
        raise RuntimeError

    assert not await bounded(asyncio.Event().wait(), 0.01, "wait for ever")
    assert await bounded(cancelled(), 1, "be cancelled")
    assert await bounded(broken(), 1, "break")


def test_the_pause_grows_to_its_limit_and_never_beyond():
    assert all(least / 2 <= backoff(n, 0.2, 30) <= least for n, least in enumerate([0.2, 0.4, 0.8]))
    assert all(15 <= backoff(n, 0.2, 30) <= 30 for n in (9, 100, 10_000))


async def _named(_database: Database, _clock: Clock) -> bool:
    return False


def test_a_job_is_called_by_its_functions_name():
    assert jobs.name_of(_named) == jobs.name_of(functools.partial(_named)) == "_named"
