"""The real servers the tests run on: one PostgreSQL and one Kafka for the whole run, started when first asked for.

A test gets isolation from databases of its own and a topic prefix of its own, not from servers of its own.
"""

import itertools
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path

import psutil

from common import migrations
from common.service import Service
from smartfactory.stack import ports
from smartfactory.stack.kafka import Kafka, KafkaOptions, start_kafka
from smartfactory.stack.nursery import Nursery
from smartfactory.stack.postgres import Postgres, PostgresAdmin, PostgresOptions, start_postgres
from smartfactory.stack.process import Child, Command
from smartfactory.stack.process import start as start_process
from smartfactory.stack.provision import DatabaseUrls, Passwords, provision
from tests.support.pausing import pause_process, resume_process
from tests.support.waiting import eventually_now

_IN_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 3 << 30
_PREFIX = "smartfactory-tests-"


def _own_folder(*, in_memory: bool) -> Path:
    """A folder for the servers' data, in memory where that is wanted and there is plenty of it.

    Each test's database is a thousand small files, made and thrown away: on a disk that costs more than the test.
    """
    if not in_memory or not _IN_MEMORY.is_dir() or shutil.disk_usage(_IN_MEMORY).free < _MEMORY_BYTES:
        return Path(tempfile.mkdtemp(prefix=_PREFIX))
    for left in _IN_MEMORY.glob(f"{_PREFIX}*"):
        # A run that was killed could not tidy up, and memory is not to be left lying about.
        if not psutil.pid_exists(int(left.name.split("-")[-2])):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_IN_MEMORY))


class Broker:
    """The run's Kafka, which a test may stop, kill and start again; it comes back on the same port with its data."""

    def __init__(self, folder: Path) -> None:
        self._options = KafkaOptions(
            directory=folder / "kafka",
            log=folder / "kafka.log",
            port=ports.free_port(),
            controller_port=ports.free_port(),
        )
        self._kafka: Kafka | None = None

    @property
    def bootstrap_servers(self) -> str:
        return self._options.bootstrap_servers

    def start(self) -> None:
        """Start it if it does not run, and wait until it serves."""
        self.begin()
        self.await_ready()

    def begin(self) -> None:
        """Start it if it does not run. On the main thread, whose end the kernel would take it with."""
        if self._kafka is None:
            self._kafka = start_kafka(self._options)

    def await_ready(self) -> None:
        """Wait until it serves."""
        assert self._kafka is not None
        self._kafka.await_ready()

    def stop(self) -> None:
        if self._kafka is not None:
            self._kafka.stop()
            self._kafka = None

    def kill(self) -> None:
        if self._kafka is not None:
            self._kafka.kill()
            self._kafka = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stay open and nobody answers: what a broker in a long pause looks like from outside."""
        assert self._kafka is not None, "it does not run"
        pause_process(self._kafka.child)
        try:
            yield
        finally:
            resume_process(self._kafka.child)


@dataclass
class ServiceProcess:
    """A program under test as a child process: its log, its failpoints, its end."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log_file: Path
    child: Child | None = field(default=None)
    starts_by: Callable[[Command], Child] = field(default=start_process)

    def start(self, **env: str) -> "ServiceProcess":
        """Start (again); keywords change the environment of this start only, as `FAILPOINTS=""`."""
        assert self.child is None or self.child.exit_code() is not None, f"{self.name} still runs"
        command = Command(name=self.name, argv=self.argv, log=self.log_file, env={**self.env, **env})
        self.child = self.starts_by(command)
        return self

    @property
    def log(self) -> str:
        """Everything it has printed in all its starts."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def hit(self, failpoint: str) -> bool:
        """Whether its log proves that it came to this failpoint."""
        return f'"failpoint": "{failpoint}"' in self.log or f'"failpoint":"{failpoint}"' in self.log

    def exit_code(self) -> int | None:
        return self._child.exit_code()

    def wait_for_end(self, deadline: float = 60.0) -> int:
        """Its exit code once it has ended: -9 after a kill, 0 after a clean stop."""
        code = self._child.wait(deadline)
        assert code is not None, f"{self.name} did not end within {deadline} s\n{self._child.log_tail()}"
        return code

    def wait_for_log(self, text: str, deadline: float = 60.0) -> None:
        def printed() -> bool:
            assert self.exit_code() is None or text in self.log, f"{self.name} ended\n{self._child.log_tail()}"
            return text in self.log

        eventually_now(printed, deadline, what=f"{text!r} in the log of {self.name}")

    def stop(self, grace_seconds: float = 30.0) -> int:
        """Its exit code: 0 after a clean stop, -9 when it has not come to its end in the grace."""
        return self._child.stop(grace_seconds)

    def kill(self) -> int:
        """As the kernel's out-of-memory killer would."""
        return self._child.kill()

    @property
    def _child(self) -> Child:
        assert self.child is not None, f"{self.name} was never started"
        return self.child


