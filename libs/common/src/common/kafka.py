"""The one file that knows aiokafka, and what it does that must be handled.

Every rule here answers a measured edge of aiokafka 0.14: idempotent batches never expire, `stop` and `commit` may wait
for ever, a commit without offsets commits what was only fetched, an exception in a fetch breaks the poll clock, a
missing offset resets silently. So: every wait is bounded, every commit is explicit, and a client that failed once is
thrown away and replaced.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    NoOffsetForPartitionError,
    for_code,
)
from aiokafka.partitioner import DefaultPartitioner

from common.event import WireRecord
from common.waiting import bounded

PARTITIONS = 6
"""Per topic, and never changed: the partition of a key depends on it."""

MAX_RECORD_BYTES = 524_288

_BATCH_BYTES = 480_000  # a sent batch must fit max.message.bytes with its overhead
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_COMMIT_SECONDS = 5.0
_ASK_SECONDS = 5.0
_REQUEST_MS = 10_000
_BACKOFF_MS = 1_000
_FETCH_WAIT_MS = 500
_TOPIC_EXISTS = 36
_KNOWN_PARTITIONS_MAX = 100_000

_log = logging.getLogger(__name__)
_partition_of = DefaultPartitioner()


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Where Kafka is, and what an installation puts before the names of topics and groups."""

    bootstrap_servers: str
    client_id: str
    topic_prefix: str = ""
    group_prefix: str = ""
    session_timeout_ms: int = 30_000

    def _clients(self) -> dict[str, object]:
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "client_id": self.client_id,
            "request_timeout_ms": _REQUEST_MS,
            "retry_backoff_ms": _BACKOFF_MS,
            "metadata_max_age_ms": 60_000,
        }


class KafkaFault(Exception):
    """Kafka, or the way to it, failed: the client in use is spoilt, the work is not."""


class NewGroup(KafkaFault):
    """The group had no offsets and has them now: join again."""


@dataclass(frozen=True, slots=True)
class Published:
    """Which records of a publication are acknowledged, in their order, and why others are not.

    After a `fault` the client is spoilt. Topics that are `missing` do no harm to it: the other records are sent.
    """

    acknowledged: Sequence[bool]
    fault: str | None
    missing: frozenset[str] = frozenset()


