"""How fast programme time passes in a replay, and the pause that another command may ask for."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

_LOOK_SECONDS = 0.1


class Pace:
    """Waits for programme moments: so many programme seconds in a real one, or none at all without a speed."""

    def __init__(
        self,
        speed: float | None,
        *,
        is_paused: Callable[[], bool],
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._speed, self._is_paused, self._now, self._wait = speed, is_paused, now, wait
        self._first: datetime | None = None
        self._began = 0.0

    async def until(self, moment: datetime) -> None:
        """Come back when the replay has got to this moment; what it was paused for does not count."""
        if self._first is None:
            self._first, self._began = moment, self._now()
        while True:
            if self._is_paused():
                before = self._now()
                await self._wait(_LOOK_SECONDS)
                self._began += self._now() - before
                continue
            left = self._due(self._first, moment) - self._now()
            if left <= 0:
                return
            await self._wait(min(left, _LOOK_SECONDS))

    def _due(self, first: datetime, moment: datetime) -> float:
        passed = (moment - first).total_seconds()
        return self._began + (passed / self._speed if self._speed else 0.0)
