"""One member of a consumer group on aiokafka, and what of it must be handled (docs/kafka-edges.md).

Every commit is explicit, every wait is bounded, a missing offset never resets itself, and a member that failed once is
thrown away: an exception in a fetch leaves its poll clock standing for ever.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from common.event import WireRecord, is_misnamed
from common.kafka import MAX_RECORD_BYTES, KafkaFault, KafkaOptions, short, wire_records
from common.kafka_raw import read_raw
from common.waiting import bounded

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_COMMIT_SECONDS = 5.0
_ASK_SECONDS = 5.0
_FETCH_WAIT_MS = 500

_log = logging.getLogger(__name__)


class NewGroup(KafkaFault):
    """The group had no offsets and has them now: join again."""


class LogLost(Exception):
    """The log of a topic is not the one that was read before: going on would skip or repeat without a word."""

    def __init__(self, topics: Iterable[str], why: str) -> None:
        self.topics = sorted(topics)
        super().__init__(f"the log of {', '.join(self.topics)} {why}")


@dataclass(frozen=True, slots=True)
class Look:
    """How many records wait, the sum of the offsets that are done, and whether partitions are assigned at all."""

    lag: int
    done: int
    has_work: bool


class Subscription:
    """One member of a consumer group: fetches raw records, commits exactly what it is told to."""

    def __init__(self, options: KafkaOptions, *, group: str, topics: Iterable[str]) -> None:
        self._prefix = options.topic_prefix
        self._consumer = AIOKafkaConsumer(
            **options.clients(),
            group_id=options.group_prefix + group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=options.session_timeout_ms,
            heartbeat_interval_ms=min(3_000, options.session_timeout_ms // 3),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=options.poll_interval_ms,
            max_partition_fetch_bytes=2 * MAX_RECORD_BYTES,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            isolation_level="read_committed",
        )
        self._topics = [options.topic_prefix + topic for topic in topics]
        self._next: dict[TopicPartition, int] = {}
        self._handed_over = _HandedOver(self._next)
        self._commit: asyncio.Task[None] | None = None
        self._is_spoilt = False

    async def start(self) -> None:
        """Join the group, or raise `KafkaFault`; the object is then of no more use."""
        self._consumer.subscribe(self._topics, listener=self._handed_over)
        try:
            await asyncio.wait_for(self._consumer.start(), _START_SECONDS)
        except (KafkaError, OSError) as error:
            await self.close()
            raise KafkaFault(f"no consumer group: {short(error)}") from error

    async def fetch(self, *, timeout_seconds: float, max_records: int) -> list[WireRecord]:
        """The next records in the order of their partitions. Never cancel this unless the object is thrown away."""
        if self._is_spoilt:
            raise KafkaFault("records with a misnamed header were read past the client: another member goes on")
        try:
            found = await self._consumer.getmany(timeout_ms=int(timeout_seconds * 1000), max_records=max_records)
        except NoOffsetForPartitionError as error:
            await self._begin_where_nothing_was_committed()
            raise NewGroup("the group had no offset for a partition and now begins at its start") from error
        except OffsetOutOfRangeError as error:
            topics = {one.topic.removeprefix(self._prefix) for one in error.args[0]}
            raise LogLost(topics, "does not reach to where it was read before") from error
        except UnicodeDecodeError:
            # Nothing else is text to the client. Its poll clock stands still now, so this member fetches no more.
            self._is_spoilt = True
            return await self._read_misnamed()
        except Exception as error:
            # Whatever it is, the poll clock of this consumer now stands still, so that only a new one is of use.
            raise KafkaFault(f"fetching failed: {short(error)}") from error
        records: list[WireRecord] = []
        for partition, batch in found.items():
            records += wire_records(partition, batch, prefix=self._prefix)
            self._next[partition] = batch[-1].offset + 1
        return records

    async def commit(self, records: Sequence[WireRecord]) -> None:
        """Commit the offsets of these records where their partition is still ours; a failure only means duplicates."""
        if self._commit is not None and not self._commit.done():
            await asyncio.wait({self._commit}, timeout=_COMMIT_SECONDS)
            if not self._commit.done():
                return
        assigned = self._consumer.assignment()
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}
        offsets = {TopicPartition(self._prefix + topic, number): end for (topic, number), end in ends.items()}
        mine = {partition: offset for partition, offset in offsets.items() if partition in assigned}
        if mine:
            self._commit = asyncio.create_task(self._commit_quietly(mine), name="commit offsets")
            await asyncio.wait({self._commit}, timeout=_COMMIT_SECONDS)

    def owns(self, record: WireRecord) -> bool:
        """Tell whether the record's partition is assigned to this member now."""
        return self._at(record) in self._consumer.assignment()

    def handed_over(self) -> bool:
        """Tell whether partitions were handed over since this was asked last."""
        lately, self._handed_over.lately = self._handed_over.lately, False
        return lately

    def assigned(self) -> set[tuple[str, int]]:
        """The topics and partitions of this member."""
        return {(one.topic.removeprefix(self._prefix), one.partition) for one in self._consumer.assignment()}

    async def begin_at_the_start(self, partitions: Iterable[tuple[str, int]]) -> None:
        """Commit the beginning of these partitions; a member that joins then begins there."""
        await self._commit_beginnings([TopicPartition(self._prefix + topic, number) for topic, number in partitions])

    def pause(self) -> None:
        """Fetch nothing more for now, while fetch calls keep the membership alive."""
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        self._consumer.resume(*self._consumer.paused())

    async def look(self) -> "Look":
        """How far this member is, or, when it has no partition, its group; raises `KafkaFault` without an answer.

        It asks the partitions' leaders and the group's coordinator: a member that lacks either is not at work.
        """
        missing = [topic for topic in self._topics if not self._consumer.partitions_for_topic(topic)]
        if missing:
            # Nothing of it is assigned then, so that nothing would seem to wait.
            names = ", ".join(topic.removeprefix(self._prefix) for topic in missing)
            raise KafkaFault(f"Kafka has no topic {names}")
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                assigned = self._consumer.assignment()
                partitions = list(assigned) or self._all_partitions()
                ends = await self._consumer.end_offsets(partitions) if partitions else {}
                coordinator = self._consumer._coordinator  # noqa: SLF001  in public it is one request for each partition
                committed = await coordinator.fetch_committed_offsets(partitions)
        except TimeoutError as error:
            raise KafkaFault("Kafka, or the coordinator of the group, does not answer") from error
        except (KafkaError, OSError) as error:
            raise KafkaFault(f"Kafka does not answer: {short(error)}") from error
        done = {one: self._next.get(one, committed[one].offset if one in committed else 0) for one in partitions}
        lag = sum(max(0, end - max(0, done[partition])) for partition, end in ends.items())
        return Look(lag=lag, done=sum(done.values()), has_work=bool(assigned))

    async def close(self) -> None:
        """Leave the group, within a bound, whatever state the consumer is in."""
        if not await bounded(self._consumer.stop(), _STOP_SECONDS, "stop the consumer"):
            await _abandon(self._consumer)
        if self._commit is not None and not self._commit.done():
            # After the connections: cancelled before, its answer would come to nobody.
            self._commit.cancel()
            await asyncio.wait({self._commit}, timeout=_STOP_SECONDS)

    def _all_partitions(self) -> list[TopicPartition]:
        known = ((topic, self._consumer.partitions_for_topic(topic)) for topic in self._topics)
        return [TopicPartition(topic, number) for topic, numbers in known for number in sorted(numbers or ())]

    async def _read_misnamed(self) -> list[WireRecord]:
        """The stretch with a misnamed header that the client stumbled over; of other partitions nothing was read."""
        for partition in self._consumer.assignment():
            try:
                async with asyncio.timeout(_ASK_SECONDS):
                    position = await self._consumer.position(partition)
            except (KafkaError, OSError) as error:
                raise KafkaFault(f"fetching failed: {short(error)}") from error
            records = await read_raw(self._consumer, partition, position, prefix=self._prefix)
            if any(map(is_misnamed, records)):
                self._next[partition] = records[-1].offset + 1
                return records
        raise KafkaFault("fetching failed: the name of a header is no UTF-8, and its record is not found again")

    async def _begin_where_nothing_was_committed(self) -> None:
        # Explicit instead of auto_offset_reset: a position that was lost, not merely absent, must never reset itself.
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                assigned = list(self._consumer.assignment())
                unknown = [one for one in assigned if await self._consumer.committed(one) is None]
        except (KafkaError, OSError) as error:
            raise KafkaFault(f"the group's offsets are not known: {short(error)}") from error
        await self._commit_beginnings(unknown)

    async def _commit_beginnings(self, partitions: Sequence[TopicPartition]) -> None:
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                if partitions:
                    await self._consumer.commit(await self._consumer.beginning_offsets(partitions))
        except (KafkaError, OSError) as error:
            raise KafkaFault(f"the group's first offsets could not be stored: {short(error)}") from error

    async def _commit_quietly(self, offsets: dict[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("offsets were not committed, the group has moved on", extra={"reason": short(error)})
        except (KafkaError, OSError) as error:
            _log.warning("offsets were not committed", extra={"reason": short(error)})

    def _at(self, record: WireRecord) -> TopicPartition:
        return TopicPartition(self._prefix + record.topic, record.partition)


class _HandedOver(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Notes that partitions were handed over; positions belong to one assignment."""

    def __init__(self, positions: dict[TopicPartition, int]) -> None:
        self._positions = positions
        self.lately = False

    def on_partitions_revoked(self, _revoked: set[TopicPartition]) -> None:
        self._positions.clear()

    def on_partitions_assigned(self, _assigned: set[TopicPartition]) -> None:
        self._positions.clear()
        self.lately = True


async def _abandon(consumer: AIOKafkaConsumer) -> None:
    """End what a consumer leaves behind when it hangs in `stop`, where it asks the broker to let it go."""
    coordinator, fetcher = consumer._coordinator, consumer._fetcher  # noqa: SLF001  there is no public way
    names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task")
    tasks = {task for name in names if (task := getattr(coordinator, name, None)) is not None}
    if fetcher is not None:
        tasks |= {fetcher._fetch_task, *fetcher._pending_tasks}  # noqa: SLF001  the same
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_STOP_SECONDS)
    client = consumer._client  # noqa: SLF001  the same
    await bounded(client.close(), _STOP_SECONDS, "close the consumer's connections")
