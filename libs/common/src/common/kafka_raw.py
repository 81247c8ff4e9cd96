"""Records as they lie in Kafka, unpacked here and not by the client, for the one kind that it cannot unpack.

A header's name is text in Kafka's own protocol, and nothing makes a sender keep to that. The client decodes it as UTF-8
and, where it is none, ends every fetch that comes to this record, good ones before it included, for ever
(docs/kafka-edges.md). Whoever meets that reads the stretch from here, where such a name is a fault of the record alone.

The format is Kafka's published record batch, version 2: https://kafka.apache.org/documentation/#recordbatch
"""

import asyncio
import struct
import zlib
from collections.abc import Iterator

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.codec import gzip_decode
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.fetch import FetchRequest

from common.event import WireRecord
from common.kafka import MAX_RECORD_BYTES, KafkaFault, short

_ASK_SECONDS = 5.0
_WAIT_MS = 500
_FETCH_BYTES = 2 * MAX_RECORD_BYTES
_READ_COMMITTED = 1

# First offset, bytes that follow, leader epoch, magic, checksum, attributes, last offset's delta, first and last
# timestamp, producer's id and epoch, sequence, how many records.
_HEAD = struct.Struct(">qiibIhiqqqhii")
_BEFORE_LENGTH_COUNTS = struct.calcsize(">qi")
_MAGIC = 2
_CODEC, _OF_TRANSACTION, _CONTROL = 0x07, 0x10, 0x20
_PLAIN, _GZIP = 0, 1


async def read_raw(
    consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int, *, prefix: str
) -> list[WireRecord]:
    """What one fetch brings of a partition from here on; in a name that is no UTF-8, surrogates stand for its bytes."""
    client = consumer._client  # noqa: SLF001  in public, records come unpacked or not at all
    leader = client.cluster.leader_for_partition(partition)
    here = [(partition.topic, [(partition.partition, offset, _FETCH_BYTES)])]
    if leader is None:
        raise _past_the_client("nobody leads its partition")
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            answer = await client.send(leader, FetchRequest(_WAIT_MS, 1, _FETCH_BYTES, _READ_COMMITTED, here))
    except (KafkaError, OSError) as error:
        raise _past_the_client(short(error)) from error
    told = [part for _, parts in answer.topics for part in parts]
    if not told or told[0][1]:
        raise _past_the_client(for_code(told[0][1]).__name__ if told else "the leader says nothing of it")
    batches = told[0][-1] or b""
    topic, number = partition.topic.removeprefix(prefix), partition.partition
    try:
        return [record for record in unpacked(batches, topic=topic, partition=number) if record.offset >= offset]
    except (IndexError, EOFError, OSError, zlib.error) as error:
        raise _past_the_client(type(error).__name__) from error


def unpacked(batches: bytes, *, topic: str, partition: int) -> Iterator[WireRecord]:
    """The records of whole batches; of the last one Kafka may send only a part, which comes with the next fetch."""
    at = 0
    while at + _HEAD.size <= len(batches):
        first, length, _, magic, _, attributes, *_, count = _HEAD.unpack_from(batches, at)
        end = at + _BEFORE_LENGTH_COUNTS + length
        if end > len(batches):
            return
        if magic != _MAGIC or attributes & _OF_TRANSACTION:
            raise KafkaFault("a batch of an old form, or of a transaction, is not read past the client")
        if not attributes & _CONTROL:
            reading = _Reading(_inflated(batches[at + _HEAD.size : end], attributes & _CODEC))
            for _ in range(count):
                yield reading.record(topic, partition, first)
        at = end


def _past_the_client(why: str) -> KafkaFault:
    return KafkaFault(f"a record could not be read past the client: {why}")


def _inflated(packed: bytes, codec: int) -> bytes:
    if codec == _PLAIN:
        return packed
    if codec != _GZIP:
        raise KafkaFault("a batch in a compression that this program cannot undo")
    inflated: bytes = gzip_decode(packed)
    return inflated


class _Reading:
    """Goes through the records of one batch."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def record(self, topic: str, partition: int, first_offset: int) -> WireRecord:
        self._number()  # the record's length
        self._at += 1  # attributes, of which there are none
        self._number()  # the time, counted from the batch's
        offset = first_offset + self._number()
        key, value = self._bytes(), self._bytes()
        headers = [
            ((self._bytes() or b"").decode(errors="surrogateescape"), self._bytes()) for _ in range(self._number())
        ]
        return WireRecord(topic=topic, partition=partition, offset=offset, key=key, value=value, headers=headers)

    def _number(self) -> int:
        """Seven bits a byte, the lowest first, the sign in the lowest of all."""
        found = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            found |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004  the eighth bit says that more follows
                return (found >> 1) ^ -(found & 1)
            shift += 7

    def _bytes(self) -> bytes | None:
        size = self._number()
        if size < 0:
            return None
        self._at += size
        return self._data[self._at - size : self._at]
