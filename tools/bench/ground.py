"""What the benchmark runs on: PostgreSQL with its flushes on, one Kafka broker, the shipped services and the helpers,
all children of this one process and ended by their ids.
"""

import asyncio
import re
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import asyncpg

from common.kafka import KafkaOptions as KafkaClient
from common.kafka import create_topics
from smartfactory.stack import migrations, ports
from smartfactory.stack.jars import class_path
from smartfactory.stack.kafka import Kafka, KafkaOptions, start_kafka
from smartfactory.stack.postgres import Postgres, PostgresOptions, prepare_postgres, start_postgres
from smartfactory.stack.process import Child, Command, ProgramFailed, start
from smartfactory.stack.provision import DatabaseUrls, Passwords, provision
from tools.bench.issuer import BenchIssuer
from tools.bench.parts import Part
from tools.bench.tables import BENCH_TABLES

BENCH_DATABASE = "bench"
BENCH_TOPICS = (
    "bench.raw.v1",
    "bench.relay.v1",
    "bench.aged.v1",
    "bench.round-trip.v1",
    *(f"bench.peer-{number}.v1" for number in range(5)),
)
PARTS = {
    "transactions": "tools.bench.anchors.transactions",
    "kafka": "tools.bench.anchors.kafka",
    "statements": "tools.bench.anchors.statements",
    "peer consumers": "tools.bench.peers.consuming",
    "peer relay": "tools.bench.peers.relaying",
    "assignment": "tools.bench.anchors.assignment",
    "cohorts": "tools.bench.cohort_work",
    "history": "tools.bench.anchors.history",
    "feed": "tools.bench.anchors.feed",
}
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
# A worker is stopped in its place while its backlog is made; its membership must outlast that.
_SESSION_MILLIS = 600_000
_READY_SECONDS = 180.0
# Commit times of effects, for latencies without a clock in the service.
_POSTGRES_SETTINGS = "track_commit_timestamp = on\n"


