"""A service as its parts, and the processes they become: `api`, `worker`, `migrate` and `rebuild`."""

import argparse
import asyncio
import gc
import json
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
import uvloop
from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData

from common import failpoints, migrations, settings, telemetry
from common.acting import THE_SERVICE, Acting
from common.auth import JwksCache, TokenVerifier
from common.clock import Clock, FileClock, SystemClock
from common.consumer import Handlers, topics_of
from common.consumer.batch import Applier
from common.consumer.rebuild import NotTheWholeHistory, Projection, Rebuilt, rebuild
from common.consumer.waiting_count import CountParked
from common.db import Database
from common.denials import Denials
from common.errors import Text
from common.examples import DocumentFacts
from common.http import HttpClient
from common.idempotency import ForgetOldKeys
from common.jobs import Job
from common.kafka import KafkaFault
from common.kafka_history import History
from common.settings import ServiceSettings, SettingsRefusedError
from common.web.app import create_app
from common.web.health import Health, NotReady
from common.web.parked_events import ParkedEventRoles, parked_event_routes
from common.web.protocol import careful_protocol
from common.web.runtime import Runtime
from common.worker import Worker, kafka_options

_REFUSED = 2
# A caller is answered within five seconds (promise R9): what is left after this is for the answer itself.
_UNIT_SECONDS = 3.5
_YOUNG_OBJECTS = 20_000


def _any_tenant(_role: str, _tenant: str | None) -> bool:
    return True


def _no_jobs(_settings: Any) -> Sequence[Job]:  # noqa: ANN401  each service has its own settings
    return ()


@dataclass(frozen=True)
class Service:
    """What one service is made of; `services/<name>/src/<name>/main.py` holds the one value of this.

    With `parked_event_roles` its API lets these roles look after the events that it could not apply. `projection` names
    the tables that can be made anew from events alone.
    """

    name: str
    title: Text
    settings: type[ServiceSettings]
    routers: Sequence[APIRouter]
    migrations: Path
    tables: MetaData
    handlers: Handlers = field(default_factory=dict)
    jobs: Callable[[Any], Sequence[Job]] = _no_jobs
    parked_event_roles: ParkedEventRoles | None = None
    projection: Projection | None = None
    tenant_fits: Callable[[str, str | None], bool] = _any_tenant
    """Whether a token's tenant fits its role; a token of which it does not is refused on every route."""
    documents: DocumentFacts = field(default_factory=DocumentFacts)


def build_app(
    service: Service,
    config: ServiceSettings,
    *,
    clock: Clock | None = None,
    database: Database | None = None,
    verifier: TokenVerifier | None = None,
) -> FastAPI:
    """Make the API. What a test hands in (a clock, a database, a verifier) stays the test's to close."""
    opened = database or open_database(service, config, process="api")
    # A client's base address ends in a slash, and the keys' address must not.
    issuer, _, page = config.jwks_url.rpartition("/")
    keys = JwksCache(HttpClient(issuer), page)
    time = clock or clock_of(config)
    denials = Denials(opened)
    runtime = Runtime(
        service=service.name,
        settings=config,
        database=opened,
        clock=time,
        verifier=verifier or TokenVerifier(keys, issuer=config.issuer, audience=config.audience),
        tenant_fits=service.tenant_fits,
        denials=denials,
    )

    async def close() -> None:
        await keys.aclose()
        if database is None:
            await opened.dispose()

    return create_app(
        runtime,
        health_of(service, config, opened, denials),
        (*service.routers, *_operating_routes(service, Applier(opened, time, service.handlers, service=service.name))),
        title=service.title.en,
        description=f"{service.title.ko}\n\n{service.title.en}",
        documents=service.documents,
        at_end=close,
    )


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


def _operating_routes(service: Service, applier: Applier) -> Sequence[APIRouter]:
    roles = service.parked_event_roles
    return () if roles is None else (parked_event_routes(roles, applier),)


def open_database(service: Service, config: ServiceSettings, *, process: str, acting: Acting | None = None) -> Database:
    """Open the service's database under a name that an operator sees in pg_stat_activity."""
    return Database(
        config.database_url.get_secret_value(),
        application_name=f"{service.name}-{process}",
        acting=acting,
        pool_size=config.database_pool_size,
        unit_seconds=_UNIT_SECONDS if process == "api" else None,
    )


def clock_of(config: ServiceSettings) -> Clock:
    """Programme time as the settings say."""
    return SystemClock() if config.programme_clock_file is None else FileClock(config.programme_clock_file)


