"""The worker's part of sessions: those that have run their time are forgotten."""

from common.clock import SystemClock
from common.db import Transaction
from common.forgetting import Forgetting
from metrics.sessions import commands

_real_time = SystemClock()


class ForgetSessions(Forgetting):
    """The job that removes sessions past their time."""

    async def forget(self, tx: Transaction, *, most: int) -> int:
        return await commands.forget_sessions(tx, now=_real_time.now(), most=most)
