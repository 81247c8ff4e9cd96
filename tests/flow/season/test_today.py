"""Story 1 asked of a whole season: the day's page against what applicant and funding themselves hold, by SQL."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from common.clock import KST
from contracts.roles import Role
from metrics.main import SERVICE
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.provision import DatabaseUrls, Passwords, app_role
from tests.flow.season.conftest import Databases, Played
from tests.support.listening import listener

pytestmark = pytest.mark.anyio
DECEMBER = datetime(2024, 12, 2, 1, tzinfo=UTC)

_SEATS = """
    SELECT c.id::text AS call_id, c.track, s->>'type_code' AS type_code, s->>'municipality_code' AS place,
           (s->>'seats')::int AS seats,
           (SELECT count(*) FROM project p WHERE p.call_id = c.id AND p.type_code = s->>'type_code'
             AND p.municipality_code = s->>'municipality_code' AND p.state IN ('SELECTED', 'CONFIRMED')) AS held,
           (SELECT count(*) FROM application a WHERE a.call_id = c.id AND a.type_code = s->>'type_code'
             AND a.municipality_code = s->>'municipality_code' AND a.outcome = 'RESERVE'
             AND a.status NOT IN ('INELIGIBLE', 'WITHDRAWN')) AS reserves,
           (SELECT jsonb_object_agg(r->>'source', (t->>'cap_won')::bigint * (r->>'rate_bp')::bigint
               / (SELECT sum((x->>'rate_bp')::bigint) FROM jsonb_array_elements(c.terms->'rates') AS x)::bigint)
              FROM jsonb_array_elements(c.terms->'rates') AS r, jsonb_array_elements(c.terms->'types') AS t
             WHERE t->>'type_code' = s->>'type_code')::text AS shares
      FROM call c, jsonb_array_elements(c.terms->'seat_lines') AS s
     WHERE c.state = 'PUBLISHED' AND c.fiscal_year = 2024
"""
_ONE_PROJECT = """
    SELECT id::text, call_id::text, type_code, municipality_code AS place FROM project
     WHERE state = 'CONFIRMED' AND fiscal_year = 2024 ORDER BY type_code, id LIMIT 1
"""
_LEFT = """
    SELECT source, municipality_code AS place, amount_won - committed_won AS left_won
      FROM budget_line WHERE state = 'CONFIRMED' AND fiscal_year = 2024 AND track = 'B'
"""


async def fetch(databases: Databases, service: str, question: str) -> list[Mapping[str, Any]]:
    connection = await asyncpg.connect(databases.urls()[service])
    try:
        return [dict(row) for row in await connection.fetch(question)]
    finally:
        await connection.close()


async def today(
    databases: Databases, played: Played, at: datetime, *, role: str, tenant: str, database: str = "metrics"
) -> dict[str, Any]:
    """The page as the service shows it on the season's own database, working in its own role."""
    owner = app_role("metrics")
    password = Passwords(DataDirectory(played.directory).passwords).of(owner)
    address = databases.admin.url(database, owner, password)
    async with listener(SERVICE, {"metrics": DatabaseUrls(application=address, owner=address)}) as metrics:
        metrics.clock.move_to(at)
        answer = await metrics.get("/v1/today?most=200", role=role, tenant=tenant)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


async def test_story_1_the_day_shows_what_applicant_and_funding_hold_and_offers_only_what_could_be_given(
    databases: Databases, played: Played
) -> None:
    lines = [dict(line) for line in await fetch(databases, "applicant", _SEATS)]
    # The season leaves no seat empty: one firm gives its place back, as metrics would have heard of it.
    (gone,) = await fetch(databases, "applicant", _ONE_PROJECT)
    copy = databases.broken_copy(
        "metrics", f"UPDATE project_progress SET state = 'WITHDRAWN' WHERE project_id = '{gone['id']}'"
    )
    for line in lines:
        line["held"] -= all(line[name] == gone[name] for name in ("call_id", "type_code", "place"))
    left = {(row["source"], row["place"]): row["left_won"] for row in await fetch(databases, "funding", _LEFT)}
    waiting: Counter[tuple[str, str]] = Counter()
    for line in lines:
        waiting[line["type_code"], line["place"]] += line["reserves"]
    unused = {
        (line["type_code"], line["place"]): (line["seats"] - line["held"], waiting[line["type_code"], line["place"]])
        for line in lines
        if line["seats"] > line["held"]
    }
    page = await today(databases, played, DECEMBER, role=Role.PROVINCE_OFFICER, tenant="52", database=copy)
    shown = page["unused_seats"]
    assert unused
    assert {
        (row["type_code"], row["municipality_code"]): (row["unused"] - row["offered_again"], row["reserves"])
        for row in shown["rows"]
    } == unused
    shares = {(line["type_code"], line["place"]): json.loads(line["shares"]) for line in lines}
    for row in shown["rows"]:
        assert {money["source"]: money["share_won"] for money in row["money"]} == shares[
            row["type_code"], row["municipality_code"]
        ]
        assert {(money["source"], money["municipality_code"]): money["left_won"] for money in row["money"]} == {
            key: left_won for key, left_won in left.items() if key[1] in {None, row["municipality_code"]}
        }
        fits = all(left[money["source"], money["municipality_code"]] >= money["share_won"] for money in row["money"])
        assert bool(row["actions"]) == (fits and not waiting[row["type_code"], row["municipality_code"]])
        assert bool(row["closed_actions"]) != bool(row["actions"])
        for action in row["actions"]:
            assert {line["municipality_code"] for line in action["body"]["seat_lines"]} == {row["municipality_code"]}


async def test_story_1_the_reports_that_are_out_are_those_of_fundings_books_and_each_municipality_sees_its_own(
    databases: Databases, played: Played
) -> None:
    books = await fetch(
        databases, "funding", "SELECT project_id::text AS id, municipality_code AS place, due_on, submitted_at"
        " FROM settlement",
    )  # fmt: skip
    assert books, "factories of the season are settled"
    for at in (DECEMBER, datetime(2030, 1, 1, tzinfo=UTC)):
        day = at.astimezone(KST).date()
        out = {
            (row["id"], row["place"], (row["due_on"] - day).days)
            for row in books
            if row["submitted_at"] is None and row["due_on"] <= day + timedelta(days=7)
        }
        due = (await today(databases, played, at, role=Role.AUDITOR, tenant="52"))["reports_due"]
        assert {(row["project_id"], row["municipality_code"], row["days_left"]) for row in due["rows"]} == out
        own = (await today(databases, played, at, role=Role.MUNICIPALITY_OFFICER, tenant="52110"))["reports_due"]
        assert {row["project_id"] for row in own["rows"]} == {id_ for id_, place, _ in out if place == "52110"}
