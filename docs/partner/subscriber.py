"""A subscriber of the partner topics: keeps each event once, acts on assignments and on what ended, and can replay.

BOOTSTRAP_SERVERS=127.0.0.1:9092 STORE=events.db python subscriber.py
... python subscriber.py partner.mentoring.v1/2@0     from offset 0 of partition 2, once more
"""

import json
import os
import sqlite3
import sys

from confluent_kafka import OFFSET_STORED, Consumer, KafkaException

PREFIX = os.environ.get("TOPIC_PREFIX", "")
TOPICS = [f"{PREFIX}partner.project.v1", f"{PREFIX}partner.mentoring.v1"]
ACTED_ON = ("residency-assigned.v1", "residency-ended.v1", "item-closed.v1")
REPLAY = {place: int(offset) for place, _, offset in (word.partition("@") for word in sys.argv[1:])}


def assigned(consumer, partitions):
    """Go on where the group stands, or at the offset that was asked for."""
    for one in partitions:
        one.offset = REPLAY.pop(f"{one.topic.removeprefix(PREFIX)}/{one.partition}", OFFSET_STORED)
    consumer.assign(partitions)


def act(kind, data):
    print(kind, data["residency_id"], data.get("first_week") or data.get("ended_on") or data["closed_on"], flush=True)


store = sqlite3.connect(os.environ["STORE"])
store.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, type TEXT, key TEXT, sequence INT, data TEXT)")
settings = json.loads(os.environ.get("KAFKA_SETTINGS", "{}"))  # how you sign in, as you were told
group = os.environ.get("GROUP", "samsung-mentor")
basics = {"bootstrap.servers": os.environ["BOOTSTRAP_SERVERS"], "group.id": group}
consumer = Consumer({**basics, "enable.auto.commit": False, "auto.offset.reset": "earliest", **settings})
consumer.subscribe(TOPICS, on_assign=assigned)
while True:
    record = consumer.poll(1.0)
    if record is None:
        continue
    if record.error():
        raise KafkaException(record.error())
    said = {name.removeprefix("ce_"): value.decode() for name, value in record.headers()}
    row = (said["id"], said["type"], said["partitionkey"], int(said["sequence"]), record.value().decode())
    with store:  # kept first, committed to Kafka after: a crash in between brings the event again, and its id is known
        new = store.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)", row).rowcount
        if new and said["type"].endswith(ACTED_ON):
            act(said["type"].rsplit(".", 2)[-2], json.loads(record.value()))
    consumer.commit(message=record, asynchronous=False)
