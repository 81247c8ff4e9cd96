"""The worker's part of kept forms: those that nobody came back for are forgotten."""

from common.clock import SystemClock
from common.db import Transaction
from common.forgetting import Forgetting
from metrics.kept_forms import commands

_real_time = SystemClock()


class ForgetForms(Forgetting):
    """The job that removes forms past their time."""

    async def forget(self, tx: Transaction, *, most: int) -> int:
        return await commands.forget_forms(tx, now=_real_time.now(), most=most)
