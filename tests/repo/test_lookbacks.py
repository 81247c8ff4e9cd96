"""The time machine shows every table of a case: what it leaves out has a reason, and what it shows is kept."""

import asyncio
import importlib
import tomllib
from collections.abc import Callable, Mapping

import asyncpg
import pytest

from common.looking_back import Past
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT

SOURCE = "tests/repo/not_looked_back.toml"
LEFT_OUT: Mapping[str, Mapping[str, str]] = tomllib.loads((ROOT / SOURCE).read_text("utf-8"))
SERVICES = sorted(LEFT_OUT.keys() - {"common"})
_KEPT = """
    SELECT relname, encode(tgargs, 'escape') AS said FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgname = relname || '_is_kept' AND NOT tgisinternal
"""


def past_of(service: str) -> Past:
    found: Past = importlib.import_module(f"{service}.lookbacks.queries").PAST
    return found


def tables_of(service: str) -> set[str]:
    importlib.import_module(f"{service}.routes")
    return set(importlib.import_module(f"{service}.tables").Tables.metadata.tables)


def uncompared(tables: set[str], past: Past, left_out: Mapping[str, str]) -> list[str]:
    """Where tables, what is shown of the past and what is left out do not fit together."""
    shown = {*past.tables, *past.fixed}
    return [
        *(f"{name} is neither in the time machine nor in {SOURCE}" for name in sorted(tables - shown - set(left_out))),
        *(f"{name} is in the time machine and in {SOURCE}" for name in sorted(shown & set(left_out))),
        *(f"{SOURCE} names {name}, which is no table" for name in sorted(set(left_out) - tables)),
        *(f"{name} has no reason in {SOURCE}" for name, reason in sorted(left_out.items()) if not reason.strip()),
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_is_in_the_time_machine_or_has_a_reason_why_not(service: str) -> None:
    left_out = {**LEFT_OUT["common"], **LEFT_OUT[service]}
    assert uncompared(tables_of(service), past_of(service), left_out) == []


def test_a_table_that_was_forgotten_and_a_reason_without_a_table_are_found() -> None:
    service = SERVICES[0]
    left_out = {**LEFT_OUT["common"], **LEFT_OUT[service]}
    forgotten = uncompared(tables_of(service) | {"planted"}, past_of(service), left_out)
    assert forgotten == [f"planted is neither in the time machine nor in {SOURCE}"]
    assert uncompared(tables_of(service), past_of(service), {**left_out, "gone": "x"}) == [
        f"{SOURCE} names gone, which is no table"
    ]
    assert uncompared(tables_of(service), past_of(service), {**left_out, "project": "", "company": " "}) == [
        f"project is in the time machine and in {SOURCE}",
        f"company has no reason in {SOURCE}",
        f"project has no reason in {SOURCE}",
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_shown_of_the_past_is_kept_by_postgresql_under_the_same_key(
    service: str, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
) -> None:
    url = fresh_databases(service, migrated=True)[service].owner

    async def read() -> dict[str, list[str]]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            rows = await connection.fetch(_KEPT)
        finally:
            await connection.close()
        return {row["relname"]: row["said"].split("\\000")[0].split(",") for row in rows}

    kept = asyncio.run(read())
    shown = {name: list(key) for name, key in past_of(service).tables.items()}
    # What is kept and left out is still written down: whoever adds it to the time machine later has its past.
    assert {name: key for name, key in kept.items() if name in shown} == shown
    assert kept.keys() - shown.keys() <= LEFT_OUT[service].keys()
