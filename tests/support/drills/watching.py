"""What a drill watches while a fault lasts: whether processes answer their probes, their memory, and their ends."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

import psutil

from tests.support.drills.installation import page
from tests.support.servers import ServiceProcess

_EVERY_SECONDS = 0.3


@dataclass
class Watched:
    """What was seen, and of how many looks."""

    looks: int = 0
    dead: list[str] = field(default_factory=list)
    not_ready: int = 0
    slowest_seconds: float = 0.0


@contextlib.asynccontextmanager
async def probes_watched(processes: Sequence[ServiceProcess]) -> AsyncIterator[Watched]:
    """Ask every process whether it lives and is ready, again and again, as a cluster does."""
    seen, done = Watched(), asyncio.Event()

    async def watch(process: ServiceProcess) -> None:
        while not done.is_set():
            began = time.monotonic()
            lives = await asyncio.to_thread(page, process, "livez")
            seen.slowest_seconds = max(seen.slowest_seconds, time.monotonic() - began)
            seen.looks += 1
            if lives != 200:
                seen.dead.append(f"{process.name} {lives}")
            seen.not_ready += await asyncio.to_thread(page, process, "readyz") != 200
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), _EVERY_SECONDS)

    tasks = [asyncio.create_task(watch(process)) for process in processes]
    try:
        yield seen
    finally:
        done.set()
        await asyncio.gather(*tasks)


def memory_mb(processes: Iterable[ServiceProcess]) -> dict[str, float]:
    """The resident memory of each process, by its name and pid."""
    found = {}
    for process in processes:
        assert process.child is not None
        rss = psutil.Process(process.child.pid).memory_info().rss
        found[f"{process.name} {process.child.pid}"] = rss / 1_048_576
    return found


def grown_mb(before: dict[str, float], after: dict[str, float]) -> float:
    """By how much the process that grew most has grown; a process that was replaced is an error."""
    assert before.keys() == after.keys(), f"a process ended: {before.keys() ^ after.keys()}"
    return max(after[name] - before[name] for name in before)
