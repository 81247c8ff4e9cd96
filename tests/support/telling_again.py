"""Telling everybody again what was told: each record of a topic once more, byte for byte."""

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.support.waiting import eventually


async def tell_again(bootstrap_servers: str, topic: str) -> None:
    """Every record of the topic once more, byte for byte, and wait until whoever listens has read them all."""
    servers = {"bootstrap.servers": bootstrap_servers}
    reader = Consumer(servers | {"group.id": "told-again", "enable.auto.commit": False})
    producer, admin = Producer(servers), AdminClient(servers)
    partitions = reader.list_topics(topic, 10).topics[topic].partitions
    parts = [TopicPartition(topic, number, 0) for number in partitions]
    ends = {each.partition: reader.get_watermark_offsets(each, timeout=10)[1] for each in parts}
    reader.assign(parts)
    for _ in range(sum(ends.values())):
        record = reader.poll(10)
        assert record is not None
        assert record.error() is None
        producer.produce(topic, record.value(), record.key(), record.partition(), headers=record.headers())
    assert producer.flush(10) == 0
    reader.close()
    groups = [each.group_id for each in admin.list_consumer_groups().result(10).valid]
    wanted = {number: 2 * end for number, end in ends.items() if end}

    def heard() -> bool:
        read = [
            {part.partition: part.offset for part in future.result(10).topic_partitions if part.topic == topic}
            for group in groups
            for future in admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
        ]
        listening = [offsets for offsets in read if offsets]
        assert len(listening) >= 3, read
        return all(offsets.get(number, 0) >= end for offsets in listening for number, end in wanted.items())

    await eventually(heard, 60, what="everybody has read them again")
