"""Waiting that ends: between two tries, until a stop, and for a step of a shutdown."""

import asyncio
import logging
import random
from collections.abc import Awaitable

_log = logging.getLogger(__name__)


def backoff(attempt: int, least: float, most: float) -> float:
    """Seconds to wait after this many failures: doubling up to a limit, with jitter so that many do not go in step."""
    limit: float = min(most, least * 2 ** min(attempt, 30))
    return random.uniform(limit / 2, limit)  # noqa: S311  jitter, not a secret


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond the stop."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


async def pause_until(woken: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    """Wait until woken, told to stop or out of time, whichever comes first."""
    waiters = {asyncio.ensure_future(woken.wait()), asyncio.ensure_future(stop.wait())}
    try:
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()


async def bounded(step: Awaitable[object], seconds: float, what: str) -> bool:
    """Run one step of a shutdown so that it can neither hang nor break the steps after it; tell whether it ended."""
    task = asyncio.ensure_future(step)
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        task.cancel()
        _log.warning("gave up waiting to %s", what)
        return False
    if task.cancelled():
        _log.warning("could not %s", what, extra={"reason": "cancelled"})
    elif (error := task.exception()) is not None:
        _log.warning("could not %s", what, extra={"reason": type(error).__name__})
    return True
