"""Samsung's side on a real Kafka: the sample subscriber of docs/partner as it stands, killed, away and replaying."""

import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings import kafka as binding
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from common.event import DomainEvent, WireRecord, open_envelope
from common.kafka import KafkaOptions, Publisher
from common.kafka_history import History
from contracts.partner import PartnerProjectSelected, PartnerResidencyAssigned
from smartfactory.stack.migrations import topics
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.repo.tree import ROOT
from tests.support.listening import NOW
from tests.support.partners import project, residency, trained
from tests.support.records import wire
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually

SUBSCRIBER = ROOT / "docs/partner/subscriber.py"
TOPICS = [PartnerProjectSelected.TOPIC, PartnerResidencyAssigned.TOPIC]


class Telling:
    """The other services' side: what they tell on their topics, each key in its order."""

    def __init__(self, options: KafkaOptions) -> None:
        self._options = options
        self._numbers: dict[object, int] = {}

    async def tell(self, events: Sequence[DomainEvent]) -> list[WireRecord]:
        records = []
        for each in events:
            self._numbers[each.key] = self._numbers.get(each.key, 0) + 1
            records.append(wire(each, self._numbers[each.key], at=NOW))
        await self.send(records)
        return records

    async def send(self, records: Sequence[WireRecord]) -> None:
        publisher = Publisher(self._options)
        await publisher.start()
        published = await publisher.publish(records, deadline_seconds=60)
        await publisher.close()
        assert all(published.acknowledged), published.fault


class Subscriber:
    """The sample as a process, and what it has kept."""

    def __init__(self, servers: Servers, prefix: str, store: Path) -> None:
        self._servers, self._prefix, self.store = servers, prefix, store

    def start(self, *replay: str) -> ServiceProcess:
        env = {
            "PATH": os.environ["PATH"], "BOOTSTRAP_SERVERS": self._servers.bootstrap_servers, "STORE": str(self.store),
            "TOPIC_PREFIX": self._prefix, "GROUP": f"{self._prefix}samsung-mentor",
            "KAFKA_SETTINGS": json.dumps({"session.timeout.ms": 6_000}),
        }  # fmt: skip
        return self._servers.process("subscriber", (sys.executable, str(SUBSCRIBER), *replay), env).start()

    def kept(self) -> list[tuple[str, str, str, int, str]]:
        if not self.store.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.store, timeout=10)) as store:
            try:
                return store.execute("SELECT id, type, key, sequence, data FROM event ORDER BY rowid").fetchall()
            except sqlite3.OperationalError:
                return []


async def on_the_topics(options: KafkaOptions) -> list[WireRecord]:
    async with History(options, TOPICS) as history:
        return [record async for batch in history.to_the_end() for record in batch]


@pytest.fixture
async def options(servers: Servers, topic_prefix: str) -> KafkaOptions:
    made = KafkaOptions(bootstrap_servers=servers.bootstrap_servers, client_id="test", topic_prefix=topic_prefix)
    await have_topics(made, topics())
    return made


@pytest.mark.promise("I4", "I5")
async def test_the_sample_subscriber_misses_nothing_over_kills_and_absences_and_replays(
    servers: Servers,
    fresh_databases: Callable[..., dict[str, DatabaseUrls]],
    options: KafkaOptions,
    topic_prefix: str,
    tmp_path: Path,
):
    urls = fresh_databases("metrics", migrated=True)
    telling = Telling(options)
    worker = servers.service("metrics", "worker", urls["metrics"], topic_prefix=topic_prefix).start()
    subscriber = Subscriber(servers, topic_prefix, tmp_path / "events.db")

    async def all_kept(process: ServiceProcess, count: int) -> bool:
        assert worker.exit_code() is None, worker.log
        assert process.exit_code() is None, process.log
        return len(subscriber.kept()) == count

    first = subscriber.start()
    records = await telling.tell([trained(), *project(), *residency()])
    await eventually(lambda: all_kept(first, 9), deadline=60, what="nine events kept")
    assert first.kill() == -9
    # The other services tell on while nobody listens, and one thing twice: it is the same event.
    await telling.tell([*project(), *residency(), *residency()])
    await telling.send(records)
    second = subscriber.start()
    await eventually(lambda: all_kept(second, 21), deadline=60, what="what came meanwhile is kept")
    printed = [line.split()[0] for line in second.log.splitlines() if line.startswith(("residency-", "item-"))]
    assert sorted(printed) == sorted(["residency-assigned", "item-closed", "residency-ended"] * 2)
    assert second.stop() is not None

    told = await on_the_topics(options)
    _one_of_each_in_order(told)
    kept = subscriber.kept()
    assert sorted(kept) == sorted(
        (str(envelope.event_id), envelope.type, str(envelope.key), envelope.sequence, data.decode())
        for envelope, data in map(open_envelope, told)
    )
    _taken_by_the_cloudevents_sdk(told)

    # Replayed into an empty store: the whole of each partition but the first record of one, as was asked for.
    where = {(record.topic, record.partition) for record in told}
    skipped = next(record for record in told if record.topic == TOPICS[1] and record.offset == 0)
    places = [
        f"{topic}/{number}@{int((topic, number) == (skipped.topic, skipped.partition))}" for topic, number in where
    ]
    subscriber.store.unlink()
    third = subscriber.start(*places)
    await eventually(lambda: all_kept(third, 20), deadline=60, what="the replay is kept")
    missing = {row[0] for row in kept} - {row[0] for row in subscriber.kept()}
    assert missing == {str(open_envelope(skipped)[0].event_id)}
    assert worker.stop() == 0


def _one_of_each_in_order(told: Sequence[WireRecord]) -> None:
    sequences: dict[str, list[int]] = {}
    for record in told:
        envelope, _ = open_envelope(record)
        sequences.setdefault(f"{envelope.topic} {envelope.key}", []).append(envelope.sequence)
    assert len(told) == 21
    assert all(found == list(range(1, len(found) + 1)) for found in sequences.values()), sequences
    assert sorted(map(len, sequences.values())) == [1, 4, 4, 4, 4, 4]


def _taken_by_the_cloudevents_sdk(told: Sequence[WireRecord]) -> None:
    for record in told:
        headers: dict[str, Any] = dict(record.headers)
        event = binding.from_binary(
            binding.KafkaMessage(headers=headers, key=record.key, value=record.value), JSONFormat()
        )
        assert isinstance(event, CloudEvent)
        assert (event.get_source(), event.get_datacontenttype()) == ("/partner", "application/json")
        assert event.get_data() == json.loads(record.value or b"")
        assert event.get_extension("partitionkey") == (record.key or b"").decode()
        assert not headers.keys() - {f"ce_{name}" for name in _ATTRIBUTES} - {"content-type"}


_ATTRIBUTES = (
    "specversion", "id", "source", "type", "subject", "time", "dataschema", "partitionkey", "sequence", "recordedtime",
    "correlationid", "causationid", "traceparent",
)  # fmt: skip