class Publisher:
    """An idempotent producer with acks from all in-sync replicas. After a fault it is closed and another one made."""

    def __init__(self, options: KafkaOptions) -> None:
        self._prefix = options.topic_prefix
        self._producer = AIOKafkaProducer(
            **options._clients(),  # noqa: SLF001  same file
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_RECORD_BYTES,
        )
        self._partitions: dict[tuple[str, bytes], int] = {}

    async def start(self) -> None:
        try:
            await asyncio.wait_for(self._producer.start(), _START_SECONDS)
        except (KafkaError, OSError) as error:
            await self.close()
            raise KafkaFault(f"no connection to Kafka: {_short(error)}") from error

    async def publish(self, records: Sequence[WireRecord], *, deadline_seconds: float) -> Published:
        """Send in order, one batch per partition, and wait for the acknowledgements until the deadline.

        What is not acknowledged then is of unknown outcome: it may still arrive, and is sent again later.
        """
        sent: list[tuple[asyncio.Future[object], list[int]]] = []
        missing: set[str] = set()
        fault: str | None = None
        try:
            async with asyncio.timeout(deadline_seconds):
                await self._send(records, sent, missing)
                if sent:
                    await asyncio.wait([future for future, _ in sent])
        except (KafkaError, OSError) as error:
            fault = _short(error)
        acknowledged = [False] * len(records)
        for future, indexes in sent:
            refused = _outcome(future)
            if refused is None:
                for index in indexes:
                    acknowledged[index] = True
            fault = fault or refused
        return Published(acknowledged, fault, frozenset(missing))

    async def close(self) -> None:
        """Throw the producer away without flushing: what is unacknowledged stays in the outbox and is sent again."""
        sender = self._producer._sender  # noqa: SLF001  stop() flushes without limit while brokers are down
        task = sender.sender_task if sender is not None else None
        if task is not None:
            task.cancel()
        await bounded(self._producer.client.close(), _STOP_SECONDS, "close the producer's connections")
        if task is not None:
            await asyncio.wait({task}, timeout=_STOP_SECONDS)
        self._producer._closed = True  # noqa: SLF001  it is, and must not warn about it when collected

    async def _send(
        self, records: Sequence[WireRecord], sent: list[tuple[asyncio.Future[object], list[int]]], missing: set[str]
    ) -> None:
        by_partition: dict[tuple[str, int], list[int]] = {}
        for index, record in enumerate(records):
            if record.topic in missing:
                continue
            topic = self._prefix + record.topic
            partition = await self._partition(topic, record.key or b"")
            if partition is None:
                missing.add(record.topic)
            else:
                by_partition.setdefault((topic, partition), []).append(index)
        for (topic, partition), indexes in by_partition.items():
            await self._send_to(topic, partition, indexes, records, sent)

    async def _send_to(
        self,
        topic: str,
        partition: int,
        indexes: list[int],
        records: Sequence[WireRecord],
        sent: list[tuple[asyncio.Future[object], list[int]]],
    ) -> None:
        batch, held = self._producer.create_batch(), list[int]()
        for index in indexes:
            record = records[index]
            content = {"key": record.key, "value": record.value, "headers": record.headers, "timestamp": None}
            if batch.append(**content) is None:
                sent.append((await self._producer.send_batch(batch, topic, partition=partition), held))
                batch, held = self._producer.create_batch(), []
                batch.append(**content)
            held.append(index)
        batch.close()
        sent.append((await self._producer.send_batch(batch, topic, partition=partition), held))

    async def _partition(self, topic: str, key: bytes) -> int | None:
        known = self._partitions.get((topic, key))
        if known is not None:
            return known
        cluster = self._producer.client.cluster
        if not cluster.partitions_for_topic(topic):
            self._producer.client.add_topic(topic)
            if not await self._producer.client.force_metadata_update():
                raise KafkaConnectionError("no broker tells which topics there are")
        partitions = sorted(cluster.partitions_for_topic(topic) or ())
        if not partitions:
            return None
        if len(self._partitions) >= _KNOWN_PARTITIONS_MAX:
            self._partitions.clear()
        found: int = _partition_of(key, partitions, partitions)
        self._partitions[topic, key] = found
        return found


