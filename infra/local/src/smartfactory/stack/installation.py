"""One installation from nothing to ready and back: servers, migrations, services, the one origin.

Everything that does not wait for something else starts at once; readiness is what each part says when asked.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.kafka import KafkaFault
from common.kafka import KafkaOptions as KafkaClient
from common.kafka_access import keep_access
from smartfactory.stack import faults, jars, kafka_users, migrations, ports
from smartfactory.stack.children import ChildRecord
from smartfactory.stack.datadir import PROGRAMME, DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.gateway import gateway_command
from smartfactory.stack.kafka import KafkaOptions, broker_answers, prepare_kafka, start_kafka
from smartfactory.stack.nursery import Nursery
from smartfactory.stack.plan import ROLES, ExistingServers, Plan, choose_ports
from smartfactory.stack.postgres import PostgresAdmin, PostgresOptions, prepare_postgres, start_postgres
from smartfactory.stack.process import Child, ProgramFailed
from smartfactory.stack.provision import SERVICES, DatabaseUrls, Passwords, provision
from smartfactory.stack.supervisor import Supervisor
from smartfactory.stack.topics import have_topics

_SERVERS_LAYER, _OUTSIDE_LAYER, _SERVICES_LAYER = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationOptions:
    """Where the data is, the one port people use, what exists already, and faults to inject (process name to list).

    With `secure` Kafka asks everybody who they are, and lets them do what their contracts say. An installation of a few
    `services` is for one `purpose`, and its data directory for no other. With `broker_restarts` a broker that ends is
    started again, as services are; with a `kafka_port` it is there that it listens.
    """

    directory: Path
    port: int
    existing: ExistingServers
    failpoints: Mapping[str, str] = field(default_factory=dict)
    secure: bool = False
    services: Sequence[str] = SERVICES
    purpose: str = PROGRAMME
    broker_restarts: bool = False
    kafka_port: int | None = None


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told what goes on: a step that is done, trouble that was dealt with, a log file that came to be."""

    step: Callable[[str, float], None]
    trouble: Callable[[str], None]
    log: Callable[[str, Path], None]


@dataclass(frozen=True, slots=True)
class _Needs:
    """What a process may have to wait for before it can be started."""

    nursery: Nursery
    imported: asyncio.Task[None]
    databases: asyncio.Task[None]
    broker: asyncio.Task[None]