def health_of(service: Service, config: ServiceSettings, database: Database, denials: Denials | None = None) -> Health:
    """The checks of an API or a worker: the database answers, and it is at the revision this code was written for.

    An API also knows which tokens are denied.
    """
    wanted, found = migrations.head(service.migrations), None

    async def reachable() -> str:
        await database.ping()
        return "answers"

    async def migrated() -> str:
        # Looked up until it is right, and not again: a schema does not go back under a running process.
        nonlocal found
        if found != wanted:
            found = await migrations.current(database)
        if found != wanted:
            raise NotReady(f"the schema is at {found}, this code needs {wanted}: run `{service.name} migrate`")
        return f"schema {found}"

    async def known() -> str:
        if denials is not None and (complaint := denials.complaint()):
            raise NotReady(complaint)
        return f"{denials.in_force if denials else 0} in force"

    checks = {"database": reachable, "schema": migrated} | ({} if denials is None else {"denied tokens": known})
    return Health(service.name, config.version, checks)


def run(service: Service, argv: Sequence[str] | None = None) -> int:
    """The command line of a service; returns the exit status."""
    parser = argparse.ArgumentParser(prog=service.name, description=service.title.en)
    parser.add_argument("process", choices=("api", "worker", "migrate", "rebuild"), help="which process to run")
    process = parser.parse_args(argv).process
    try:
        config = settings.load(service.settings)
        failpoints.arm(config.failpoints)
    except (SettingsRefusedError, ValueError) as refusal:
        sys.stderr.write(f"{service.name} does not start:\n{refusal}\n")
        return _REFUSED
    if process == "migrate":
        telemetry.set_up_logging(service.name, config)
        migrate(service, config)
        return 0
    if process == "rebuild":
        telemetry.set_up_logging(service.name, config)
        return rebuild_projection(service, config)
    running = telemetry.setup(service.name, config)
    try:
        return serve_api(service, config) if process == "api" else work(service, config)
    finally:
        running.shutdown()


def migrate(service: Service, config: ServiceSettings) -> None:
    """Bring the service's database to the newest revision, as its owner role."""
    url = config.migrations_database_url or config.database_url
    migrations.upgrade(service.migrations, url.get_secret_value())


def rebuild_projection(service: Service, config: ServiceSettings) -> int:
    """Make the service's projection anew from the first event on, beside the running service."""
    projection = service.projection
    if projection is None:
        sys.stderr.write(f"{service.name} has no projection that events alone could make anew\n")
        return _REFUSED

    async def work() -> Rebuilt:
        url = (config.migrations_database_url or config.database_url).get_secret_value()
        database = Database(url, application_name=f"{service.name}-rebuild", acting=THE_SERVICE, pool_size=1)
        heard = topics_of(projection.handlers(service.handlers))
        try:
            async with History(kafka_options(service.name, config), heard) as history:
                return await rebuild(
                    database,
                    history,
                    service.handlers,
                    projection,
                    service=service.name,
                    clock=clock_of(config),
                    tables=service.tables,
                )
        finally:
            await database.dispose()

    try:
        done = uvloop.run(work())
    except (NotTheWholeHistory, KafkaFault) as fault:
        sys.stderr.write(f"{service.name} is not rebuilt, and as it was: {fault}\n")
        return 1
    sys.stdout.write(json.dumps({"service": service.name, "events": done.events, "rows": dict(done.rows)}) + "\n")
    return 0


def serve_api(service: Service, config: ServiceSettings) -> int:
    """Serve until SIGTERM: first not ready, then no new connections, then the requests under way are finished."""
    app = build_app(service, config)
    keep_what_is_made()
    options = uvicorn.Config(
        app,
        host=config.http_host,
        port=config.http_port,
        loop="uvloop",
        http=careful_protocol(
            head_seconds=config.request_timeout_seconds,
            connections_max=config.http_connections_max,
            root_path=config.root_path,
        ),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=20,
    )
    server = _Server(options, health=app.state.health, delay_seconds=config.shutdown_delay_seconds)
    server.run()
    return 0


def work(service: Service, config: ServiceSettings) -> int:
    """Run the worker until SIGTERM. It is built before there is a loop, since building reads files."""
    worker = build_worker(service, config)
    keep_what_is_made()
    return uvloop.run(worker.run())


def keep_what_is_made() -> None:
    """Take what exists now, which stays as long as the process, out of the collector's rounds.

    Each round over it stopped everything for a tenth of a second and more, and found nothing. What requests leave
    behind is young, and mostly freed without the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)


class _Server(uvicorn.Server):
    """A server that says it is not ready before it stops listening, and whose end by SIGTERM is a clean one."""

    def __init__(self, config: uvicorn.Config, *, health: Health, delay_seconds: float) -> None:
        super().__init__(config)
        self._health, self._delay_seconds = health, delay_seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  uvicorn's signature
        # uvicorn's own would raise the signal again at the end, and a polite stop would look like a death.
        if sig == signal.SIGTERM and not self._health.draining and self._delay_seconds:
            asyncio.get_running_loop().call_later(self._delay_seconds, self._stop)
        else:
            self._stop()
        self._health.draining = True

    def _stop(self) -> None:
        self.should_exit = True