@dataclass
class Ground:
    """The servers and processes of one run."""

    folder: Path
    services: tuple[str, ...]
    issuer: BenchIssuer = field(default_factory=BenchIssuer)
    with_kafka: bool = True
    postgres: Postgres = field(init=False)
    kafka: Kafka | None = field(init=False, default=None)
    urls: dict[str, DatabaseUrls] = field(init=False)
    children: dict[str, Child] = field(init=False, default_factory=dict)
    ports: dict[str, int] = field(init=False, default_factory=dict)
    parts: dict[str, Part] = field(init=False, default_factory=dict)
    closing: list[Callable[[], None]] = field(init=False, default_factory=list)
    """What suites have opened in this process."""

    def start_servers(self) -> None:
        """PostgreSQL and Kafka, with a migrated database per service and one of the benchmark's own."""
        options = PostgresOptions(
            directory=self.folder / "postgres", log=self.folder / "postgres.log", port=ports.free_port()
        )
        prepare_postgres(options)
        with (options.directory / "cluster" / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write(_POSTGRES_SETTINGS)
        self.postgres = start_postgres(options)
        if self.with_kafka:
            self.kafka = start_kafka(
                KafkaOptions(
                    directory=self.folder / "kafka",
                    log=self.folder / "kafka.log",
                    port=ports.free_port(),
                    controller_port=ports.free_port(),
                )
            )
        self.postgres.await_ready()
        names = {service: service for service in (*self.services, BENCH_DATABASE)}
        self.urls = provision(self.postgres.admin, Passwords(self.folder / "passwords.json"), names)
        owners = {service: self.urls[service].owner for service in self.services}
        migrations.migrate(owners, self.folder / "migrations.log")
        self.postgres.admin.run(BENCH_TABLES, database=BENCH_DATABASE)
        if self.kafka is not None:
            self.kafka.await_ready()

    async def make_topics(self) -> None:
        """The domain topics and the benchmark's own, six partitions each as everywhere."""
        await create_topics(self.kafka_client(), (*migrations.topics(), *BENCH_TOPICS))

    async def make_topics_apart(self, prefix: str) -> None:
        """The domain topics once more, for a service that stands apart."""
        await create_topics(self.kafka_client(prefix), migrations.topics())

    @property
    def bootstrap_servers(self) -> str:
        return self.kafka.options.bootstrap_servers if self.kafka is not None else "127.0.0.1:1"

    def kafka_version(self) -> str:
        """The version of the broker's own jar."""
        found = re.search(r"/kafka_2\.13-([\d.]+)\.jar", class_path())
        return found[1] if found else "unknown"

    def kafka_client(self, prefix: str = "") -> KafkaClient:
        return KafkaClient(bootstrap_servers=self.bootstrap_servers, client_id="bench", topic_prefix=prefix)

    def start_service(self, service: str, role: str) -> None:
        """A shipped process, once, set as in an installation: spans, metrics and request log on."""
        self.start_apart(f"{service}-{role}", service, role, self.urls[service])

    def start_apart(
        self, name: str, service: str, role: str, urls: DatabaseUrls, settings: Mapping[str, str] = NO_SETTINGS
    ) -> None:
        """The same under a name of its own, on a database of its own; `settings` go before those of all."""
        if name in self.children:
            return
        self.ports[name] = ports.free_port()
        env = self.environment(name, role, urls) | dict(settings)
        self._adopt(name, (sys.executable, "-m", f"{service}.main", role), env)

    def environment(self, name: str, role: str, urls: DatabaseUrls) -> dict[str, str]:
        """What a shipped process is set by."""
        port = self.ports.get(name, 0)
        return {
            "APP_ENV": "test",
            "DATABASE_URL": urls.application,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "KAFKA_SESSION_TIMEOUT_MS": str(_SESSION_MILLIS),
            "ISSUER": self.issuer.name,
            "JWKS_URL": self.issuer.jwks_url,
            "HTTP_PORT": str(port if role == "api" else ports.free_port()),
            "WORKER_PORT": str(port if role == "worker" else ports.free_port()),
            "SPAN_FILE": str(self.folder / "spans" / f"{name}.jsonl"),
        }

    def make_database(self, service: str, name: str) -> DatabaseUrls:
        """One more migrated database of a service, for a suite whose rows nobody else may empty."""
        urls = provision(self.postgres.admin, Passwords(self.folder / "passwords.json"), {service: name})[service]
        migrations.migrate({service: urls.owner}, self.folder / f"{name}-migrations.log")
        self.urls[name] = urls
        return urls

    def start_program(self, name: str, module: str, *arguments: str) -> None:
        """A program of the benchmark's own that serves HTTP on `ports[name]`."""
        self.ports[name] = ports.free_port()
        argv = (sys.executable, "-m", module, str(self.ports[name]), *arguments)
        self._adopt(name, argv, {"ISSUER": self.issuer.name, "JWKS_URL": self.issuer.jwks_url})

    def part(self, name: str) -> Part:
        """A helper process that does what it is asked; started when first asked for."""
        if name not in self.parts or self.parts[name].child.exit_code() is not None:
            self.parts[name] = Part(PARTS[name], self.folder / f"{name}.log")
            # Under a name of its own: a helper called "kafka" must not stand for the broker in a ledger.
            self.children[f"helper {name}"] = self.parts[name].child
        return self.parts[name]

    async def until_ready(self, *names: str) -> None:
        """Wait until these processes answer on their ready page; one that another suite has frozen goes on first."""
        self.thaw(*(name for name in names if name in self.children))
        deadline = time.monotonic() + _READY_SECONDS
        for name in names:
            while not await asyncio.to_thread(ports.answers, self.ports[name], "/readyz"):
                child = self.children[name]
                if child.exit_code() is not None or time.monotonic() > deadline:
                    raise ProgramFailed(name, child.exit_code(), child.log_tail())
                await asyncio.sleep(0.1)

    async def until_listening(self, name: str) -> None:
        """Wait until a program answers at all, whatever it says of its readiness."""
        deadline = time.monotonic() + _READY_SECONDS
        while not await asyncio.to_thread(ports.is_taken, self.ports[name]):
            if self.children[name].exit_code() is not None or time.monotonic() > deadline:
                raise ProgramFailed(name, self.children[name].exit_code(), self.children[name].log_tail())
            await asyncio.sleep(0.1)

    def freeze(self, *names: str) -> None:
        """Stop processes in their place: they cost nothing, and keep what they have."""
        for name in names:
            self.children[name].send(signal.SIGSTOP)

    def quiet(self) -> None:
        """Freeze every worker, so that a suite measures what it thaws and nothing else."""
        self.freeze(*(name for name in self.children if name.endswith("-worker")))

    def thaw(self, *names: str) -> None:
        for name in names:
            self.children[name].send(signal.SIGCONT)

    def pids(self, names: Mapping[str, str]) -> dict[str, int]:
        """Process ids by ledger name, of what runs under these child names."""
        servers = {"postgres": self.postgres.child.pid} | ({"kafka": self.kafka.child.pid} if self.kafka else {})
        known = servers | {name: child.pid for name, child in self.children.items()}
        return {shown: known[name] for shown, name in names.items() if name in known}

    @asynccontextmanager
    async def administrator(self, database: str) -> AsyncIterator[Any]:
        """A connection that no row-level rule and no trigger stands in the way of: it only prepares and counts."""
        admin = self.postgres.admin
        connection = await asyncpg.connect(
            host=admin.host, port=admin.port, user=admin.user, password=admin.password, database=database
        )
        try:
            await connection.execute("SET session_replication_role = replica")
            yield connection
        finally:
            await connection.close()

    def dsn(self, database: str, *, owner: bool = False) -> str:
        """An address for asyncpg itself."""
        urls = self.urls[database]
        return (urls.owner if owner else urls.application).replace("+asyncpg", "")

    def stop(self) -> None:
        """End everything, by id, whatever state it is in."""
        self.close()
        for child in self.children.values():
            child.kill()
        if self.kafka is not None:
            self.kafka.kill()
        if hasattr(self, "postgres"):
            self.postgres.child.kill()

    def close(self) -> None:
        """Let go of every connection and listener of this process."""
        for close in (*self.closing, *(part.close for part in self.parts.values()), self.issuer.close):
            close()

    def _adopt(self, name: str, argv: tuple[str, ...], env: Mapping[str, str]) -> None:
        log = self.folder / "logs" / f"{name}.log"
        self.children[name] = start(Command(name=name, argv=argv, log=log, env=env))


def fresh_key() -> str:
    """An Idempotency-Key that nobody has used."""
    return secrets.token_hex(16)
