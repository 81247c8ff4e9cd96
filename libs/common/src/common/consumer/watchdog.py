"""Whether events flow: a member that is stuck does not say so itself, so somebody else asks Kafka and keeps the time.

Kafka away is a fault that is waited out, however long. Kafka there, records waiting and nothing moving is being stuck:
first the process is not ready, then another member takes the place of this one, and at last a new process does.
"""

import asyncio
import time
from dataclasses import dataclass, field

from common import telemetry
from common.kafka import KafkaFault
from common.kafka_subscription import Subscription

DATABASE_IN_TROUBLE = "the database is in trouble"

_lag = telemetry.gauge("consumer.lag", "{record}", "Records in the log that this member has not fetched yet.")
_silent = telemetry.gauge("consumer.silent", "s", "How long records have waited while Kafka answers and nothing moved.")


class Stuck(Exception):
    """Kafka answers, records wait, and nothing moves: only a new process helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long records may wait without any of them moving."""

    look_every_seconds: float = 5.0
    not_ready_seconds: float = 30.0
    join_again_seconds: float = 60.0
    give_up_seconds: float = 120.0


@dataclass
class Progress:
    """What the outside may know. `fault` is empty while all is well; `halted` needs a person."""

    patience: Patience = field(default_factory=Patience)
    fault: str = "not started"
    halted: bool = False
    lag: int = 0
    _stuck_since: float | None = None
    _joined_again: bool = False
    _others_silence: bool = False

    def moved(self) -> None:
        """Note that events flow, or that none waits."""
        self.fault = ""
        self.excuse()

    def excuse(self) -> None:
        """Begin the time anew: what is waited for is not this member's to do."""
        self._stuck_since, self._joined_again = None, False

    def silent_seconds(self) -> float:
        """How long records have waited without any of them moving."""
        return 0.0 if self._stuck_since is None else time.monotonic() - self._stuck_since

    def complaint(self) -> str:
        """Why events do not flow, or nothing."""
        if self.fault:
            return self.fault
        silent = self.silent_seconds()
        return f"{self.lag} records wait and nothing moved for {silent:.0f} s" if self._is_long(silent) else ""

    def judge(self, lag: int, *, replaceable: bool) -> None:
        """Take in what Kafka said; raises `KafkaFault` for another member, once, and then `Stuck` for a new process."""
        self.lag = lag
        if lag == 0:
            self.moved()
            return
        if self._stuck_since is None or (self._others_silence and replaceable):
            # What waited while it had no partition was others' to move: its own time begins when it is given one.
            self._stuck_since, self._joined_again, self._others_silence = time.monotonic(), False, not replaceable
        silent = self.silent_seconds()
        if silent > self.patience.give_up_seconds and replaceable:
            raise Stuck(f"{lag} records wait and nothing moved for {silent:.0f} s")
        if silent > self.patience.join_again_seconds and not self._joined_again:
            self._joined_again = True
            raise KafkaFault("records wait and none comes")

    def _is_long(self, silent: float) -> bool:
        return silent > self.patience.not_ready_seconds


async def watch(subscription: Subscription, progress: Progress) -> None:
    """Look again and again, beside the member at work; ends by raising."""
    others_at = None
    while True:
        await asyncio.sleep(progress.patience.look_every_seconds)
        try:
            look = await subscription.look()
        except KafkaFault as fault:
            progress.fault = str(fault)
            progress.excuse()
            continue
        _lag.set(look.lag)
        if progress.fault.startswith(DATABASE_IN_TROUBLE):
            progress.excuse()
            continue
        if not look.has_work and look.done != others_at:
            # It has no partition: as long as the others of the group get on, there is nothing for it to do.
            progress.moved()
        others_at = look.done
        progress.judge(look.lag, replaceable=look.has_work)
        _silent.set(progress.silent_seconds())
