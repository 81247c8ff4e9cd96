"""Reads topics from their first record, outside every consumer group: nothing is committed and nobody is rebalanced.

How far a group says that it has come is asked here too.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from itertools import chain
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from common.event import WireRecord, is_misnamed
from common.kafka import MAX_RECORD_BYTES, KafkaFault, KafkaOptions, wire_records
from common.kafka_raw import read_raw
from common.waiting import bounded

_START_SECONDS = 30.0
_ASK_SECONDS = 10.0
_FETCH_MS = 1_000
_BATCH_RECORDS = 2_000
_STOP_SECONDS = 5.0
_LOOK_UP_BYTES = 65_536
_SILENT_FETCHES_MAX = 30


class History:
    """All records of some topics, each partition in its order; asked again, it goes on where it stopped.

    What a topic no longer keeps is a fault, unless what it `keeps` is enough.
    """

    def __init__(self, options: KafkaOptions, topics: Iterable[str], *, keeps: bool = False) -> None:
        self._prefix, self._keeps = options.topic_prefix, keeps
        self._topics = [options.topic_prefix + topic for topic in topics]
        self._reader = AIOKafkaConsumer(
            **options.reach(),
            client_id=f"{options.client_id}-history",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_partition_fetch_bytes=2 * MAX_RECORD_BYTES,
            isolation_level="read_committed",
        )
        self._partitions: list[TopicPartition] = []
        self._next: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._reader.start()
                for topic in self._topics:
                    numbers = self._reader.partitions_for_topic(topic) or await self._asked(topic)
                    self._partitions += [TopicPartition(topic, number) for number in sorted(numbers)]
                self._reader.assign(self._partitions)
                self._next = dict.fromkeys(self._partitions, 0)
                if self._keeps:
                    self._next |= await self._reader.beginning_offsets(self._partitions)
                self._go_to_the_next()
        except (KafkaError, OSError) as error:
            await self._close()
            raise KafkaFault(f"the history cannot be read: {type(error).__name__}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def to_the_end(self) -> AsyncIterator[list[WireRecord]]:
        """What lies between here and the end as it is now, in batches; raises `KafkaFault` when it does not come."""
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                ends = await self._reader.end_offsets(self._partitions)
            silent = 0
            while await self._short_of(ends):
                found = await self._fetched()
                silent = 0 if found else silent + 1
                if silent > _SILENT_FETCHES_MAX:
                    raise KafkaFault("the history cannot be read: records are there and none comes")
                if found:
                    self._next |= {partition: some[-1].offset + 1 for partition, some in found.items()}
                    # All partitions' together: whoever applies them has one unit of work for each batch, not for six.
                    yield list(chain.from_iterable(found.values()))
        except (KafkaError, OSError) as error:
            raise KafkaFault(f"the history cannot be read: {type(error).__name__}") from error

    async def _fetched(self) -> dict[TopicPartition, list[WireRecord]]:
        try:
            found = await self._reader.getmany(timeout_ms=_FETCH_MS, max_records=_BATCH_RECORDS)
        except UnicodeDecodeError:
            return await self._read_misnamed()
        return {partition: wire_records(partition, some, prefix=self._prefix) for partition, some in found.items()}

    async def _read_misnamed(self) -> dict[TopicPartition, list[WireRecord]]:
        """The stretch with a misnamed header that the client stumbled over; what it read of others comes again."""
        for partition in self._partitions:
            records = await read_raw(self._reader, partition, self._next[partition], prefix=self._prefix)
            if any(map(is_misnamed, records)):
                self._next[partition] = records[-1].offset + 1
                self._go_to_the_next()
                return {partition: records}
        raise KafkaFault("the history cannot be read: the name of a header is no UTF-8, and its record is not found")

    def _go_to_the_next(self) -> None:
        for partition, offset in self._next.items():
            self._reader.seek(partition, offset)

    async def _short_of(self, ends: dict[TopicPartition, int]) -> bool:
        return any([await self._reader.position(partition) < end for partition, end in ends.items()])

    async def _asked(self, topic: str) -> set[int]:
        await self._reader._client.force_metadata_update()  # noqa: SLF001  no public way to ask about unassigned topics
        known: set[int] | None = self._reader.partitions_for_topic(topic)
        if not known:
            raise KafkaFault(f"topic {topic} does not exist")
        return known

    async def _close(self) -> None:
        await bounded(self._reader.stop(), _START_SECONDS, "stop the reader")


async def look_up(options: KafkaOptions, offsets: Mapping[tuple[str, int], int]) -> dict[tuple[str, int], WireRecord]:
    """Find what stands at these places, by topic and partition; where the log has nothing at all, nothing is found."""
    reader = AIOKafkaConsumer(
        **options.reach(),
        client_id=f"{options.client_id}-look-up",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=_LOOK_UP_BYTES,
    )
    places = {TopicPartition(options.topic_prefix + topic, number): at for (topic, number), at in offsets.items()}
    found: dict[tuple[str, int], WireRecord] = {}
    try:
        async with asyncio.timeout(_START_SECONDS):
            await reader.start()
            there = await _places_in_the_log(reader, places)
        reader.assign(list(there))
        for partition, offset in there.items():
            reader.seek(partition, offset)
        silent = 0
        while len(found) < len(there):
            batches = await _at_places(reader, there, prefix=options.topic_prefix)
            silent = 0 if batches else silent + 1
            if silent > _SILENT_FETCHES_MAX:
                raise KafkaFault("the log cannot be looked at: records are there and none comes")
            for partition, batch in batches.items():
                found.setdefault((batch[0].topic, batch[0].partition), batch[0])
                reader.pause(partition)
    except (KafkaError, OSError) as error:
        raise KafkaFault(f"the log cannot be looked at: {type(error).__name__}") from error
    finally:
        await bounded(reader.stop(), _STOP_SECONDS, "stop the reader")
    return found


async def group_places(options: KafkaOptions, group: str) -> dict[tuple[str, int], int]:
    """The next offset that a consumer group wants of each topic and partition; nothing of a group that never was."""
    admin = AIOKafkaAdminClient(**options.clients())
    try:
        async with asyncio.timeout(_START_SECONDS):
            await admin.start()
            places = await admin.list_consumer_group_offsets(options.group_prefix + group)
    except (KafkaError, OSError) as error:
        raise KafkaFault(f"the group's places cannot be asked: {type(error).__name__}") from error
    finally:
        await bounded(admin.close(), _STOP_SECONDS, "close the admin client")
    return {
        (place.topic.removeprefix(options.topic_prefix), place.partition): found.offset
        for place, found in places.items()
        if found.offset >= 0
    }


async def _at_places(
    reader: AIOKafkaConsumer, there: Mapping[TopicPartition, int], *, prefix: str
) -> dict[TopicPartition, list[WireRecord]]:
    try:
        batches = await reader.getmany(timeout_ms=_FETCH_MS)
    except UnicodeDecodeError:
        # Somewhere behind one of the places is a header whose name the client cannot read.
        read = {one: await read_raw(reader, one, offset, prefix=prefix) for one, offset in there.items()}
        return {partition: records for partition, records in read.items() if records}
    return {partition: wire_records(partition, batch[:1], prefix=prefix) for partition, batch in batches.items()}


async def _places_in_the_log(
    reader: AIOKafkaConsumer, places: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    topics = await reader.topics()
    existing = [one for one in places if one.topic in topics]
    begins = await reader.beginning_offsets(existing) if existing else {}
    ends = await reader.end_offsets(existing) if existing else {}
    return {one: places[one] for one in existing if begins[one] <= places[one] < ends[one]}
