"""The limit of a rebuild: every record of the same topics, fetched from the first on, with nothing done to it.

It also writes them, before anything is measured.
"""

import time
from collections import defaultdict

from aiokafka import AIOKafkaConsumer, TopicPartition

from common.event import WireRecord
from common.kafka import PARTITIONS
from tools.bench.events import producer, send_batches
from tools.bench.lives import records
from tools.bench.parts import Answer, serve

_READ_SECONDS = 60.0


async def fill(bootstrap_servers: str, prefix: str, applications: int) -> Answer:
    """Tell so many lives; returns how many records that is, and on which topics."""
    by_topic: dict[str, list[WireRecord]] = defaultdict(list)
    for record in records(applications):
        by_topic[record.topic].append(record)
    sender = producer(bootstrap_servers)
    await sender.start()
    try:
        for topic, some in by_topic.items():
            await send_batches(sender, prefix + topic, some)
    finally:
        await sender.stop()
    return {"records": sum(map(len, by_topic.values())), "topics": sorted(prefix + topic for topic in by_topic)}


async def get_many(bootstrap_servers: str, topics: list[str], count: int) -> Answer:
    """`getmany` of all of them."""
    began = time.monotonic()
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, max_partition_fetch_bytes=1_048_576)
    await reader.start()
    places = [TopicPartition(topic, number) for topic in topics for number in range(PARTITIONS)]
    reader.assign(places)
    for place in places:
        reader.seek(place, 0)
    found = 0
    try:
        while found < count and time.monotonic() - began < _READ_SECONDS:
            fetched = await reader.getmany(timeout_ms=300, max_records=2_000)
            found += sum(map(len, fetched.values()))
    finally:
        await reader.stop()
    return {"operations": found, "seconds": time.monotonic() - began}


if __name__ == "__main__":
    serve({"fill": fill, "get_many": get_many})
