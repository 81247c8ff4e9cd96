"""The journal shows every change made to it afterwards, and its own role cannot even try."""

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError

from common import journal
from common.auth import Principal
from common.db import Database
from tests.support.parcels.driver import AT, rows, scalar

CHAIN = "parcel/1"
BY = Principal(issuer="i", subject="s", role="province.officer", tenant="52", token_id="t")


async def _decide(database: Database, number: int, chain: str = CHAIN) -> None:
    async with database.transaction() as tx:
        await journal.record(
            tx,
            chain=chain,
            decision="parcel.sent",
            by=BY,
            at=AT,
            facts={"number": number, "grams": [1, 2], "to": {"b": 1, "a": "가"}, "none": None},
            rule_version="2024-1",
            evidence=["sha256:00"],
        )


async def _verify(database: Database, chain: str = CHAIN) -> journal.Verification:
    async with database.transaction() as tx:
        return await journal.verify(tx, chain)


async def test_a_chain_written_by_many_at_once_stands(database: Database):
    await asyncio.gather(*(_decide(database, number) for number in range(12)))
    found = await _verify(database)
    assert (found.entries, found.faults) == (12, ())
    assert await scalar(database, "SELECT max(position) FROM journal_entry") == 12
    assert (await _verify(database, "parcel/none")).faults == ()


@pytest.mark.promise("R33")
async def test_the_journal_only_grows_also_for_raw_sql_as_the_service_and_as_the_owner(database: Database, urls):
    await _decide(database, 1)
    owner = Database(urls.owner, application_name="tests")
    for who in (database, owner):
        for sql in (
            "UPDATE journal_entry SET facts = '{}'",
            "DELETE FROM journal_entry",
            "TRUNCATE journal_entry",
            "UPDATE journal_head SET position = 0",
            "UPDATE journal_head SET chain = 'other', position = position + 1",
            "DELETE FROM journal_head",
            "TRUNCATE journal_head",
        ):
            with pytest.raises(DBAPIError) as refused:
                await rows(who, sql)
            assert refused.value.orig.sqlstate == "42501", sql
    await owner.dispose()
    assert (await _verify(database)).faults == ()


TAMPERINGS: dict[str, tuple[str, str]] = {
    "an edited column": ("UPDATE journal_entry SET decision = 'other' WHERE position = 2", "entry 2: its columns"),
    "an edited fact": (
        "UPDATE journal_entry SET facts = jsonb_set(facts, '{number}', '9') WHERE position = 2",
        "entry 2: its columns",
    ),
    "an edited body": (
        (
            "UPDATE journal_entry SET body = convert_to(replace(convert_from(body, 'UTF8'), '2024-1', '2025-1'), 'UTF8'),"
            " rule_version = '2025-1' WHERE position = 2"
        ),
        "entry 2 does not follow",
    ),
    "an edited body with its own hash": (
        (
            "UPDATE journal_entry AS e SET body = b.body, rule_version = '2025-1',"
            " hash = sha256((SELECT hash FROM journal_entry WHERE position = 1) || b.body)"
            " FROM (SELECT convert_to(replace(convert_from(body, 'UTF8'), '2024-1', '2025-1'), 'UTF8') AS body"
            " FROM journal_entry WHERE position = 2) AS b WHERE position = 2"
        ),
        "entry 3 does not follow",
    ),
    "a deletion": ("DELETE FROM journal_entry WHERE position = 2", "entry 2 is missing"),
    "a truncation": ("DELETE FROM journal_entry WHERE position = 4", "head stands at 4"),
    "a removal of all": ("DELETE FROM journal_entry", "head stands at 4"),
    "an insertion": (
        (
            "INSERT INTO journal_entry (chain, position, decision, actor, evidence, facts, decided_at, recorded_at, body,"
            " hash) SELECT chain, 5, decision, actor, evidence, facts, decided_at, recorded_at, body, hash"
            " FROM journal_entry WHERE position = 4"
        ),
        "entry 5 does not follow",
    ),
    "a swap": (
        (
            "UPDATE journal_entry SET position = CASE position WHEN 2 THEN 103 ELSE 102 END WHERE position IN (2, 3);"
            "UPDATE journal_entry SET position = position - 100 WHERE position > 100"
        ),
        "entry 2 does not follow",
    ),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
@pytest.mark.promise("R33")
async def test_every_tampering_is_named(database: Database, servers, urls, tampering: str):
    sql, named = TAMPERINGS[tampering]
    for number in range(4):
        await _decide(database, number)
    name = urls.owner.rsplit("/", 1)[1]
    # A superuser can do what nobody else can; what he did must show.
    servers.postgres.run(f"SET session_replication_role = replica; {sql}", database=name)
    faults = (await _verify(database)).faults
    assert any(named in fault for fault in faults), faults
