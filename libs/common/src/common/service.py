"""A service as its parts, and the processes they become: `api`, `worker`, `migrate`, `rebuild` and `restored`."""

import argparse
import gc
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from common import failpoints, revisions, settings, telemetry
from common.acting import Acting
from common.clock import Clock, FileClock, SystemClock
from common.consumer import Handlers
from common.consumer.projection import Projection
from common.db import Database
from common.denials import Denials
from common.errors import Text
from common.examples import DocumentFacts
from common.jobs import Job
from common.parked import ParkedEventRoles
from common.settings import ServiceSettings, SettingsRefusedError
from common.web.health import Health, NotReady

if TYPE_CHECKING:
    from fastapi import APIRouter

    from common.http import HttpClient

REFUSED = 2

_PROCESSES: Mapping[str, tuple[str, str]] = {
    "api": ("common.api", "serve"),
    "worker": ("common.worker", "work"),
    "migrate": ("common.migrations", "migrate"),
    "rebuild": ("common.rebuilding", "rebuild_projection"),
    "restored": ("common.restoring", "hold_against_kafka"),
}
_SPEAK_TO_KAFKA = frozenset({"worker", "rebuild", "restored"})
# A caller is answered within five seconds (promise R9): what is left after this is for the answer itself.
_UNIT_SECONDS = 3.0
_YOUNG_OBJECTS = 20_000


def _any_tenant(_role: str, _tenant: str | None) -> bool:
    return True


def _no_jobs(_settings: Any) -> Sequence[Job]:  # noqa: ANN401  each service has its own settings
    return ()


def _nobody(_settings: Any) -> "Mapping[str, HttpClient]":  # noqa: ANN401  the same
    return {}


@dataclass(frozen=True)
class Service:
    """What one service is made of; `services/<name>/src/<name>/main.py` holds the one value of this.

    With `parked_event_roles` its API lets these roles look after the events that it could not apply. `projection` names
    the tables that can be made anew from events alone.
    """

    name: str
    title: Text
    settings: type[ServiceSettings]
    routers: "Callable[[], Sequence[APIRouter]]"
    """Imported by the API alone: a worker serves no routes, and leaves them and what serves them unloaded."""
    migrations: Path
    tables: MetaData
    handlers: Handlers = field(default_factory=dict)
    jobs: Callable[[Any], Sequence[Job]] = _no_jobs
    parked_event_roles: ParkedEventRoles | None = None
    projection: Projection | None = None
    tenant_fits: Callable[[str, str | None], bool] = _any_tenant
    """Whether a token's tenant fits its role; a token of which it does not is refused on every route."""
    asks: "Callable[[Any], Mapping[str, HttpClient]]" = _nobody
    """Whom its API reads from, by name: clients that live as long as the process, made of the service's settings."""
    documents: DocumentFacts = field(default_factory=DocumentFacts)
    tells_outside: frozenset[str] = frozenset()
    """Topics that it tells under another name than its own."""
    openapi: Path | None = None
    """The OpenAPI document that its package carries; without one, the API makes it when it is first asked for."""

    def all_tables(self) -> MetaData:
        """Every table, also of a feature that only the API has loaded."""
        self.routers()
        return self.tables


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
    wanted, found = revisions.head(service.migrations), None

    async def reachable() -> str:
        await database.ping()
        return "answers"

    async def migrated() -> str:
        # Looked up until it is right, and not again: a schema does not go back under a running process.
        nonlocal found
        if found != wanted:
            found = await revisions.current(database)
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
    choices = ("api", "worker", "migrate", "rebuild", "restored")
    parser.add_argument("process", choices=choices, help="which process to run")
    restored = parser.add_argument_group("restored", "hold a restored database against Kafka (docs/runbook/restore.md)")
    restored.add_argument("--confirm", type=int, help="go on from so many differences, as they were shown")
    restored.add_argument("--by", default="", help="who asks, for the journal")
    restored.add_argument("--reason", default="", help="what happened, for the journal")
    asked = parser.parse_args(argv)
    process: str = asked.process
    try:
        config = settings.load(service.settings, speaks_to_kafka=process in _SPEAK_TO_KAFKA)
        failpoints.arm(config.failpoints)
    except (SettingsRefusedError, ValueError) as refusal:
        sys.stderr.write(f"{service.name}이(가) 시작하지 않습니다.\n{service.name} does not start.\n{refusal}\n")
        return REFUSED
    if process == "restored":
        telemetry.set_up_logging(service.name, config)
        return _entry_of(process)(service, config, asked.confirm, asked.by, asked.reason)
    if process in {"migrate", "rebuild"}:
        telemetry.set_up_logging(service.name, config)
        return _entry_of(process)(service, config)
    running = telemetry.setup(service.name, config)
    try:
        return _entry_of(process)(service, config)
    finally:
        running.shutdown()


def _entry_of(process: str) -> "Callable[..., int]":
    """What a process runs; only that is imported, since what the others need is up to half of a process's memory."""
    module, name = _PROCESSES[process]
    entry: Callable[..., int] = getattr(importlib.import_module(module), name)
    return entry


def keep_what_is_made() -> None:
    """Take what exists now, which stays as long as the process, out of the collector's rounds.

    Each round over it stopped everything for a tenth of a second and more, and found nothing. What requests leave
    behind is young, and mostly freed without the collector.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)
