"""How many events wait for a person, as a number that an alert can rest on."""

import time
from collections.abc import Callable, Iterable

from common import parked, telemetry
from common.clock import Clock
from common.db import Database

_LOOK_EVERY_SECONDS = 5.0

_parked = telemetry.gauge(
    "consumer.parked",
    "{event}",
    "Events that could not be applied and wait, by topic, those behind them in their key included. Above zero, the "
    "cases they belong to stand still until a platform operator redrives or discards them.",
)


class CountParked:
    """The worker's job that keeps the number true; a topic of which nothing waits says zero and not nothing."""

    def __init__(self, topics: Iterable[str], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._topics = set(topics)
        self._monotonic = monotonic
        self._not_before = 0.0

    async def __call__(self, database: Database, clock: Clock) -> bool:  # noqa: ARG002  the form of every job
        if self._monotonic() < self._not_before:
            return False
        async with database.transaction(read_only=True) as tx:
            waiting = await parked.count_waiting(tx)
        self._topics |= waiting.keys()
        for topic in sorted(self._topics):
            _parked.set(waiting.get(topic, 0), {"topic": topic})
        self._not_before = self._monotonic() + _LOOK_EVERY_SECONDS
        return False
