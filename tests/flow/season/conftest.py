"""One small season, played once by the command a person types, and its databases for everybody to examine."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smartfactory.simulators.bank import BANK_BOOK
from smartfactory.stack import ports
from smartfactory.stack.postgres import PostgresAdmin, PostgresOptions, start_postgres

SERVICES = ("applicant", "funding", "mentoring", "metrics")
_RUN_SECONDS = 1_500


@dataclass
class Played:
    """A data directory in which `test-small` was played."""

    directory: Path
    output: str

    def play_again(self) -> subprocess.CompletedProcess[str]:
        return play(self.directory)


@dataclass
class Databases:
    """The season's databases, with nobody connected: originals to read, copies to break."""

    admin: PostgresAdmin
    bank_book: Path

    def urls(self, **broken: str) -> dict[str, str]:
        """Addresses by service; `funding="name"` puts a copy in the place of an original."""
        names = dict(zip(SERVICES, SERVICES, strict=True)) | broken
        return {service: self.admin.url(name).replace("+asyncpg", "") for service, name in names.items()}

    def broken_copy(self, service: str, sql: str) -> str:
        """The name of a copy in which a superuser ran this past every trigger."""
        name = f"{service}_broken"
        copied = f"DROP DATABASE IF EXISTS {name};\nCREATE DATABASE {name} TEMPLATE {service} STRATEGY FILE_COPY;"
        self.admin.run(f"{copied}\n\\connect {name}\nSET session_replication_role = replica;\n{sql}")
        return name


def play(directory: Path) -> subprocess.CompletedProcess[str]:
    """`smartfactory run --once` on the small scenario, on a Kafka that refuses whatever no contract says."""
    command = Path(sys.executable).with_name("smartfactory")
    scenario = ("--scenario", "test-small", "--secure")
    arguments = ("run", "--once", *scenario, "--data-dir", directory, "--port", ports.free_port())
    return subprocess.run(
        [command, *map(str, arguments)], capture_output=True, text=True, timeout=_RUN_SECONDS, check=False
    )


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    directory = tmp_path_factory.mktemp("season")
    finished = play(directory)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return Played(directory, finished.stdout)


@pytest.fixture
def open_databases(played: Played) -> Iterator[Callable[[], Databases]]:
    """Start the season's PostgreSQL alone, as the installation left it."""
    started = []

    def open_them() -> Databases:
        postgres = start_postgres(
            PostgresOptions(
                directory=played.directory / "postgres",
                log=played.directory / "postgres-examined.log",
                port=ports.free_port(),
                durable=False,
            )
        )
        started.append(postgres)
        postgres.await_ready()
        return Databases(postgres.admin, played.directory / "outside" / BANK_BOOK)

    yield open_them
    for postgres in started:
        postgres.stop()


@pytest.fixture
def databases(open_databases: Callable[[], Databases]) -> Databases:
    return open_databases()
