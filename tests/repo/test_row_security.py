"""Every table has policies or says why it needs none, and the role that the services work as cannot step around them."""

import ast
import asyncio
import json
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TypeVar

import asyncpg
import pytest
from sqlalchemy import Column, Integer, MetaData, Table

from common.auth import SERVICE_ROLE
from common.service import Service
from contracts.roles import EVERY_ROLE
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT, Tree, dotted, repository
from tests.support.access.rows import COMMON, SOURCE, TableRows, load_rows, tables_of
from tools.catalogue.permissions import PUBLIC
from tools.catalogue.system import load_system

pytestmark = pytest.mark.promise("R25")

ROWS = load_rows()
SERVICES = load_system(ROOT).services
_BESIDE = {"alembic_version"}
_ACTING_AS_SERVICE = "tests/repo/acting_as_service.toml"
_WHAT_TO_DO = (
    "If it holds rows of a company, a municipality, a person or a case: call row_security_v1.secure() for it in the "
    f"migration that makes it, and write [{{service}}.{{table}}] with `sees` and `writes` into {SOURCE}. If its rows "
    f"belong to nobody: write `open` with the reason there. docs/add-a-feature.md shows how"
)
_POLICIES = """
    SELECT relname AS table, relrowsecurity AS secured,
        jsonb_object_agg(polname, jsonb_build_array(polcmd, polpermissive,
            pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), polroles = '{0}'))
            FILTER (WHERE polname IS NOT NULL) AS policies
    FROM pg_class LEFT JOIN pg_policy ON polrelid = pg_class.oid
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') GROUP BY pg_class.oid
"""
_WAYS_AROUND = """
    SELECT relname || ' is owned by ' || rolname FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND pg_has_role($1, relowner, 'MEMBER')
    UNION ALL
    SELECT rolname || ' bypasses row security' FROM pg_roles
    WHERE (rolsuper OR rolbypassrls) AND pg_has_role($1, oid, 'MEMBER')
    UNION ALL
    SELECT relname || ' is a view with its owner''s rights' FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
        AND (relkind = 'm' OR relkind = 'v' AND NOT coalesce(reloptions::text[] @> '{security_invoker=true}', false))
    UNION ALL
    SELECT proname || ' returns something with its owner''s rights' FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND prosecdef AND prorettype <> 'trigger'::regtype
"""

Databases = Callable[..., dict[str, DatabaseUrls]]
_Found = TypeVar("_Found")


def undeclared(service: str, tables: MetaData, rows: Mapping[str, Mapping[str, TableRows]]) -> list[str]:
    """Tables without an entry, and entries without a table."""
    existing = {*tables.tables, *_BESIDE}
    known = tables_of(rows, service)
    missing = [
        f"{service}.{name} is not in {SOURCE}. " + _WHAT_TO_DO.format(service=service, table=name)
        for name in sorted(existing - set(known))
    ]
    return missing + [f"{SOURCE} names {service}.{name}, which is no table" for name in sorted(set(known) - existing)]


def unknown_roles(rows: Mapping[str, Mapping[str, TableRows]]) -> list[str]:
    roles = {*EVERY_ROLE, PUBLIC, "*", *(f"{role.split('.')[0]}.*" for role in EVERY_ROLE if "." in role)}
    return [
        f"{service}.{name} names {role}, which is no role"
        for service, tables in rows.items()
        for name, entry in tables.items()
        for role in sorted((set(entry.sees) | set(entry.writes)) - roles)
    ]


async def differences(url: str, service: str, rows: Mapping[str, Mapping[str, TableRows]]) -> list[str]:
    """Where the database's tables are not secured as the file says, or secured in another shape than `secure` gives."""
    declared = tables_of(rows, service)
    return [
        fault
        for row in await _fetch(url, _POLICIES)
        for fault in _unlike(f"{service}.{row['table']}", declared.get(row["table"]), row["secured"], row["policies"])
    ]


