"""An event is committed with what it tells, numbered per key, and found by the relay however late it commits."""

import asyncio
import contextlib

import pytest
from sqlalchemy.exc import DBAPIError

from common import context
from common.db import Database
from common.event import new_id
from common.outbox import EventTooLarge
from common.relay import _SELECT
from tests.support.parcels.driver import AT, rows, scalar, send, tell
from tests.support.parcels.events import ParcelSent


async def test_an_event_is_recorded_with_its_cause_and_nothing_of_a_rolled_back_transaction(database: Database):
    parcel = new_id()
    with context.carried(correlation="corr", causation="cause", by="company.owner:t:s"):
        async with database.transaction() as tx:
            await tell(tx, ParcelSent(parcel_id=parcel, grams=1))
        with contextlib.suppress(RuntimeError):
            async with database.transaction() as tx:
                await tell(tx, ParcelSent(parcel_id=parcel, grams=2))
                raise RuntimeError
        async with database.transaction() as tx:
            await tell(tx, ParcelSent(parcel_id=parcel, grams=3))
    found = await rows(
        database,
        "SELECT sequence, occurred_at, correlation_id, causation_id, actor, published_at FROM outbox ORDER BY id",
    )
    assert found == [(n, AT, "corr", "cause", "company.owner:t:s", None) for n in (1, 2)]


@pytest.mark.promise("I5")
async def test_sequences_are_contiguous_per_key_under_concurrency(database: Database):
    parcels = [new_id() for _ in range(3)]
    await asyncio.gather(*(send(database, parcel, *range(10)) for parcel in parcels for _ in range(2)))
    for parcel in parcels:
        found = await rows(database, "SELECT sequence FROM outbox WHERE key = :key ORDER BY id", key=parcel)
        assert [sequence for (sequence,) in found] == list(range(1, 21))


@pytest.mark.promise("I4")
async def test_an_event_that_commits_after_younger_ones_is_still_found(database: Database):
    late, early = new_id(), new_id()
    async with database.dedicated() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        async with database.transaction() as slow:
            await tell(slow, ParcelSent(parcel_id=late, grams=1))
            await send(database, early, 2)
            seen = await raw.fetch(_SELECT, [], [], 500)
            assert [row["key"] for row in seen] == [early]
            await raw.execute("UPDATE outbox SET published_at = now() WHERE id = $1", seen[0]["id"])
        assert [row["key"] for row in await raw.fetch(_SELECT, [], [], 500)] == [late]


async def test_what_was_recorded_cannot_be_changed_or_removed_by_raw_sql(database: Database, urls):
    await send(database, new_id(), 1)
    owner = Database(urls.owner, application_name="tests")
    for who in (database, owner):
        for sql in (
            "UPDATE outbox SET payload = '\\x00'",
            "UPDATE outbox SET sequence = 7",
            "DELETE FROM outbox",
            "TRUNCATE outbox",
        ):
            with pytest.raises(DBAPIError) as refused:
                await rows(who, sql)
            assert refused.value.orig.sqlstate == "42501", sql
    await owner.dispose()
    assert await scalar(database, "SELECT count(*) FROM outbox WHERE sequence = 1") == 1


@pytest.mark.promise("A13")
async def test_an_event_too_large_for_a_broker_is_refused_before_it_is_committed(database: Database):
    with pytest.raises(EventTooLarge):
        async with database.transaction() as tx:
            await tell(tx, ParcelSent(parcel_id=new_id(), grams=1, note="가" * 100_000))
    assert await scalar(database, "SELECT count(*) FROM outbox") == 0
