"""What PostgreSQL shows and takes by itself, whatever the code asks: every table, every role, row by row (promise R25)."""

from collections.abc import Iterable, Mapping

import pytest
from sqlalchemy import text

from common.acting import Acting
from smartfactory.stack.provision import DatabaseUrls
from tests.support.access.row_probe import NOBODY, callers, planted_rows, probe
from tests.support.access.rows import TableRows, load_rows, tables_of
from tests.support.access.worlds import World
from tests.support.servers import Servers

pytestmark = pytest.mark.promise("R25")

ROWS = load_rows()
SERVICES = sorted(set(ROWS) - {"common"})
_COMPANIES = {
    "applicant": "SELECT id::text FROM company",
    "funding": "SELECT DISTINCT company_id::text FROM commitment",
    "metrics": "SELECT DISTINCT company_id::text FROM outcome_report",
}
_TENANT_FOR_ALL = """
    CREATE OR REPLACE FUNCTION caller_tenant(VARIADIC roles text[]) RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT '52130' $$
"""
_SOME_FIRM = "00000000-0000-4000-8000-000000000001"


async def _callers(world: World) -> list[Acting]:
    companies = []
    if world.service in _COMPANIES:
        async with world.owner.transaction(read_only=True) as tx:
            companies = list((await tx.execute(text(_COMPANIES[world.service]))).scalars())
    subjects = ["one", *world.members.values()]
    return callers([*companies[:2], _SOME_FIRM], ["52110", "52130", "52140"], subjects)


async def _faults(
    servers: Servers,
    urls: DatabaseUrls,
    world: World,
    planted: Iterable[str] = (),
    tables: Mapping[str, TableRows] | None = None,
) -> tuple[list[str], int]:
    database = urls.owner.rpartition("/")[2]
    statements = [*planted_rows(world.service), *planted]
    who = await _callers(world)
    async with probe(servers.postgres.url(database), f"{world.service}_app", statements) as asking:
        wanted = tables_of(ROWS, world.service) if tables is None else tables
        weak = await asking.weak(wanted, who)
        return weak + await asking.faults(wanted, who), asking.asked


@pytest.mark.parametrize(
    ("service", "least"), [("applicant", 5_000), ("funding", 1_000), ("mentoring", 150), ("metrics", 300)]
)
async def test_each_caller_sees_and_writes_the_rows_the_file_says(
    session_servers: Servers, world_urls: dict[str, DatabaseUrls], worlds: dict[str, World], service: str, least: int
):
    faults, asked = await _faults(session_servers, world_urls[service], worlds[service])
    assert faults == []
    assert asked >= least


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_caller_there_are_no_rows(
    session_servers: Servers, world_urls: dict[str, DatabaseUrls], service: str, worlds: dict[str, World]
):
    database = world_urls[service].owner.rpartition("/")[2]
    async with probe(session_servers.postgres.url(database), f"{service}_app", planted_rows(service)) as asking:
        assert await asking.faults(tables_of(ROWS, service), [NOBODY]) == []


@pytest.mark.parametrize(
    ("service", "hole", "found"),
    [
        ("applicant", "ALTER TABLE application DISABLE ROW LEVEL SECURITY", "application shows"),
        ("applicant", "ALTER POLICY sees ON project USING (true)", "project shows"),
        ("applicant", "ALTER POLICY sees ON worksite USING (caller_role() IS NOT NULL)", "worksite shows"),
        ("applicant", "ALTER POLICY adds ON company WITH CHECK (true)", "company answers allowed"),
        ("applicant", "ALTER POLICY sees ON score_sheet USING ((SELECT caller_is('auditor')))", "score_sheet hides"),
        ("funding", "ALTER POLICY adds ON budget_line WITH CHECK (municipality_code IS NULL)", "budget_line answers"),
        ("metrics", "CREATE POLICY more ON case_progress FOR SELECT USING (true)", "case_progress shows"),
        (
            "mentoring",
            _TENANT_FOR_ALL,
            "waiting_project shows",
        ),
    ],
)
async def test_a_hole_is_found(
    session_servers: Servers,
    world_urls: dict[str, DatabaseUrls],
    worlds: dict[str, World],
    service: str,
    hole: str,
    found: str,
):
    table = found.partition(" ")[0]
    tables = {table: tables_of(ROWS, service)[table]}
    faults, _ = await _faults(session_servers, world_urls[service], worlds[service], [hole], tables)
    assert [fault for fault in faults if fault.startswith(found)], faults