def _unlike(name: str, entry: TableRows | None, secured: bool, policies: str | None) -> Iterator[str]:
    if entry is None:
        yield f"{name} is not in {SOURCE}"
    elif entry.open is not None:
        if secured or policies:
            yield f"{name} is open in {SOURCE} and has policies in the database"
    elif not secured:
        yield f"{name} has no row-level security: call row_security_v1.secure() for it in a migration"
    else:
        found = json.loads(policies or "{}")
        shape = {policy: parts[:2] for policy, parts in found.items()}
        if shape != {"sees": ["r", True], "adds": ["a", True], "changes": ["w", True], "removes": ["d", True]}:
            yield f"{name} has other policies than secure() gives: {shape}"
        elif not (
            found["sees"][2] == found["changes"][2]
            and found["adds"][3] == found["changes"][3] == found["removes"][2]
            and all(parts[4] for parts in found.values())
        ):
            yield f"{name} sees or writes by different conditions in different policies"


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_table_says_whose_its_rows_are(service: Service) -> None:
    assert undeclared(service.name, service.all_tables(), ROWS) == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_database_knows_every_role_and_no_other(fresh_databases: Databases, service: Service) -> None:
    """A new role needs a migration in each service that calls row_security_roles.know_roles()."""
    url = fresh_databases(service.name, migrated=True)[service.name].owner
    there_are = {SERVICE_ROLE, PUBLIC, *EVERY_ROLE}
    asked = [*sorted(there_are), "no.such.role", "", "Service", "public "]
    assert set(asyncio.run(_known(url, asked))) == there_are


def test_every_role_in_the_file_is_one() -> None:
    assert unknown_roles(ROWS) == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_the_database_has_the_policies_and_the_services_role_no_way_around(
    fresh_databases: Databases, service: Service
) -> None:
    """The role owns no table and belongs to nobody who does, so FORCE ROW LEVEL SECURITY has nothing to add."""
    urls = fresh_databases(service.name, migrated=True)[service.name]
    assert asyncio.run(differences(urls.owner, service.name, ROWS)) == []
    assert asyncio.run(_column(urls.owner, _WAYS_AROUND, f"{service.name}_app")) == []
    refused = [
        "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
        "DROP POLICY sees ON outbox",
        "CREATE POLICY planted ON outbox USING (true)",
        f"SET ROLE {service.name}_owner",
        "TRUNCATE outbox",
        "CREATE OR REPLACE FUNCTION caller_role() RETURNS text LANGUAGE sql AS $$ SELECT 'service' $$",
    ]
    assert [asyncio.run(_sqlstate(urls.application, statement)) for statement in refused] == ["42501"] * len(refused)


def test_a_new_table_without_an_entry_is_found() -> None:
    planted = MetaData()
    for table in SERVICES[-1].all_tables().sorted_tables:
        table.to_metadata(planted)
    Table("planted", planted, Column("id", Integer, primary_key=True))

    (fault,) = undeclared(SERVICES[-1].name, planted, ROWS)
    assert "planted is not in docs/row_security.toml" in fault
    assert "row_security_v1.secure()" in fault


def test_an_entry_without_a_table_and_a_role_that_is_none_are_found() -> None:
    entry = ROWS["metrics"]["call"]
    rows = {**ROWS, "metrics": {**ROWS["metrics"], "gone": entry, "call": TableRows({"mentors": "true"}, {}, None)}}
    metrics = next(service for service in SERVICES if service.name == "metrics")

    assert undeclared("metrics", metrics.all_tables(), rows) == [f"{SOURCE} names metrics.gone, which is no table"]
    assert unknown_roles(rows) == ["metrics.call names mentors, which is no role"]


