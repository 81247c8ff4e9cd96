"""What operators say of their decisions stands beside the journal: it shows when it was changed, and it can be erased."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from common import journal, notes, parked
from common.auth import Principal
from common.db import Database
from common.event import WireRecord, new_id
from common.notes import Ground
from smartfactory.check.chains import verified
from tests.support.parcels.driver import AT, rows, scalar, wire
from tests.support.parcels.events import ParcelSent

BY = Principal(issuer="i", subject="kim", role="mender", tenant="t-1", token_id="t")
CHAIN = f"parked/{ParcelSent.TOPIC}"
WORDS = "홍길동(010-5555-0199)의 요청으로 다시 보냄"


async def _ask_discard(database: Database, record: WireRecord | None = None) -> int:
    record = record or wire(ParcelSent(parcel_id=new_id(), grams=1), 2)
    async with database.transaction() as tx:
        await parked.park(tx, record, envelope=None, reason="undecodable", detail="no event")
    id_ = await scalar(database, "SELECT max(id) FROM parked_event")
    async with database.transaction() as tx:
        await parked.ask_discard(tx, id_, by=BY, reason=WORDS, at=AT)
    return int(id_)


async def _erase(database: Database) -> None:
    async with database.transaction() as tx:
        [note] = await notes.list_of(tx, chain=CHAIN)
        await notes.erase(tx, note.id, by=BY, ground=Ground.PERSONAL_DATA, at=AT)


@asynccontextmanager
async def _as_owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def _faults(url: str) -> list[str]:
    async with _as_owner(url) as connection:
        [claim] = await verified({"parcels": connection})
    assert claim.looked_at
    return [finding.where for finding in claim.findings]


async def _dump(url: str) -> str:
    """Every row of every table, as text."""
    async with _as_owner(url) as connection:
        tables = [
            row["tablename"]
            for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        found = [str(await connection.fetch(f'SELECT t::text AS row FROM "{table}" AS t')) for table in tables]
        bodies = [bytes(row["body"]).decode() for row in await connection.fetch("SELECT body FROM journal_entry")]
    return "\n".join(found + bodies)


@pytest.mark.promise("R34")
async def test_words_stand_beside_the_journal_and_are_gone_for_good_once_erased(database: Database, urls):
    id_ = await _ask_discard(database)
    before = await _dump(urls.owner)
    assert before.count(WORDS) == 1, "in one place"
    async with database.transaction() as tx:
        asked = await parked.show(tx, id_)
    assert asked.discard_reason == WORDS

    await _erase(database)
    assert "홍길동" not in await _dump(urls.owner)
    async with database.transaction() as tx:
        erased = await parked.show(tx, id_)
        chain = await journal.verify(tx, CHAIN)
    assert (erased.discard_reason, erased.version) == (None, asked.version), "what was asked is still the same thing"
    assert (chain.entries, chain.faults) == (2, ())
    assert await _faults(urls.owner) == []
    told = await rows(database, "SELECT decision, actor, facts->>'ground' FROM journal_entry ORDER BY id")
    assert told == [
        ("parked-event.discard-asked", "mender:t-1:kim", None),
        ("note.erased", "mender:t-1:kim", "personal-data"),
    ]
    with pytest.raises(notes.NoteErased):
        await _erase(database)


@pytest.mark.promise("R34")
async def test_the_journal_never_holds_the_key_of_a_record_that_is_no_event(database: Database, urls):
    record = WireRecord(topic=ParcelSent.TOPIC, partition=0, offset=1, key="홍길동".encode(), value=b"x", headers=[])
    id_ = await _ask_discard(database, record)
    [(facts, body)] = await rows(database, "SELECT facts, body FROM journal_entry")
    assert (facts["parked_event"], facts["key"]) == (id_, None)
    assert "홍길동".encode() not in bytes(body)


@pytest.mark.promise("R33")
async def test_a_note_can_be_erased_and_nothing_else_also_by_raw_sql_as_the_owner(database: Database, urls):
    await _ask_discard(database)
    owner = Database(urls.owner, application_name="tests")
    for who in (database, owner):
        for sql in (
            "UPDATE journal_note SET words = 'something else'",
            "UPDATE journal_note SET words = NULL, salt = NULL, erased_at = now(), chain = 'other'",
            "UPDATE journal_note SET words = NULL, salt = NULL, erased_at = now(), id = gen_random_uuid()",
            "DELETE FROM journal_note",
            "TRUNCATE journal_note CASCADE",
        ):
            with pytest.raises(DBAPIError) as refused:
                await rows(who, sql)
            assert refused.value.orig.sqlstate == "42501", sql
    await _erase(database)
    with pytest.raises(DBAPIError):
        await rows(owner, "UPDATE journal_note SET words = 'back', salt = '\\x00', erased_at = NULL")
    await owner.dispose()


@pytest.mark.promise("R33")
@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("UPDATE journal_note SET words = 'nothing to see'", "words of its note"),
        ("UPDATE journal_note SET salt = '\\x00'", "words of its note"),
        ("UPDATE parked_event SET discard_note = NULL; DELETE FROM journal_note", "note"),
    ],
)
async def test_whoever_gets_past_the_database_and_changes_a_note_is_found(
    database: Database, urls, planted: str, found: str
):
    await _ask_discard(database)
    async with _as_owner(urls.owner) as connection:
        await connection.execute(f"ALTER TABLE journal_note DISABLE TRIGGER USER; {planted}")
    assert [fault.rpartition(": ")[2] for fault in await _faults(urls.owner)] == [found]
