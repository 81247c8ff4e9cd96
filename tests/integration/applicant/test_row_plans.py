"""Row-level security leaves the queries their indexes, and works the caller out once (5,000 applications)."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from applicant.applications.domain.case import ApplicationNotFound
from applicant.applications.queries import still_eligible
from applicant.applications.store.cases import lock_applications
from applicant.evaluations.store import latest_marks, latest_sheets, seats_barred
from common.acting import Acting
from common.db import Database
from contracts.roles import Role
from tests.support.judging import JEONJU, Judging, Person

_PAGES = 500
"""Of eight kilobytes, in memory or not; walking over the whole table takes several thousand."""
_MANY = (
    """
    INSERT INTO company SELECT made.* FROM company AS one, generate_series(1, 500) AS number,
        jsonb_populate_record(one, jsonb_build_object('id', gen_random_uuid(), 'business_number', number)) AS made
    """,
    """
    INSERT INTO worksite SELECT made.* FROM (SELECT to_jsonb(worksite) AS content FROM worksite LIMIT 1) AS one, company,
        jsonb_populate_record(NULL::worksite, one.content || jsonb_build_object(
            'id', gen_random_uuid(), 'company_id', company.id, 'name', company.id,
            'municipality_code', (ARRAY['52110', '52130', '52140', '52180'])[1 + company.business_number::bigint % 4]
        )) AS made
    """,
    *(
        """
        INSERT INTO application
        SELECT made.* FROM (SELECT to_jsonb(application) AS content FROM application LIMIT 1) AS one, worksite,
            generate_series(1, 2) AS number,
            jsonb_populate_record(NULL::application, one.content || jsonb_build_object(
                'id', gen_random_uuid(), 'company_id', worksite.company_id, 'worksite_id', worksite.id,
                'fiscal_year', 2100 + number + 2 * (
                    SELECT count(*) FROM application AS others WHERE others.worksite_id = worksite.id
                ), 'municipality_code', worksite.municipality_code,
                'changed_at', now() - random() * interval '30 days'
            )) AS made
        """
        for _ in range(5)
    ),
    "ANALYZE",
)


@pytest.fixture
async def many(judging: Judging) -> Judging:
    await judging.open_call({("JS1", JEONJU): 1})
    await judging.eligible()
    for statement in _MANY:  # each its own commit, at which the versions of its rows are kept
        async with judging.owner.transaction() as tx:
            await tx.exec_driver_sql("SET LOCAL statement_timeout = '30s'")  # how long it takes is not what is told
            await tx.exec_driver_sql(statement)
    return judging


async def _plans(judging: Judging, by: Person, path: str, **query: object) -> list[dict[str, Any]]:
    """The plans of the statements with which a GET is answered, made again on the caller's behalf."""
    database: Database = judging.http._transport.app.state.runtime.database  # type: ignore[attr-defined]
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        if statement.lstrip().startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(database._engine.sync_engine, "before_cursor_execute", note)
    answer = await judging.get(path, by, **query)
    event.remove(database._engine.sync_engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    found = []
    async with database.transaction(read_only=True, acting=Acting(by.role, by.tenant, by.subject)) as tx:
        for statement, parameters in asked:
            explained = await tx.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            plans = explained.scalar_one()
            found.append((plans if isinstance(plans, list) else json.loads(plans))[0])
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _looked_at(plan: dict[str, Any]) -> int:
    """How many rows of applications were fetched from the table to answer, those that were then left out included."""
    scans = [node for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "application"]
    assert scans, plan
    assert not [node for node in scans if node["Node Type"] == "Seq Scan"], plan
    return sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in scans)


def _pages(plan: dict[str, Any]) -> int:
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def _indexes(plan: dict[str, Any]) -> set[str]:
    return {node["Index Name"] for node in _nodes(plan["Plan"]) if "Index Name" in node}


