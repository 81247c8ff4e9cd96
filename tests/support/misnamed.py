"""Records with a header whose name is no UTF-8, which no client library writes but any program can."""

import gzip
import struct
from collections.abc import Sequence
from typing import NamedTuple

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from common.event import WireRecord
from tests.support.waiting import eventually

NAME = "zz-name"
"""The header's name that is written over, in as many bytes."""

_LENGTH, _CHECKSUM, _ATTRIBUTES, _HEAD_BYTES = 8, 17, 21, 61
_GZIP, _NOT_LEADER = 1, 6


class Sent(NamedTuple):
    """One record as it is to lie in the log."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def batch(records: Sequence[Sent], *, first_offset: int = 0, zipped: bool = False, misnamed: bytes = b"") -> bytes:
    """These records in one batch of Kafka's own form, with `misnamed` for the header's name that is `NAME`."""
    building = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 10_000_000)
    for number, (key, value, headers) in enumerate(records):
        assert building.append(number, None, key, value, list(headers)) is not None
    made = bytearray(building.build())
    if misnamed:
        assert len(misnamed) == len(NAME)
        made = made.replace(NAME.encode(), misnamed)
    if zipped:
        made[_HEAD_BYTES:] = gzip.compress(bytes(made[_HEAD_BYTES:]))
        struct.pack_into(">h", made, _ATTRIBUTES, _GZIP)
        struct.pack_into(">i", made, _LENGTH, len(made) - _LENGTH - 4)
    struct.pack_into(">I", made, _CHECKSUM, calc_crc32c(memoryview(made)[_ATTRIBUTES:]))
    struct.pack_into(">q", made, 0, first_offset)
    return bytes(made)


async def publish(bootstrap_servers: str, topic: str, partition: int, made: bytes) -> int:
    """Write a batch into a topic as it is; the offset of its first record."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap_servers)
    request = ProduceRequest(None, -1, 10_000, [(topic, [(partition, made)])])

    async def written() -> tuple[int, int] | None:
        await client.set_topics([topic])
        leader = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        [(_, [(_, code, offset, *_)])] = (await client.send(leader, request)).topics
        # Just after the topic was made, its leader does not know yet that it leads.
        return None if code == _NOT_LEADER else (code, int(offset))

    try:
        await client.bootstrap()
        code, offset = await eventually(written)
    finally:
        await client.close()
    assert code == 0, code
    return offset


def as_sent(record: WireRecord, *, misnamed: bool = False) -> Sent:
    """This record; with `misnamed`, with one more header, whose name is to be written over."""
    more = [(NAME, b"1")] if misnamed else []
    return Sent(record.key, record.value, [*record.headers, *more])
