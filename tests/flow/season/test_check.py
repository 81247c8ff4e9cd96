"""The independent check holds on a true season and fails, naming it, on every planted fault."""

import dataclasses

import pytest

from smartfactory.check.audit import run_check
from smartfactory.check.hashes import table_hashes
from smartfactory.season.options import CheckOptions, CheckReport
from tests.flow.season.conftest import Databases
from tests.flow.season.planted_faults import FAULTS, ONE_COMMITTED

pytestmark = pytest.mark.anyio


async def check(databases: Databases, **broken: str) -> CheckReport:
    options = CheckOptions(
        database_urls=databases.urls(**broken),
        year=2024,
        scenario="test-small",
        bank_book=databases.bank_book,
        settle_seconds=0,
    )
    return await run_check(options)


async def test_a_true_season_holds_and_every_claim_looked_at_something(databases: Databases) -> None:
    report = await check(databases)
    assert report.findings == []
    assert report.held
    assert all(report.claims.values()), report.claims
    blind = dataclasses.replace(report, claims=dict.fromkeys(report.claims, 0))
    assert not blind.held, "a check that looked at nothing must not hold"


@pytest.mark.promise("I1", "I2", "I6", "I7", "I8")
async def test_every_planted_fault_is_found_and_named(databases: Databases) -> None:
    missed = {}
    for fault, (claim, planted) in FAULTS.items():
        copies = {service: databases.broken_copy(service, sql) for service, sql in planted.items()}
        report = await check(databases, **copies)
        named = [finding for finding in report.findings if finding.what == claim]
        if report.held or not named:
            missed[fault] = report.findings
            continue
        assert all(finding.where and finding.expected != finding.found for finding in named), fault
    assert missed == {}


async def test_the_hash_of_a_table_changes_with_any_of_its_rows(databases: Databases) -> None:
    true = await table_hashes(databases.urls())
    copy = databases.broken_copy(
        "funding", "UPDATE commitment SET version = version + 1 WHERE project_id = " + ONE_COMMITTED
    )
    changed = await table_hashes(databases.urls(funding=copy))
    assert [name for name, digest in changed.items() if true[name] != digest] == ["funding.commitment"]
    assert true == await table_hashes(databases.urls())