_OF_AN_AREA = "application_municipality_code_id_idx"
_CHANGED = "application_municipality_code_changed_at_idx"
_SINCE = "2024-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("role", "query", "index", "most"),
    [
        (Role.COMPANY_OWNER, {}, "application_company_id_id_idx", 21),
        (Role.MUNICIPALITY_OFFICER, {}, _OF_AN_AREA, 51),
        (Role.MUNICIPALITY_APPROVER, {"page_size": 100, "sort": "id"}, _OF_AN_AREA, 101),
        (Role.MUNICIPALITY_CLIENT, {"sort": "changed_at"}, _CHANGED, 51),
        (Role.MUNICIPALITY_CLIENT, {"sort": "-changed_at", "changed_from": _SINCE}, _CHANGED, 51),
        (Role.AUDITOR, {}, "application_pkey", 51),
    ],
)
async def test_lists_use_the_callers_index(many: Judging, role: Role, query: dict[str, Any], index: str, most: int):
    """On the first page and on the next one; of what others own, not a row is looked at."""
    by = Person(role, "somebody", await _some_company(many) if role == Role.COMPANY_OWNER else JEONJU)
    cursor = (await many.get("/v1/applications", by, **query)).json()["next"]
    pages = [query] if cursor is None else [query, {**query, "cursor": cursor}]
    assert len(pages) == (1 if role == Role.COMPANY_OWNER else 2)
    for page in pages:
        (plan,) = await _plans(many, by, "/v1/applications", **page)
        assert index in _indexes(plan), json.dumps(plan, indent=1)
        assert _looked_at(plan) <= most, json.dumps(plan, indent=1)
        assert _pages(plan) < _PAGES, plan
        callers = [node for node in _nodes(plan["Plan"]) if node.get("Parent Relationship") == "InitPlan"]
        assert callers, "the caller is worked out beside the scan, not in it"
        assert all(node["Actual Loops"] <= 1 for node in callers), plan


async def test_one_application_is_found_by_its_key(many: Judging):
    company = await _some_company(many)
    found = await many.value(f"SELECT id FROM application WHERE company_id = '{company}' LIMIT 1")
    plans = await _plans(many, Person(Role.COMPANY_OWNER, "somebody", company), f"/v1/applications/{found}")
    # What follows is read for what its reader may do with it.
    assert _looked_at(plans[0]) == 1, plans[0]
    assert all(_pages(plan) < _PAGES for plan in plans), plans


async def test_the_first_versions_of_many_rows_are_kept_in_one_commit(judging: Judging):
    await judging.open_call({("JS1", JEONJU): 1})
    await judging.eligible()
    async with judging.owner.transaction() as tx:
        # What is known of the table is from when it was nearly empty, as before a large call's selection is decided.
        await tx.exec_driver_sql("ANALYZE row_version")
        for statement in _MANY[:4]:
            await tx.exec_driver_sql(statement)
        await tx.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        looked_at = await tx.exec_driver_sql(
            "SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
            " WHERE relname = 'row_version'"
        )
        # None has a version before it; each that walked over those of the others would have looked at two million.
        assert looked_at.scalar_one() < 5_000


async def test_as_many_cases_as_a_call_can_have_are_asked_for_at_once(judging: Judging):
    ids = [uuid4() for _ in range(40_000)]  # more than one statement takes parameters
    async with judging.database.transaction() as tx:
        assert await still_eligible(tx, ids) == frozenset()
        assert not await latest_sheets(tx, ids)
        assert not await latest_marks(tx, ids)
        assert not await seats_barred(tx, ids)
        with pytest.raises(ApplicationNotFound):
            await lock_applications(tx, ids)


async def test_even_a_query_without_its_where_is_answered(many: Judging):
    """The wall itself needs no index: five thousand rows are looked at, and the caller's own are shown."""
    company = await _some_company(many)
    acting = Acting(Role.COMPANY_OWNER, company, "somebody")
    async with many.database.transaction(read_only=True, acting=acting) as tx:
        firms = (await tx.execute(text("SELECT DISTINCT company_id::text FROM application"))).scalars().all()
    assert firms == [company]


async def _some_company(many: Judging) -> str:
    return str(await many.value("SELECT company_id FROM application LIMIT 1"))
