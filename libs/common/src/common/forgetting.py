"""What is past its time is removed, a thousand at once so that nobody waits for it, and looked for each ten minutes."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from common.clock import Clock
from common.db import Database, Transaction

MOST_AT_ONCE = 1_000

_LOOK_EVERY_SECONDS = 600.0


class Forgetting(ABC):
    """A worker's job that forgets one kind of row. Real time counts, whatever the programme's clock says."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._not_before = 0.0

    @abstractmethod
    async def forget(self, tx: Transaction, *, most: int) -> int:
        """Remove at most so many that are past their time, and say how many it were."""

    async def __call__(self, database: Database, clock: Clock) -> bool:  # noqa: ARG002  the form of every job
        """Remove one batch, at most every ten minutes once nothing old is left."""
        if self._monotonic() < self._not_before:
            return False
        async with database.transaction() as tx:
            removed = await self.forget(tx, most=MOST_AT_ONCE)
        if removed < MOST_AT_ONCE:
            self._not_before = self._monotonic() + _LOOK_EVERY_SECONDS
        return removed > 0