class Installation:
    """A running installation."""

    def __init__(self, plan: Plan, supervisor: Supervisor, options: InstallationOptions, watchers: Watchers) -> None:
        self.plan = plan
        self.supervisor = supervisor
        self.databases: dict[str, DatabaseUrls] = {}
        self.admin: PostgresAdmin | None = None
        self._existing = options.existing
        self._services = options.services
        self._broker_restarts = options.broker_restarts
        self._watchers = watchers

    @property
    def readable_urls(self) -> dict[str, str]:
        """A plain address per service under which every table can be read: for the independent check."""
        admin = self.admin
        own = {} if admin is None else {service: admin.url(service) for service in self._services}
        readable = own | {service: urls.owner for service, urls in self._existing.databases.items()}
        return {service: url.replace("+asyncpg", "") for service, url in readable.items()}

    async def start(self) -> None:
        """Start everything and wait until all of it is ready; raise `StackFault` with what failed first."""
        try:
            await self._start_all()
        except BaseExceptionGroup as group:
            failed = group.subgroup(StackFault)
            raise (failed or group).exceptions[0] from None

    async def _start_all(self) -> None:
        modules = [*(f"{service}.main" for service in self._services), "smartfactory.outside"]
        nursery = Nursery(modules, self.plan.data.logs / "nursery.log")
        self._show(self.supervisor.adopt(nursery.child, layer=_SERVERS_LAYER))
        async with asyncio.TaskGroup() as group:
            imported = group.create_task(self._timed("imports", asyncio.to_thread(nursery.await_ready)))
            databases = group.create_task(self._timed("PostgreSQL", self._start_databases()))
            broker = group.create_task(self._timed("Kafka", self._start_broker()))
            needs = _Needs(nursery, imported, databases, broker)
            group.create_task(self._timed("issuer, registers", self._start_outside(needs)))
            group.create_task(self._timed("gateway", self._start_gateway()))
            for service in self._services:
                group.create_task(self._timed(service, self._start_service(service, needs)))

    async def _start_databases(self) -> None:
        existing, data = self._existing.databases, self.plan.data
        own = {service: service for service in self._services if service not in existing}
        if own:
            self.admin = await self._start_postgres()
            self.databases.update(await asyncio.to_thread(provision, self.admin, Passwords(data.passwords), own))
            await asyncio.to_thread(migrations.migrate_once, _owners(self.databases), data)
        if existing:
            await asyncio.to_thread(migrations.migrate, _owners(existing), data.logs / "migrations.log")
        self.databases.update(existing)
        data.remember("readable-urls", self.readable_urls)
        data.remember("owner-urls", {service: urls.owner for service, urls in self.databases.items()})
        data.remember("application-urls", {service: urls.application for service, urls in self.databases.items()})

    async def _start_postgres(self) -> PostgresAdmin:
        data = self.plan.data
        port = self.plan.ports["postgres"]
        options = PostgresOptions(directory=data.postgres, log=data.logs / "postgres.log", port=port)
        await asyncio.to_thread(prepare_postgres, options)
        postgres = start_postgres(options)
        self._show(self.supervisor.adopt(postgres.child, layer=_SERVERS_LAYER))
        await self.supervisor.until_ready("postgres", postgres.admin.answers)
        return postgres.admin

    async def _start_broker(self) -> None:
        passwords = self.plan.kafka_passwords
        owner = kafka_users.owner(passwords) if passwords else None
        if self._existing.kafka is None:
            data = self.plan.data
            port = self.plan.ports["kafka"]
            options = KafkaOptions(
                directory=data.kafka,
                log=data.logs / "kafka.log",
                port=port,
                controller_port=self.plan.ports["kafka-controller"],
                owner=owner,
            )
            await asyncio.to_thread(prepare_kafka, options)
            broker = start_kafka(options).child
            self._show(self.supervisor.adopt(broker, layer=_SERVERS_LAYER, restarts=self._broker_restarts))
            await self.supervisor.until_ready("kafka", lambda: broker_answers(port, owner))
        if passwords:
            # The client warns of a password that is not encrypted. It is the owner's, and stays on the loopback.
            logging.getLogger("aiokafka.conn").setLevel(logging.ERROR)
        client = KafkaClient(bootstrap_servers=self.plan.bootstrap_servers, client_id="smartfactory-local", login=owner)
        await have_topics(client, migrations.topics())
        if passwords:
            await keep_access(client, await asyncio.to_thread(migrations.principals), passwords)

    async def _start_outside(self, needs: _Needs) -> None:
        await asyncio.shield(needs.imported)
        self._show(self.supervisor.start(self.plan.outside(), layer=_OUTSIDE_LAYER, launch=needs.nursery.start))
        await self._until_http("outside", "/readyz")

    async def _start_gateway(self) -> None:
        command = gateway_command(
            port=self.plan.port,
            upstream_ports=self.plan.upstream_ports,
            directory=self.plan.data.root / "gateway",
            log=self.plan.data.logs / "gateway.log",
        )
        self._show(self.supervisor.start(command, layer=_OUTSIDE_LAYER))
        await self.supervisor.until_ready("gateway", lambda: ports.answers(self.plan.port, "/gateway/readyz"))

    async def _start_service(self, service: str, needs: _Needs) -> None:
        await asyncio.shield(needs.databases)
        await asyncio.shield(needs.imported)
        for role in ROLES:
            if role == "worker":
                await asyncio.shield(needs.broker)
            command = self.plan.service(service, role, self.databases[service])
            child = self.supervisor.start(command, layer=_SERVICES_LAYER, restarts=True, launch=needs.nursery.start)
            self._show(child)
        for role in ROLES:
            await self._until_http(f"{service}-{role}", "/readyz")

    def _show(self, child: Child) -> None:
        self._watchers.log(child.command.name, child.command.log)

    async def _until_http(self, name: str, path: str) -> None:
        port = self.plan.ports[name]
        await self.supervisor.until_ready(name, lambda: ports.answers(port, path))

    async def _timed(self, name: str, step: Coroutine[Any, Any, None]) -> None:
        began = time.monotonic()
        try:
            await step
        except ProgramFailed as failed:
            log = self.plan.data.logs / f"{failed.name}.log"
            raise faults.program_failed(failed.name, log, failed.log) from failed
        except jars.DownloadFailed as failed:
            raise faults.download_failed(str(failed)) from failed
        except KafkaFault as failed:
            raise faults.program_failed("kafka", self.plan.data.logs / "kafka.log", str(failed)) from failed
        self._watchers.step(name, time.monotonic() - began)


def _owners(databases: Mapping[str, DatabaseUrls]) -> dict[str, str]:
    return {service: urls.owner for service, urls in databases.items()}


@asynccontextmanager
async def installation(options: InstallationOptions, watchers: Watchers) -> AsyncIterator[Installation]:
    """Hold the data directory, start nothing yet; whatever was started is stopped at the end, in every case."""
    if options.secure and options.existing.kafka:
        raise faults.kafka_is_not_ours(options.existing.kafka)
    data = DataDirectory(options.directory)
    data.hold()
    try:
        data.dedicate(options.purpose)
        record = ChildRecord(data.children)
        for name in await asyncio.to_thread(record.end_leftovers):
            watchers.trouble(f"{name} of an earlier run was still there and was ended")
        if not ports.may_open(options.port):
            raise faults.port_reserved(options.port)
        if ports.is_taken(options.port):
            raise faults.port_taken(options.port, ports.holder(options.port))
        if options.kafka_port is not None and ports.is_taken(options.kafka_port):
            raise faults.kafka_port_taken(options.kafka_port, ports.holder(options.kafka_port))
        chosen = choose_ports(data.recall("ports"), ports.is_taken, kafka=options.kafka_port)
        data.remember("ports", chosen)
        data.remember("origin", f"http://{ports.LOOPBACK}:{options.port}")
        kafka_users.remember(data, asks=options.secure)
        for folder in (data.logs, data.spans):
            folder.mkdir(exist_ok=True)
        plan = Plan(
            data=data,
            port=options.port,
            ports=chosen,
            bootstrap_servers=options.existing.kafka or f"{ports.LOOPBACK}:{chosen['kafka']}",
            failpoints=options.failpoints,
            kafka_passwords=kafka_users.running(data),
        )
        supervisor = Supervisor(record, lambda name, what: watchers.trouble(f"{name} {what}"))
        try:
            yield Installation(plan, supervisor, options, watchers)
        finally:
            await supervisor.stop()
    finally:
        data.release()