class Servers:
    """All that outlives one test. With `durable`, PostgreSQL may be crashed: what it said is committed is on the disk."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self.folder = _own_folder(in_memory=not durable)
        self._passwords = Passwords(self.folder / "passwords.json")
        self._postgres: Postgres | None = None
        self._broker: Broker | None = None
        self._nurseries: dict[str, Nursery] = {}
        self._templates: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._processes: list[ServiceProcess] = []
        self._run_id = secrets.token_hex(3)

    @cached_property
    def postgres(self) -> PostgresAdmin:
        """The server as its administrator sees it; a test that crashes it asks for `durable` servers."""
        self._options = PostgresOptions(
            directory=self.folder / "postgres",
            log=self.folder / "postgres.log",
            port=ports.free_port(),
            durable=self._durable,
        )
        self._postgres = start_postgres(self._options)
        self._postgres.await_ready()
        return self._postgres.admin

    def crash_postgres(self) -> None:
        """As `pg_ctl stop -m immediate`: every connection is cut, nothing is written, the next start recovers."""
        assert self._durable, "a server without fsync does not survive it"
        assert self._postgres is not None
        self._postgres.child.send(signal.SIGQUIT)
        assert self._postgres.child.wait(10) is not None, "PostgreSQL did not stop"

    def kill_postgres(self) -> None:
        """As a machine that is gone."""
        assert self._durable, "a server without fsync does not survive it"
        assert self._postgres is not None
        self._postgres.child.kill()

    def adopt_postgres(self, server: Postgres, options: PostgresOptions) -> PostgresOptions:
        """From now on this is the run's PostgreSQL, as after a failover; where the one before was."""
        before, self._options, self._postgres = self._options, options, server
        self.__dict__["postgres"] = server.admin
        return before

    def restart_postgres(self) -> Postgres:
        """Start it again on its port; `await_ready` of what comes back tells when it answers."""
        self._postgres = start_postgres(self._options)
        return self._postgres

    @property
    def kafka(self) -> Broker:
        """The broker, running."""
        if self._broker is None:
            self._broker = Broker(self.folder)
        self._broker.start()
        return self._broker

    @property
    def bootstrap_servers(self) -> str:
        """Where Kafka is: an existing cluster if KAFKA_BOOTSTRAP_SERVERS names one.

        Asking starts the broker the first time only: one that a drill has stopped must stay away.
        """
        existing = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        return existing or (self._broker or self.kafka).bootstrap_servers

    def start_by_forking(self, modules: Iterable[str]) -> None:
        """From now on processes of these modules are forked, ready in a blink: for who starts and kills many."""
        new = [module for module in modules if module not in self._nurseries]
        if new:
            nursery = Nursery(new, self.folder / f"nursery-{len(self._nurseries)}.log")
            nursery.await_ready()
            self._nurseries |= dict.fromkeys(new, nursery)

    def fresh_databases(self, services: Iterable[str], *, migrated: bool = False) -> dict[str, DatabaseUrls]:
        """New databases with unique names and the fixed roles `<service>_owner` and `<service>_app`.

        With `migrated`, each is a copy of one that the service's own migrations made: milliseconds, not a second.
        """
        names = {service: f"{service}_{next(self._numbers)}" for service in services}
        templates = {service: self._template(service) for service in names} if migrated else {}
        return provision(self.postgres, self._passwords, names, templates=templates)

    def have_template(self, program: Service) -> None:
        """Migrate what `fresh_databases(program.name, migrated=True)` copies, also of one that is no service of ours."""
        if program.name not in self._templates:
            name = f"{program.name}_template"
            urls = provision(self.postgres, self._passwords, {program.name: name})[program.name]
            # Here and not in a process, which would import all of the service once more; Alembic wants a loop of its own.
            with ThreadPoolExecutor(1) as alembic:
                alembic.submit(migrations.upgrade, program.migrations, urls.owner).result()
            self._templates[program.name] = name

    def copy_of(self, service: str, urls: DatabaseUrls) -> DatabaseUrls:
        """Another database with the same content; nobody may be connected to the original."""
        names = {service: f"{service}_{next(self._numbers)}"}
        templates = {service: urls.owner.rsplit("/", 1)[1]}
        return provision(self.postgres, self._passwords, names, templates=templates)[service]

    def drop_databases(self, databases: Iterable[DatabaseUrls]) -> None:
        """Throw databases away, whoever is still connected."""
        names = [urls.owner.rsplit("/", 1)[1] for urls in databases]
        self.postgres.run("\n".join(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);" for name in names))

    def topic_prefix(self) -> str:
        """A prefix for topics and groups that no other test of any run uses."""
        return f"t{self._run_id}{next(self._numbers)}."

    def free_port(self) -> int:
        return ports.free_port()

    def process(self, name: str, argv: Iterable[str], env: Mapping[str, str] | None = None) -> ServiceProcess:
        """A child process, not yet started; it is killed at the end of the run at the latest."""
        number = next(self._numbers)
        log = self.folder / "logs" / f"{name}-{number}.log"
        made = ServiceProcess(name, tuple(argv), dict(env or {}), log)
        match made.argv:
            case (_, "-m", str(module), *_) if module in self._nurseries:
                made.starts_by = self._nurseries[module].start
        self._processes.append(made)
        return made

    def service(
        self,
        service: str,
        role: str,
        databases: DatabaseUrls,
        *,
        topic_prefix: str = "",
        failpoints: str = "",
        env: Mapping[str, str] | None = None,
    ) -> ServiceProcess:
        """One service's `api` or `worker`, not yet started, with its health and API on the port in its `env`."""
        settings = {
            "APP_ENV": "test",
            "DATABASE_URL": databases.application,
            "MIGRATIONS_DATABASE_URL": databases.owner,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers if role == "worker" else "127.0.0.1:1",
            "KAFKA_TOPIC_PREFIX": topic_prefix,
            "KAFKA_GROUP_PREFIX": topic_prefix,
            "HTTP_PORT": str(ports.free_port()),
            "WORKER_PORT": str(ports.free_port()),
            "FAILPOINTS": failpoints,
            **(env or {}),
        }
        return self.process(f"{service}-{role}", (sys.executable, "-m", f"{service}.main", role), settings)

    def stop_processes(self) -> None:
        """End every process the tests started; what a test leaves behind must not meet the next one."""
        for process in self._processes:
            if process.child is not None:
                process.child.kill()
        self._processes.clear()

    def close(self) -> None:
        """Stop everything and remove every trace."""
        self.stop_processes()
        for nursery in self._nurseries.values():
            nursery.child.kill()
        if self._broker is not None:
            self._broker.stop()
        if self._postgres is not None:
            self._postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _template(self, service: str) -> str:
        if service not in self._templates:
            self.have_template(import_module(f"{service}.main").SERVICE)
        return self._templates[service]
