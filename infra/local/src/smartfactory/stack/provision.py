"""Databases and roles: per service one database, an owner that migrates it and an application role without DDL.

Run on every start: it makes what is missing and sets again what must hold, so a half-made server heals.
"""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartfactory.stack.postgres import PostgresAdmin

SERVICES = ("applicant", "funding", "mentoring", "metrics")


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """The addresses of one service's database: for the application, and for its migrations."""

    application: str
    owner: str


def owner_role(service: str) -> str:
    """The role that owns the database and runs migrations."""
    return f"{service}_owner"


def app_role(service: str) -> str:
    """The role the service works as: reads and writes rows, changes no table."""
    return f"{service}_app"


class Passwords:
    """One random password per role, kept in a file that only we can read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def of(self, role: str) -> str:
        """The role's password, made on first use."""
        if role not in self._known:
            self._known[role] = secrets.token_urlsafe(24)
            self._save()
        return self._known[role]

    def _save(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(self._known, indent=1))
        fresh.replace(self._path)


def provision(
    admin: "PostgresAdmin",
    passwords: Passwords,
    databases: Mapping[str, str],
    *,
    templates: Mapping[str, str] | None = None,
) -> dict[str, DatabaseUrls]:
    """Make roles and databases (service to database name; `templates`: database to copy) and give their addresses."""
    admin.run(script(passwords, databases, templates=templates))
    return {
        service: DatabaseUrls(
            application=admin.url(database, app_role(service), passwords.of(app_role(service))),
            owner=admin.url(database, owner_role(service), passwords.of(owner_role(service))),
        )
        for service, database in databases.items()
    }


def script(passwords: Passwords, databases: Mapping[str, str], *, templates: Mapping[str, str] | None = None) -> str:
    """What `psql` has to be told for that, as an administrator; told again it changes nothing."""
    parts = [*_roles(passwords, databases), _CLOSE_SHARED_DATABASES]
    parts += [_database(service, database, (templates or {}).get(service)) for service, database in databases.items()]
    return "\n".join(parts)


_CLOSE_SHARED_DATABASES = "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;"


def _roles(passwords: Passwords, services: Iterable[str]) -> Iterable[str]:
    for service in services:
        for role in (owner_role(service), app_role(service)):
            yield f"SELECT 'CREATE ROLE {role}' WHERE to_regrole('{role}') IS NULL \\gexec"
            yield (
                f"ALTER ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
                f" PASSWORD '{passwords.of(role)}';"
            )


def _database(service: str, database: str, template: str | None) -> str:
    owner, app = owner_role(service), app_role(service)
    # Copied file by file: block by block through the log, as is the default, is slower for a database that is small.
    source = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
    made = f"""
\\connect postgres
SELECT 'CREATE DATABASE {database} OWNER {owner}{source}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \\gexec
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO {app};
"""  # noqa: S608 - names of ours
    # What is granted inside a database is copied with it.
    return made if template else made + _inside(database, owner, app)


def _inside(database: str, owner: str, app: str) -> str:
    return f"""
\\connect {database}
ALTER SCHEMA public OWNER TO {owner};
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app};
"""
