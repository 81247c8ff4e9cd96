"""Keeps one member of the service's consumer group at work: fetch, apply, commit offsets, and say honestly how it goes.

A fault of Kafka costs the member, never an event: it is thrown away and another joins. A fault of the database is
waited out in place. Who only looks at `Progress` knows whether events flow.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from common import failpoints, log_places, parked
from common.clock import Clock
from common.consumer import Handlers, topics_of
from common.consumer.batch import PARKED_IN_A_ROW_MAX, Applier, Trouble
from common.consumer.redrive import free
from common.consumer.watchdog import DATABASE_IN_TROUBLE, Patience, Progress, watch
from common.db import Database, is_trouble
from common.event import WireRecord
from common.inbox import Key
from common.kafka import KafkaFault, KafkaOptions
from common.kafka_history import look_up
from common.kafka_subscription import LogLost, NewGroup, Subscription
from common.log_places import Partition, Place
from common.waiting import backoff, pause

_BATCH_RECORDS = 500
_FETCH_SECONDS = 0.5
_RETRY_SECONDS = (0.2, 30.0)
_REJOIN_SECONDS = (0.5, 5.0)
_LOOK_AGAIN_ATTEMPTS = 10  # so many that the pause between two looks is the longest

_ORDERS_SECONDS = 5.0
_FREED_SECONDS = 5.0

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
        self._look_for_freed_at = 0.0
        self._lost = False
        self._look_for_orders_at = 0.0
        self._applier = Applier(database, clock, handlers, service=service)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until told to stop; raises `Stuck` when only a new process helps."""
        attempt = 0
        while not stop.is_set() and not self.progress.halted:
            subscription = Subscription(self._options, group=self._service, topics=self._topics)
            try:
                if self._lost:
                    # Whoever joins only to find that nothing has changed disturbs the others of the group.
                    await self._hold_against_the_log(await self._remembered())
                await subscription.start()
                await self._check_log(subscription)
                attempt = 0
                await self._consume(subscription, stop)
            except NewGroup:
                _log.info("the group is new and begins at the start of its topics")
                continue
            except KafkaFault as fault:
                self.progress.fault = str(fault)
                _log.warning("the consumer lost Kafka and joins again", extra={"reason": str(fault)})
            except LogLost as lost:
                self._stand_still(lost)
                attempt = _LOOK_AGAIN_ATTEMPTS
            except Exception as error:
                if not is_trouble(error):
                    raise
                self.progress.fault = f"{DATABASE_IN_TROUBLE}: {type(error).__name__}"
                _log.warning("the consumer waits for the database", extra={"reason": type(error).__name__})
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
        joining = True
        while not stop.is_set():
            more = await self._let_go_on()
            records = await self._fetch(subscription, 0.0 if more else _FETCH_SECONDS)
            if joining:
                joining, self._lost, self.progress.fault = False, False, ""
                log_places.tell(log_places.HEARD, self._topics, ())
            await self._look_for_orders(subscription)
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
            pending += await self._fetch(subscription, min(left, _FETCH_SECONDS))
            if not left:
                return [record for record in pending if subscription.owns(record)]
            await asyncio.sleep(min(left, 0.05))

    async def _fetch(self, subscription: Subscription, seconds: float) -> list[WireRecord]:
        records = await subscription.fetch(timeout_seconds=seconds, max_records=_BATCH_RECORDS)
        if subscription.handed_over():
            # A log may have been lost meanwhile: nothing of a partition is applied before that is known.
            await self._check_log(subscription)
        return records

    async def _check_log(self, subscription: Subscription) -> None:
        """Hold what stands in the log against what this service remembers of it; raises `LogLost` or `NewGroup`."""
        subscription.handed_over()
        await self._hold_against_the_log(await self._follow_orders(subscription))

    async def _look_for_orders(self, subscription: Subscription) -> None:
        if time.monotonic() < self._look_for_orders_at:
            return
        try:
            await self._follow_orders(subscription)
        except Exception as error:
            # Who has nothing to do stays a member while the database is away.
            if not is_trouble(error):
                raise

    async def _follow_orders(self, subscription: Subscription) -> Mapping[Partition, Place]:
        """Begin at the start where an operator asked for it; raises `NewGroup` to join at the offsets that are set.

        Where nobody asked, it gives back what is remembered of the partitions of this member.
        """
        self._look_for_orders_at = time.monotonic() + _ORDERS_SECONDS
        assigned = subscription.assigned()
        places = {one: place for one, place in (await self._remembered()).items() if one in assigned}
        to_begin = [one for one, place in places.items() if place.event_id is None]
        if to_begin:
            await subscription.begin_at_the_start(to_begin)
            async with self._database.transaction() as tx:
                await log_places.begun(tx, to_begin)
            raise NewGroup("an operator asked for these logs to be read from their start")
        return places

    async def _remembered(self) -> dict[Partition, Place]:
        async with self._database.transaction(read_only=True) as tx:
            return await log_places.known(tx, log_places.HEARD, self._topics)

    async def _hold_against_the_log(self, places: Mapping[Partition, Place]) -> None:
        known = {partition: place for partition, place in places.items() if place.event_id is not None}
        found = await look_up(self._options, {one: place.offset for one, place in known.items()}) if known else {}
        lost = sorted({one.topic for one, place in known.items() if not log_places.stands(place, found.get(one))})
        if lost:
            raise LogLost(lost, "is not the one that was read before")

    def _stand_still(self, lost: LogLost) -> None:
        """Say it once, loudly, and look again from time to time: an operator may bring the log back, or go on."""
        if self.progress.fault != str(lost):
            _log.critical("the consumer stands still: a log was lost", extra={"reason": str(lost)})
        self.progress.fault = str(lost)
        self.progress.excuse()
        self._lost = True
        log_places.tell(log_places.HEARD, self._topics, lost.topics)

    def _halt(self) -> None:
        self.progress.halted = True
        self.progress.fault = f"{PARKED_IN_A_ROW_MAX} events in a row were parked: mend the deployment and restart"
        _log.critical("the consumer halts: too many events in a row were parked")

    async def _let_go_on(self) -> bool:
        """See to what only waited for others of its key; whether more of it can go on at once.

        From time to time those are looked for whose turn has come by somebody else: a process that died over it, or an
        operator who has settled the first of many.
        """
        due = time.monotonic() >= self._look_for_freed_at
        if not due and not self._freed:
            return False
        try:
            if due:
                self._look_for_freed_at = time.monotonic() + _FREED_SECONDS
                async with self._database.transaction(read_only=True) as tx:
                    self._freed.update(await parked.keys_that_may_go_on(tx))
            count = await free(self._database, self._applier, self._freed, service=self._service)
        except Exception as error:  # noqa: BLE001  they stay parked, in order, until the next try
            _log.warning("events that waited could not go on yet", extra={"reason": type(error).__name__})
            return False
        if count:
            _log.info("events that waited went on", extra={"count": count})
        return bool(self._freed)