class Subscription:
    """One member of a consumer group: fetches raw records, commits exactly what it is told to."""

    def __init__(self, options: KafkaOptions, *, group: str, topics: Iterable[str]) -> None:
        self._prefix = options.topic_prefix
        self._consumer = AIOKafkaConsumer(
            **options._clients(),  # noqa: SLF001  same file
            group_id=options.group_prefix + group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=options.session_timeout_ms,
            heartbeat_interval_ms=min(3_000, options.session_timeout_ms // 3),
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=300_000,
            max_partition_fetch_bytes=2 * MAX_RECORD_BYTES,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            isolation_level="read_committed",
        )
        self._topics = [options.topic_prefix + topic for topic in topics]
        self._next: dict[TopicPartition, int] = {}
        self._commit: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the group, or raise `KafkaFault`; the object is then of no more use."""
        self._consumer.subscribe(self._topics, listener=_Forget(self._next))
        try:
            await asyncio.wait_for(self._consumer.start(), _START_SECONDS)
        except (KafkaError, OSError) as error:
            await self.close()
            raise KafkaFault(f"no consumer group: {_short(error)}") from error

    async def fetch(self, *, timeout_seconds: float, max_records: int) -> list[WireRecord]:
        """The next records in the order of their partitions. Never cancel this unless the object is thrown away."""
        try:
            found = await self._consumer.getmany(timeout_ms=int(timeout_seconds * 1000), max_records=max_records)
        except NoOffsetForPartitionError as error:
            await self._begin_at_the_start()
            raise NewGroup("the group had no offset for a partition and now begins at its start") from error
        except (KafkaError, OSError) as error:
            raise KafkaFault(f"fetching failed: {_short(error)}") from error
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
        offsets = {self._at(record): record.offset + 1 for record in records}
        mine = {partition: offset for partition, offset in offsets.items() if partition in assigned}
        if mine:
            self._commit = asyncio.create_task(self._commit_quietly(mine), name="commit offsets")
            await asyncio.wait({self._commit}, timeout=_COMMIT_SECONDS)

    def owns(self, record: WireRecord) -> bool:
        """Tell whether the record's partition is assigned to this member now."""
        return self._at(record) in self._consumer.assignment()

    def pause(self) -> None:
        """Fetch nothing more for now, while fetch calls keep the membership alive."""
        self._consumer.pause(*self._consumer.assignment())

    def resume(self) -> None:
        self._consumer.resume(*self._consumer.paused())

    async def lag(self) -> int:
        """How many records lie in the log that were not fetched yet; raises `KafkaFault` when Kafka does not answer."""
        assigned = list(self._consumer.assignment())
        if not assigned:
            return 0
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                ends = await self._consumer.end_offsets(assigned)
                for partition in assigned:
                    if partition not in self._next:
                        self._next[partition] = await self._consumer.committed(partition) or 0
        except (KafkaError, OSError) as error:
            raise KafkaFault(f"Kafka does not answer: {_short(error)}") from error
        return sum(max(0, end - self._next.get(partition, end)) for partition, end in ends.items())

    async def close(self) -> None:
        """Leave the group, within a bound, whatever state the consumer is in."""
        if self._commit is not None and not self._commit.done():
            self._commit.cancel()
        await bounded(self._consumer.stop(), _STOP_SECONDS, "stop the consumer")

    async def _begin_at_the_start(self) -> None:
        # Explicit instead of auto_offset_reset: a position that was lost, not merely absent, must never reset itself.
        async def begin() -> None:
            assigned = list(self._consumer.assignment())
            unknown = [one for one in assigned if await self._consumer.committed(one) is None]
            if unknown:
                await self._consumer.commit(await self._consumer.beginning_offsets(unknown))

        try:
            await asyncio.wait_for(begin(), _ASK_SECONDS)
        except (KafkaError, OSError) as error:
            raise KafkaFault(f"the group's first offsets could not be stored: {_short(error)}") from error

    async def _commit_quietly(self, offsets: dict[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("offsets were not committed, the group has moved on", extra={"reason": _short(error)})
        except (KafkaError, OSError) as error:
            _log.warning("offsets were not committed", extra={"reason": _short(error)})

    def _at(self, record: WireRecord) -> TopicPartition:
        return TopicPartition(self._prefix + record.topic, record.partition)


def wire_records(partition: TopicPartition, batch: Sequence[Any], *, prefix: str) -> list[WireRecord]:
    """What was fetched of one partition, under the topic's name without the installation's prefix."""
    topic = partition.topic.removeprefix(prefix)
    return [
        WireRecord(
            topic=topic,
            partition=partition.partition,
            offset=one.offset,
            key=one.key,
            value=one.value,
            headers=one.headers,
        )
        for one in batch
    ]


async def create_topics(
    options: KafkaOptions,
    topics: Iterable[str],
    *,
    partitions: int = PARTITIONS,
    replicas: int = 1,
    retention_ms: int = -1,
) -> None:
    """Create the topics that do not exist yet; domain topics keep everything, since rebuilds start at offset 0."""
    settings = {"retention.ms": str(retention_ms), "max.message.bytes": str(MAX_RECORD_BYTES)}
    wanted = [NewTopic(options.topic_prefix + topic, partitions, replicas, topic_configs=settings) for topic in topics]
    admin = AIOKafkaAdminClient(**options._clients())  # noqa: SLF001  same file
    try:
        async with asyncio.timeout(_START_SECONDS):
            await admin.start()
            answer = await admin.create_topics(wanted)
    except (KafkaError, OSError) as error:
        raise KafkaFault(f"topics could not be created: {_short(error)}") from error
    finally:
        await bounded(admin.close(), _STOP_SECONDS, "close the admin client")
    for name, code, *_ in answer.topic_errors:
        if code not in {0, _TOPIC_EXISTS}:
            raise KafkaFault(f"topic {name} could not be created: {for_code(code).__name__}")


@dataclass(frozen=True)
class _Forget(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """Positions belong to one assignment."""

    positions: dict[TopicPartition, int] = field(compare=False)

    def on_partitions_revoked(self, _revoked: set[TopicPartition]) -> None:
        self.positions.clear()

    def on_partitions_assigned(self, _assigned: set[TopicPartition]) -> None:
        self.positions.clear()


def _outcome(future: asyncio.Future[object]) -> str | None:
    if not future.done():
        return "no acknowledgement before the deadline"
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return None if error is None else _short(error)


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
