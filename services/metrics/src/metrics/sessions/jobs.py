"""The worker's part of sessions: those that have run their time are forgotten."""

import time
from collections.abc import Callable

from common.clock import Clock, SystemClock
from common.db import Database
from metrics.sessions import commands

_AT_ONCE = 1_000
_EVERY_SECONDS = 600.0
_real_time = SystemClock()


class ForgetSessions:
    """The job. Real time counts here, whatever the programme's clock says."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._not_before = 0.0

    async def __call__(self, database: Database, clock: Clock) -> bool:  # noqa: ARG002  the form of every job
        """Remove some, at most every ten minutes once none is left."""
        if self._monotonic() < self._not_before:
            return False
        async with database.transaction() as tx:
            removed = await commands.forget_sessions(tx, now=_real_time.now(), most=_AT_ONCE)
        if removed < _AT_ONCE:
            self._not_before = self._monotonic() + _EVERY_SECONDS
        return removed > 0