@pytest.mark.parametrize(
    ("hole", "found"),
    [
        ("ALTER TABLE budget_line DISABLE ROW LEVEL SECURITY", "no row-level security"),
        ("CREATE POLICY planted ON budget_line USING (true)", "other policies"),
        ("ALTER POLICY changes ON budget_line USING (true)", "different conditions"),
        ("ALTER POLICY adds ON budget_line WITH CHECK (true)", "different conditions"),
        ("ALTER POLICY sees ON budget_line TO funding_owner", "different conditions"),
        ("DROP POLICY removes ON budget_line", "other policies"),
        ("ALTER TABLE outbox_sequence ENABLE ROW LEVEL SECURITY", "is open"),
        ("CREATE TABLE planted (id int)", "planted is not in"),
    ],
)
def test_a_hole_in_the_database_is_found(fresh_databases: Databases, hole: str, found: str) -> None:
    url = fresh_databases("funding", migrated=True)["funding"].owner
    asyncio.run(_sqlstate(url, hole))

    (fault,) = asyncio.run(differences(url, "funding", ROWS))
    assert found in fault


def test_a_view_and_a_function_with_the_owners_rights_are_found(
    fresh_databases: Databases,
) -> None:
    url = fresh_databases("funding", migrated=True)["funding"].owner
    asyncio.run(_sqlstate(url, "CREATE VIEW all_lines AS SELECT * FROM budget_line"))
    asyncio.run(
        _sqlstate(url, "CREATE FUNCTION lines() RETURNS bigint SECURITY DEFINER RETURN (SELECT count(*) FROM outbox)")
    )

    found = asyncio.run(_column(url, _WAYS_AROUND, "funding_app"))
    assert sorted(line.split()[0] for line in found) == ["all_lines", "lines"]


def blocks_as_the_service(tree: Tree) -> set[str]:
    """The functions in which a caller's transaction works as the service."""
    return {
        f"{path}:{function.name}"
        for path, module in tree.production()
        for function in ast.walk(module)
        if isinstance(function, ast.AsyncFunctionDef)
        and any(
            isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "as_service"
            for node in ast.walk(function)
        )
    }


def test_every_block_as_the_service_has_its_reason() -> None:
    reasons = tomllib.loads((ROOT / _ACTING_AS_SERVICE).read_text("utf-8"))
    assert blocks_as_the_service(repository()) == set(reasons)
    assert all(len(reason) > 40 for reason in reasons.values())


def test_a_new_block_as_the_service_is_found() -> None:
    planted = "async def peek(tx):\n    async with acting.as_service(tx):\n        pass\n"
    path = "services/funding/src/funding/budgets/queries.py"
    assert f"{path}:peek" in blocks_as_the_service(repository().plant(path, planted))


def test_the_common_tables_are_said_once() -> None:
    assert [service.name for service in SERVICES if set(ROWS[COMMON]) & set(ROWS.get(service.name, {}))] == []


async def _fetch(url: str, question: str, *parameters: object) -> list[asyncpg.Record]:
    async def work(connection: asyncpg.Connection) -> list[asyncpg.Record]:
        return list(await connection.fetch(question, *parameters))

    return await _connected(url, work)


async def _column(url: str, question: str, *parameters: object) -> list[str]:
    return [str(row[0]) for row in await _fetch(url, question, *parameters)]


async def _known(url: str, roles: list[str]) -> list[str]:
    async def work(connection: asyncpg.Connection) -> list[str]:
        found = []
        for role in roles:
            await connection.execute("SELECT set_config('smartfactory.caller', $1, false)", role)
            found.append(await connection.fetchval("SELECT caller_role()"))
        return [str(role) for role in found if role is not None]

    return await _connected(url, work)


async def _sqlstate(url: str, statement: str) -> str | None:
    async def work(connection: asyncpg.Connection) -> str | None:
        try:
            await connection.execute(statement)
        except asyncpg.PostgresError as error:
            return str(error.sqlstate)
        return None

    return await _connected(url, work)


async def _connected(url: str, work: Callable[[asyncpg.Connection], Awaitable[_Found]]) -> _Found:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await work(connection)
    finally:
        await connection.close()
