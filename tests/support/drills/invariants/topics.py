"""The topics as they are: every record from offset 0, read by librdkafka and not by the services' client."""

import json
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Told:
    """One record of a topic."""

    topic: str
    partition: int
    offset: int
    key: str
    event_id: str
    type: str
    sequence: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()

    @property
    def data(self) -> Any:
        return json.loads(self.value)


def read_all(bootstrap_servers: str, prefix: str) -> list[Told]:
    """Every record of every topic with this prefix, in the order of each partition."""
    settings = {"bootstrap.servers": bootstrap_servers, "log_level": 0}
    names = [name for name in AdminClient(settings).list_topics(timeout=60).topics if name.startswith(prefix)]
    reader = Consumer(
        {**settings, "group.id": f"{prefix}examiner", "enable.auto.commit": False, "enable.partition.eof": True}
    )
    try:
        found: list[Told] = []
        for name in sorted(names):
            found += _read_topic(reader, name, prefix)
        return found
    finally:
        reader.close()


def _read_topic(reader: Consumer, name: str, prefix: str) -> list[Told]:
    partitions = [
        TopicPartition(name, number, 0) for number in reader.list_topics(name, timeout=60).topics[name].partitions
    ]
    left = 0
    for partition in partitions:
        first, end = reader.get_watermark_offsets(partition, timeout=60)
        assert first == 0, f"{name}/{partition.partition} begins at {first}: something was thrown away"
        left += end
    reader.assign(partitions)
    found: list[Told] = []
    while left:
        record = reader.poll(_PATIENCE_SECONDS)
        assert record is not None, f"{name}: {left} records are not to be had"
        if record.error() is None:
            found.append(_told(record, prefix))
            left -= 1
    reader.unassign()
    return found


def _told(record: Any, prefix: str) -> Told:
    headers = {name: value.decode() for name, value in record.headers() or []}
    return Told(
        topic=record.topic().removeprefix(prefix),
        partition=record.partition(),
        offset=record.offset(),
        key=record.key().decode(),
        event_id=headers["ce_id"],
        type=headers["ce_type"],
        sequence=int(headers["ce_sequence"]),
        value=record.value(),
        headers=tuple(record.headers() or ()),
    )
