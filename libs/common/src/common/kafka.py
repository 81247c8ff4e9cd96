"""The producer on aiokafka, the topics, and what both sides share; `kafka_subscription` and `kafka_history` read.

No other module knows aiokafka. Each rule here answers a measured edge of it (docs/kafka-edges.md): idempotent batches
never expire, and `stop` flushes without a limit. So every wait is bounded, and a client that failed is replaced.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    for_code,
)
from aiokafka.partitioner import DefaultPartitioner

from common.event import WireRecord, registered_events
from common.kafka_rights import KafkaLogin
from common.waiting import bounded

PARTITIONS = 6
"""Per topic, and never changed: the partition of a key depends on it."""

MAX_RECORD_BYTES = 524_288

_BATCH_BYTES = 480_000  # a sent batch must fit max.message.bytes with its overhead
_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_REQUEST_MS = 10_000
_BACKOFF_MS = 1_000
_METADATA_MS = 10_000  # a topic that was away is found again this long after it came back
_TOO_LATE = "no acknowledgement before the deadline"
_TOPIC_EXISTS = 36
_KNOWN_PARTITIONS_MAX = 100_000
_KEEP_FOR_EVER = -1
_MS_OF_A_DAY = 86_400_000

_partition_of = DefaultPartitioner()


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaOptions:
    """Where Kafka is, who asks it, and what an installation puts before the names of topics and groups."""

    bootstrap_servers: str
    client_id: str
    topic_prefix: str = ""
    group_prefix: str = ""
    session_timeout_ms: int = 30_000
    poll_interval_ms: int = 300_000
    """A member that has not fetched for so long leaves its group; far longer than a batch may take."""
    login: KafkaLogin | None = None
    """Who asks. Without one Kafka must let everybody do everything, as on the loopback of one machine."""

    def reach(self) -> dict[str, object]:
        """Where Kafka is, and who asks it."""
        return {"bootstrap_servers": self.bootstrap_servers, **({} if self.login is None else self.login.clients())}

    def clients(self) -> dict[str, object]:
        """What every client is made with."""
        return {
            **self.reach(),
            "client_id": self.client_id,
            "request_timeout_ms": _REQUEST_MS,
            "retry_backoff_ms": _BACKOFF_MS,
            "metadata_max_age_ms": _METADATA_MS,
        }


class KafkaFault(Exception):
    """Kafka, or the way to it, failed: the client in use is spoilt, the work is not."""


@dataclass(frozen=True, slots=True)
class Published:
    """Which records of a publication are acknowledged, in their order, and why others are not.

    After a `fault` the client is spoilt. Topics that are `missing` do no harm to it: the other records are sent.
    `last` is, by topic and partition, the last acknowledged record: its place in the publication and in the log.
    """

    acknowledged: Sequence[bool]
    fault: str | None
    missing: frozenset[str] = frozenset()
    last: Mapping[tuple[str, int], tuple[int, int]] = field(default_factory=dict)


class Publisher:
    """An idempotent producer with acks from all in-sync replicas. After a fault it is closed and another one made."""

    def __init__(self, options: KafkaOptions) -> None:
        self._prefix = options.topic_prefix
        self._producer = AIOKafkaProducer(
            **options.clients(),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=MAX_RECORD_BYTES,
        )
        self._partitions: dict[tuple[str, bytes], int] = {}
        self._connections: list[Any] = []

    async def start(self) -> None:
        try:
            await asyncio.wait_for(self._producer.start(), _START_SECONDS)
        except (KafkaError, OSError) as error:
            await self.close()
            raise KafkaFault(f"no connection to Kafka: {short(error)}") from error
        self._note_connections()

    def lost_a_connection(self) -> bool:
        """Tell whether one has ended since the start: who answers after it may be a broker that lost its data."""
        return not all(connection.connected() for connection in self._connections)

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
        except TimeoutError:
            fault = _TOO_LATE
        except (KafkaError, OSError) as error:
            fault = short(error)
        self._note_connections()
        acknowledged = [False] * len(records)
        last: dict[tuple[str, int], tuple[int, int]] = {}
        for future, indexes in sent:
            refused = _outcome(future)
            if refused is None:
                for index in indexes:
                    acknowledged[index] = True
                told: Any = future.result()
                if told.offset >= 0:  # unknown, when only the second copy of a batch was acknowledged
                    last[records[indexes[-1]].topic, told.partition] = indexes[-1], told.offset + len(indexes) - 1
            fault = fault or refused
        return Published(acknowledged, fault, frozenset(missing), last)

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

    def _note_connections(self) -> None:
        # The client connects again by itself and in silence, so each connection that was ever used is kept in sight.
        now: dict[tuple[object, object], Any] = self._producer.client._conns  # noqa: SLF001  there is no public way
        used = [connection for (node, _), connection in now.items() if node != "bootstrap"]
        self._connections += [one for one in used if not any(one is known for known in self._connections)]

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
) -> None:
    """Create the topics that do not exist yet; they keep everything, unless their events say for how long."""
    days = kept_days()
    wanted = [
        NewTopic(options.topic_prefix + topic, partitions, replicas, topic_configs=_settings_of(days.get(topic)))
        for topic in topics
    ]
    admin = AIOKafkaAdminClient(**options.clients())
    try:
        async with asyncio.timeout(_START_SECONDS):
            await admin.start()
            answer = await admin.create_topics(wanted)
    except (KafkaError, OSError) as error:
        raise KafkaFault(f"topics could not be created: {short(error)}") from error
    finally:
        await bounded(admin.close(), _STOP_SECONDS, "close the admin client")
    for name, code, *_ in answer.topic_errors:
        if code not in {0, _TOPIC_EXISTS}:
            raise KafkaFault(f"topic {name} could not be created: {for_code(code).__name__}")


async def find_coordinator(options: KafkaOptions, group: str) -> None:
    """Ask who looks after a consumer group, or raise KafkaFault while nobody does.

    A new broker makes the topic for that when it is first asked, and until then refuses every consumer.
    """
    admin = AIOKafkaAdminClient(**options.clients())
    try:
        async with asyncio.timeout(_START_SECONDS):
            await admin.start()
            await admin.find_coordinator(group)
    except (KafkaError, OSError) as error:
        raise KafkaFault(f"nobody looks after groups: {short(error)}") from error
    finally:
        await bounded(admin.close(), _STOP_SECONDS, "close the admin client")


def kept_days() -> dict[str, int]:
    """The topics that Kafka does not keep for ever, and for how many days it does."""
    return {event.TOPIC: event.KEPT_DAYS for event in registered_events().values() if event.KEPT_DAYS is not None}


def retention_ms(kept_days: int | None) -> int:
    """Kafka's setting of how long a topic keeps its records."""
    return _KEEP_FOR_EVER if kept_days is None else kept_days * _MS_OF_A_DAY


def _settings_of(kept_days: int | None) -> dict[str, str]:
    return {"retention.ms": str(retention_ms(kept_days)), "max.message.bytes": str(MAX_RECORD_BYTES)}


def _outcome(future: asyncio.Future[object]) -> str | None:
    if not future.done():
        return _TOO_LATE
    if future.cancelled():
        return "cancelled"
    error = future.exception()
    return None if error is None else short(error)


def short(error: BaseException) -> str:
    """Say what failed, in a length that fits a line."""
    return f"{type(error).__name__}: {error}"[:300]
