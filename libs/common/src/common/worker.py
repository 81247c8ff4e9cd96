"""The process beside a service's API: relay, consumer and jobs, and pages that say how they are.

It starts without Kafka and without its database, and becomes ready when both are there. On SIGTERM it takes no new
work, ends what it has begun, and every step of that is bounded.
"""

import asyncio
import contextlib
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import uvicorn
import uvloop
from starlette.applications import Starlette

from common import jobs
from common.acting import THE_SERVICE
from common.clock import Clock
from common.consumer import Handlers, topics_of
from common.consumer.loop import ConsumerLoop
from common.consumer.waiting_count import CountParked
from common.consumer.watchdog import Patience
from common.db import Database
from common.idempotency import ForgetOldKeys
from common.jobs import Job
from common.kafka import KafkaOptions
from common.kafka_rights import KafkaLogin
from common.relay import Relay
from common.service import Service, clock_of, health_of, keep_what_is_made, open_database
from common.settings import ServiceSettings
from common.waiting import bounded
from common.web.health import Check, Health, NotReady, health_routes
from common.web.protocol import careful_protocol

DRAIN_SECONDS = 12.0
"""How long work under way may take after SIGTERM."""
CLOSE_SECONDS = 5.0
"""How long the database's connections may take after it, and then the pages."""

_log = logging.getLogger(__name__)


def kafka_options(service: str, settings: ServiceSettings) -> KafkaOptions:
    """How this service reaches Kafka."""
    return KafkaOptions(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id=f"{service}-worker",
        topic_prefix=settings.kafka_topic_prefix,
        group_prefix=settings.kafka_group_prefix,
        session_timeout_ms=settings.kafka_session_timeout_ms,
        login=_login(settings),
    )


def _login(settings: ServiceSettings) -> KafkaLogin | None:
    if settings.kafka_security_protocol == "PLAINTEXT":
        return None
    is_encrypted = settings.kafka_security_protocol == "SASL_SSL"
    return KafkaLogin(
        principal=settings.kafka_username,
        password="" if settings.kafka_password is None else settings.kafka_password.get_secret_value(),
        tls=ssl.create_default_context(cafile=settings.kafka_ca_file) if is_encrypted else None,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    task: asyncio.Task[None]


class Worker:
    """One service's worker process."""

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        *,
        database: Database,
        clock: Clock,
        handlers: Handlers,
        jobs: Sequence[Job] = (),
        checks: Mapping[str, Check] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._service = service
        self._settings = settings
        self._database = database
        self._clock = clock
        self._jobs = jobs
        options = kafka_options(service, settings)
        self._relay = Relay(database, options)
        self._consumer = None
        if handlers:
            self._consumer = ConsumerLoop(
                database, clock, handlers, service=service, options=options, patience=patience
            )
        self.health = Health(service, settings.version, checks={**(checks or {}), **self._checks()})

    async def run(self, stop: asyncio.Event | None = None) -> int:
        """Work until SIGTERM, SIGINT or `stop`; the exit code is 0 after a clean end."""
        stop = stop or asyncio.Event()
        parts = self._start(stop)
        async with _served(self.health, self._settings), _signals(stop):
            _log.info("the worker runs", extra={"service": self._service})
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({stopping, *(part.task for part in parts)}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            # A part that ends before it was told to is broken beyond its own repair: a new process is the remedy.
            broken = [part.name for part in parts if part.task.done()] if not stop.is_set() else []
            self.health.draining = True
            stop.set()
            await asyncio.gather(*(bounded(part.task, DRAIN_SECONDS, f"end {part.name}") for part in parts))
            await bounded(self._database.dispose(), CLOSE_SECONDS, "close the database's connections")
        _log.info("the worker ended", extra={"service": self._service, "state": "broken" if broken else "clean"})
        return 1 if broken else 0

    def _start(self, stop: asyncio.Event) -> list[_Part]:
        parts = [_Part("the relay", asyncio.create_task(self._relay.run(stop), name="relay"))]
        if self._consumer is not None:
            parts.append(_Part("the consumer", asyncio.create_task(self._consumer.run(stop), name="consumer")))
        for job in self._jobs:
            name = jobs.name_of(job)
            parts.append(_Part(name, asyncio.create_task(jobs.run(job, self._database, self._clock, stop), name=name)))
        return parts

    def _checks(self) -> dict[str, Check]:
        checks = {"relay": _check(self._relay.state.complaint)}
        if self._consumer is not None:
            checks["consumer"] = _check(self._consumer.progress.complaint)
        return checks


def build_worker(
    service: Service, config: ServiceSettings, *, clock: Clock | None = None, database: Database | None = None
) -> Worker:
    """Make the worker; it closes the database it works on when it ends."""
    opened = database or open_database(service, config, process="worker", acting=THE_SERVICE)
    return Worker(
        service.name,
        config,
        database=opened,
        clock=clock or clock_of(config),
        handlers=service.handlers,
        jobs=(ForgetOldKeys(), CountParked(topics_of(service.handlers)), *service.jobs(config)),
        checks=health_of(service, config, opened).checks,
    )


def work(service: Service, config: ServiceSettings) -> int:
    """Run the worker until SIGTERM. It is built before there is a loop, since building reads files."""
    worker = build_worker(service, config)
    keep_what_is_made()
    return uvloop.run(worker.run())


def _check(complaint: Callable[[], str]) -> Check:
    async def check() -> str:
        if text := complaint():
            raise NotReady(text)
        return "events flow"

    return check


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: this process has its own way to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _served(health: Health, settings: ServiceSettings) -> AsyncIterator[None]:
    app = Starlette(routes=health_routes(health))
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.worker_port,
        http=careful_protocol(
            head_seconds=settings.request_timeout_seconds, connections_max=settings.http_connections_max
        ),
        log_config=None,
        access_log=False,
        lifespan="off",
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(), name="health pages")
    try:
        yield
    finally:
        server.should_exit = True
        await bounded(serving, CLOSE_SECONDS, "close the health pages")


@contextlib.asynccontextmanager
async def _signals(stop: asyncio.Event) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT)
    for number in caught:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
