"""The parcel service at work in a drill that needs many events or many deaths: its database, its topics, its workers."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from common import migrations
from common.event import new_id
from tests.support.drills.invariants.topics import Told, read_all
from tests.support.parcels.events import DeliveryMade, ParcelSent, ParcelWeighed
from tests.support.parcels.main import SERVICE
from tests.support.servers import Servers, ServiceProcess

_PARTITIONS = 6
_RECORD = """
    WITH keys AS (SELECT key, n FROM unnest($1::uuid[]) AS key, generate_series(1, $2::int) AS n)
    INSERT INTO outbox (event_id, type, topic, key, sequence, payload, occurred_at, correlation_id)
    SELECT gen_random_uuid(), $3::text, $4::text, key, n,
           convert_to(format('{"parcel_id":"%s","grams":%s}', key, n), 'UTF8'), now(), 'drill' FROM keys ORDER BY n
"""
_ADVANCE = (
    "INSERT INTO outbox_sequence (topic, key, last) SELECT $1::text, key, $2::bigint FROM unnest($3::uuid[]) AS key"
)


class Post:
    """One parcel service of its own."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.urls = servers.fresh_databases([SERVICE.name])[SERVICE.name]
        migrations.upgrade(SERVICE.migrations, self.urls.owner)
        self.prefix = servers.topic_prefix()
        servers.kafka.start()
        admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
        wanted = [NewTopic(self.prefix + name, _PARTITIONS) for name in (ParcelSent.TOPIC, DeliveryMade.TOPIC)]
        for made in admin.create_topics(wanted).values():
            made.result(30)

    def worker(self, **env: str) -> ServiceProcess:
        return self._process("worker", **env)

    def rebuild(self) -> ServiceProcess:
        return self._process("rebuild")

    async def sent(self, keys: int, each: int) -> list[UUID]:
        """Parcels sent: so many events of so many keys, committed to the outbox in one transaction each kind."""
        return await self._recorded(ParcelSent, keys, each)

    async def weighed(self, keys: int, each: int) -> list[UUID]:
        """Parcels weighed, which a projection counts."""
        return await self._recorded(ParcelWeighed, keys, each)

    async def _recorded(self, kind: type[ParcelSent | ParcelWeighed], keys: int, each: int) -> list[UUID]:
        made = [new_id() for _ in range(keys)]
        connection = await self.connect()
        async with connection.transaction():
            await connection.execute(_RECORD, made, each, kind.TYPE, kind.TOPIC)
            await connection.execute(_ADVANCE, kind.TOPIC, each, made)
        await connection.close()
        return made

    async def connect(self) -> asyncpg.Connection:
        name = self.urls.owner.rsplit("/", 1)[1]
        return await asyncpg.connect(self.servers.postgres.url(name).replace("+asyncpg", ""))

    async def value(self, sql: str, *arguments: object) -> int:
        connection = await self.connect()
        try:
            return int(await connection.fetchval(sql, *arguments))
        finally:
            await connection.close()

    def told(self) -> list[Told]:
        """All that lies in its topics."""
        return read_all(self.servers.bootstrap_servers, self.prefix)

    def tell_again(self, records: Sequence[Told]) -> None:
        """Put these records into their partitions once more, as a producer that repeats itself would."""
        producer = Producer({"bootstrap.servers": self.servers.bootstrap_servers, "linger.ms": 5})
        for one in records:
            producer.produce(
                self.prefix + one.topic,
                key=one.key.encode(),
                value=one.value,
                headers=list(one.headers),
                partition=one.partition,
            )
            producer.poll(0)
        assert producer.flush(30) == 0

    def _process(self, role: str, **env: str) -> ServiceProcess:
        settings = {
            "APP_ENV": "test",
            "DATABASE_URL": self.urls.application,
            "MIGRATIONS_DATABASE_URL": self.urls.owner,
            "KAFKA_BOOTSTRAP_SERVERS": self.servers.bootstrap_servers,
            "KAFKA_TOPIC_PREFIX": self.prefix,
            "KAFKA_GROUP_PREFIX": self.prefix,
            "KAFKA_SESSION_TIMEOUT_MS": "1000",
            "WORKER_PORT": str(self.servers.free_port()),
            "FAILPOINTS": "",
            **env,
        }
        argv = ("python", "-m", "tests.support.parcels.main", role)
        return self.servers.process(f"parcels-{role}", argv, settings)
