"""The parcel service running for real: its worker as a process, its database, its topics on the broker."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from common.acting import THE_SERVICE
from common.clock import SystemClock
from common.consumer.batch import Applier
from common.db import Database
from common.kafka import KafkaOptions, Publisher
from smartfactory.stack.provision import DatabaseUrls
from smartfactory.stack.topics import have_topics
from tests.support.parcels.consumers import HANDLERS
from tests.support.parcels.driver import scalar
from tests.support.parcels.events import DeliveryMade, ParcelSent
from tests.support.servers import Servers, ServiceProcess


@dataclass
class Parcels:
    """Everything a drill needs of one installation of the parcel service."""

    servers: Servers
    urls: DatabaseUrls
    prefix: str
    database: Database
    folder: Path
    observer: "Observer | None" = field(default=None)
    brokers: str = ""
    """Another Kafka than the one that all tests share."""

    @property
    def bootstrap_servers(self) -> str:
        return self.brokers or self.servers.bootstrap_servers

    @property
    def options(self) -> KafkaOptions:
        return KafkaOptions(bootstrap_servers=self.bootstrap_servers, client_id="drill", topic_prefix=self.prefix)

    @property
    def span_file(self) -> Path:
        return self.folder / "spans.jsonl"

    @property
    def applier(self) -> Applier:
        """What a command line uses to redrive."""
        return Applier(self.database, SystemClock(), HANDLERS, service="parcels")

    def worker(self, failpoints: str = "") -> ServiceProcess:
        """A worker process, not yet started."""
        env = {
            "APP_ENV": "test",
            "DATABASE_URL": self.urls.application,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "KAFKA_TOPIC_PREFIX": self.prefix,
            "KAFKA_GROUP_PREFIX": self.prefix,
            "KAFKA_SESSION_TIMEOUT_MS": "2000",
            "WORKER_PORT": str(self.servers.free_port()),
            "SPAN_FILE": str(self.span_file),
            "FAILPOINTS": failpoints,
        }
        argv = (sys.executable, "-m", "tests.support.parcels.main", "worker")
        return self.servers.process("parcels-worker", argv, env)

    async def publish(self, *records: Any) -> None:
        """Put records into the topic as they are, past the outbox: what no relay of ours would send."""
        publisher = Publisher(self.options)
        await publisher.start()
        published = await publisher.publish(records, deadline_seconds=60 + len(records) / 500)
        await publisher.close()
        assert all(published.acknowledged), published.fault

    async def topic(self, topic: str = ParcelSent.TOPIC) -> list[Any]:
        """Every record of a topic from offset 0, read by a client that is not ours."""
        reader = AIOKafkaConsumer(bootstrap_servers=self.bootstrap_servers)
        try:
            async with asyncio.timeout(60):
                await reader.start()
                partitions = [TopicPartition(self.prefix + topic, number) for number in range(6)]
                reader.assign(partitions)
                ends = await reader.end_offsets(partitions)
                for partition in partitions:
                    reader.seek(partition, 0)
                found: list[Any] = []
                while len(found) < sum(ends.values()):
                    for batch in (await reader.getmany(timeout_ms=1000)).values():
                        found += batch
                return found
        finally:
            await reader.stop()

    async def consumed(self) -> bool:
        """Whether all that was sent, and all that was told of it, is published and every offset of the topic committed."""
        if await self.unpublished():
            return False
        if self.observer is None:
            self.observer = Observer(self.bootstrap_servers)
            await self.observer.start()
        if await self.observer.lag(self.prefix + "parcels", self.prefix + ParcelSent.TOPIC):
            return False
        # What the group told of the last of it was committed before its offset was.
        return not await self.unpublished()

    async def unpublished(self) -> int:
        return int(str(await scalar(self.database, "SELECT count(*) FROM outbox WHERE published_at IS NULL")))

    async def health(self, worker: ServiceProcess, page: str) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=30) as client:
            return await client.get(f"http://127.0.0.1:{worker.env['WORKER_PORT']}/{page}")


class Observer:
    """Asks the broker how far a group is, with clients that are not ours."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
        self._reader = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers)

    async def start(self) -> None:
        await self._admin.start()
        await self._reader.start()

    async def lag(self, group: str, topic: str) -> int:
        partitions = [TopicPartition(topic, number) for number in range(6)]
        self._reader.assign(partitions)
        ends = await self._reader.end_offsets(partitions)
        try:
            committed = await self._admin.list_consumer_group_offsets(group)
        except KafkaError:
            # A broker that has just started does not know its groups yet: then nothing is known to be consumed.
            committed = {}
        return sum(end - (committed[one].offset if one in committed else 0) for one, end in ends.items())

    async def close(self) -> None:
        await self._admin.close()
        await self._reader.stop()


@asynccontextmanager
async def installed(
    servers: Servers, urls: DatabaseUrls, prefix: str, folder: Path, *, brokers: str = "", replicas: int = 1
) -> AsyncIterator[Parcels]:
    """One installation with its topics; its processes are ended with it."""
    database = Database(urls.application, application_name="tests", acting=THE_SERVICE)
    made = Parcels(servers, urls, prefix, database, folder, brokers=brokers)
    await have_topics(made.options, [ParcelSent.TOPIC, DeliveryMade.TOPIC], replicas=replicas)
    try:
        yield made
    finally:
        servers.stop_processes()
        if made.observer is not None:
            await made.observer.close()
        await database.dispose()
