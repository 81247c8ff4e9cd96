"""Keeps one member of the service's consumer group at work: fetch, apply, commit offsets, and say honestly how it goes.

A fault of Kafka costs the member, never an event: it is thrown away and another joins. A fault of the database is
waited out in place. Who only looks at `Progress` knows whether events flow.
"""

import asyncio
import logging
import time
from collections.abc import Sequence

from common import failpoints, parked
from common.clock import Clock
from common.consumer import Handlers, topics_of
from common.consumer.batch import PARKED_IN_A_ROW_MAX, Applier, Trouble
from common.consumer.redrive import free
from common.consumer.watchdog import DATABASE_IN_TROUBLE, Patience, Progress, watch
from common.db import Database
from common.event import WireRecord
from common.inbox import Key
from common.kafka import KafkaFault, KafkaOptions
from common.kafka_subscription import NewGroup, Subscription
from common.waiting import backoff, pause

_BATCH_RECORDS = 500
_FETCH_SECONDS = 0.5
_RETRY_SECONDS = (0.2, 30.0)
_REJOIN_SECONDS = (0.5, 5.0)

_log = logging.getLogger(__name__)


class ConsumerLoop:
    """One service's consumer in one process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Handlers,
        *,
        service: str,
        options: KafkaOptions,
        patience: Patience | None = None,
    ) -> None:
        self.progress = Progress(patience or Patience())
        self._database = database
        self._service = service
        self._options = options
        self._topics = topics_of(handlers)
        self._freed: set[Key] = set()
        self._looked_for_freed = False
        self._applier = Applier(database, clock, handlers, service=service)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop; raises only `Stuck`."""
        attempt = 0
        while not stop.is_set() and not self.progress.halted:
            subscription = Subscription(self._options, group=self._service, topics=self._topics)
            try:
                await subscription.start()
                attempt = 0
                self.progress.fault = ""
                await self._consume(subscription, stop)
            except NewGroup:
                _log.info("the group is new and begins at the start of its topics")
                continue
            except KafkaFault as fault:
                self.progress.fault = str(fault)
                _log.warning("the consumer lost Kafka and joins again", extra={"reason": str(fault)})
            finally:
                await subscription.close()
            if not stop.is_set() and not self.progress.halted:
                await pause(stop, backoff(attempt, *_REJOIN_SECONDS))
                attempt += 1
        if self.progress.halted:
            await stop.wait()

    async def _consume(self, subscription: Subscription, stop: asyncio.Event) -> None:
        """Fetch and settle beside a watchdog, since a consumer that is stuck does not say so itself."""
        settling = asyncio.create_task(self._settle_all(subscription, stop), name="consume")
        watching = asyncio.create_task(watch(subscription, self.progress), name="watch the consumer")
        try:
            await asyncio.wait({settling, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (settling, watching):
                task.cancel()
            await asyncio.wait({settling, watching})
        for task in (settling, watching):
            if not task.cancelled():
                task.result()

    async def _settle_all(self, subscription: Subscription, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._let_go_on()
            records = await subscription.fetch(timeout_seconds=_FETCH_SECONDS, max_records=_BATCH_RECORDS)
            if not records:
                continue
            await self._settle(subscription, records, stop)
            if self.progress.halted:
                return

    async def _settle(self, subscription: Subscription, records: Sequence[WireRecord], stop: asyncio.Event) -> None:
        pending, attempt = list(records), 0
        while pending and not stop.is_set():
            try:
                applied = await self._applier.apply(pending)
            except Trouble as trouble:
                await subscription.commit(pending[: trouble.done])
                pending = await self._wait_out(subscription, pending[trouble.done :], trouble, attempt)
                attempt += 1
                continue
            await failpoints.hit("consumer.after_commit")
            await subscription.commit(pending[: applied.done])
            self.progress.moved()
            self._freed |= applied.freed
            await self._let_go_on()
            if applied.halted:
                self._halt()
                return
            pending = pending[applied.done :]
            if pending:
                # It took long. A member that only works and never fetches is taken for dead.
                pending = await self._stay_member(subscription, pending, seconds=0.0)
        if not pending:
            # Also when a rebalance took the batch away while the database was in trouble: it is another member's now.
            self.progress.moved()
        subscription.resume()

    async def _wait_out(
        self, subscription: Subscription, pending: list[WireRecord], trouble: Trouble, attempt: int
    ) -> list[WireRecord]:
        seconds = backoff(attempt, *_RETRY_SECONDS)
        self.progress.fault = f"{DATABASE_IN_TROUBLE}: {trouble}"
        _log.warning("a batch waits for the database", extra={"reason": str(trouble), "seconds": round(seconds, 2)})
        return await self._stay_member(subscription, pending, seconds=seconds)

    async def _stay_member(
        self, subscription: Subscription, pending: list[WireRecord], *, seconds: float
    ) -> list[WireRecord]:
        """Fetch nothing, which keeps the membership alive; what a rebalance hands over meanwhile is kept."""
        until = time.monotonic() + seconds
        while True:
            # Again each time: a rebalance hands partitions over that are not paused.
            subscription.pause()
            left = max(0.0, until - time.monotonic())
            pending += await subscription.fetch(timeout_seconds=min(left, _FETCH_SECONDS), max_records=_BATCH_RECORDS)
            if not left:
                return [record for record in pending if subscription.owns(record)]
            await asyncio.sleep(min(left, 0.05))

    def _halt(self) -> None:
        self.progress.halted = True
        self.progress.fault = f"{PARKED_IN_A_ROW_MAX} events in a row were parked: mend the deployment and restart"
        _log.critical("the consumer halts: too many events in a row were parked")

    async def _let_go_on(self) -> None:
        """See to what only waited for others of its key; what a process left undone when it died is found first."""
        if self._looked_for_freed and not self._freed:
            return
        try:
            if not self._looked_for_freed:
                async with self._database.transaction(read_only=True) as tx:
                    self._freed.update(await parked.keys_that_may_go_on(tx))
                self._looked_for_freed = True
            count = await free(self._database, self._applier, self._freed, service=self._service)
            self._freed.clear()
        except Exception as error:  # noqa: BLE001  they stay parked, in order, until the next try
            _log.warning("events that waited could not go on yet", extra={"reason": type(error).__name__})
        else:
            if count:
                _log.info("events that waited went on", extra={"count": count})
