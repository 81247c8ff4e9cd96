"""What an injected statement could do at most: the role that a service works as may change rows, and nothing else."""

import contextlib
from collections.abc import Callable

import asyncpg
import pytest

from smartfactory.stack.provision import DatabaseUrls

pytestmark = pytest.mark.promise("R29")

ATTEMPTS = {
    "make a table": "CREATE TABLE planted (id int)",
    "make a table for a moment": "CREATE TEMPORARY TABLE planted (id int)",
    "make a schema": "CREATE SCHEMA planted",
    "make a function": "CREATE FUNCTION planted() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "make an extension": "CREATE EXTENSION dblink",
    "add a column": "ALTER TABLE journal_entry ADD COLUMN planted text",
    "drop a table": "DROP TABLE journal_entry",
    "empty a table": "TRUNCATE outbox",
    "switch a trigger off": "ALTER TABLE journal_entry DISABLE TRIGGER ALL",
    "pass over triggers": "SET session_replication_role = replica",
    "drop a trigger": "DROP TRIGGER journal_entry_stays ON journal_entry",
    "make a role": "CREATE ROLE planted SUPERUSER",
    "become a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "become the owner": "SET ROLE {owner}",
    "become the administrator": "SET SESSION AUTHORIZATION postgres",
    "change the server": "ALTER SYSTEM SET log_statement = 'none'",
    "run a program": "COPY journal_entry TO PROGRAM 'cat'",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "load a file": "COPY outbox FROM '/etc/passwd'",
    "write a file": "COPY outbox TO '/tmp/planted'",
    "take a large object from a file": "SELECT lo_import('/etc/passwd')",
    "read passwords": "SELECT rolpassword FROM pg_authid",
    "end others' sessions": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "drop the database": "DROP DATABASE postgres",
}


_RIGHTS = """
    SELECT array_agg(oid || coalesce(acl::text, '') ORDER BY oid) FROM (
        SELECT oid, relacl AS acl FROM pg_class UNION ALL SELECT oid, nspacl FROM pg_namespace
        UNION ALL SELECT oid, datacl FROM pg_database WHERE datname = current_database()
        UNION ALL SELECT oid, proacl FROM pg_proc
    ) AS given
"""
GRANTS = (
    "GRANT ALL ON SCHEMA public TO PUBLIC",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "GRANT SELECT ON outbox TO PUBLIC",
    "REVOKE ALL ON outbox FROM PUBLIC",
)
"""PostgreSQL answers some of these with a warning alone: what counts is that nobody has another right afterwards."""


@pytest.mark.parametrize("service", ["applicant", "funding", "mentoring", "metrics"])
async def test_the_application_role_changes_rows_and_nothing_else(
    fresh_databases: Callable[..., dict[str, DatabaseUrls]], service: str
) -> None:
    url = fresh_databases(service, migrated=True)[service].application.replace("+asyncpg", "")
    app = await asyncpg.connect(url)
    done = []
    for what, statement in ATTEMPTS.items():
        try:
            await app.execute(statement.replace("{owner}", f"{service}_owner"))
        except asyncpg.InsufficientPrivilegeError:
            continue
        except asyncpg.PostgresError as other:
            done.append(f"{what} was refused for another reason: {other}")
        else:
            done.append(f"could {what}")
    rights_before = await app.fetchval(_RIGHTS)
    for statement in GRANTS:
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    assert await app.fetchval(_RIGHTS) == rights_before
    rights = await app.fetchrow(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles"
        " WHERE rolname = current_user"
    )
    members = await app.fetchval(
        "SELECT count(*) FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
    )
    await app.close()
    assert done == [], "\n".join(done)
    assert not any(rights)
    assert members == 0, "being a member of a role is having its rights"
