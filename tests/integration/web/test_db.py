"""The transaction's promises: limits, cancellation, and a hint after commits that recorded something."""

import asyncio

import pytest
from sqlalchemy import Boolean, column, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from common import db, migrations, revisions
from common.db import Database, DatabaseUnavailable, announce_after_commit, is_lock_timeout, is_trouble, sqlstate
from common.prepared import Prepared
from smartfactory.stack.provision import DatabaseUrls
from tests.integration.web.notebook.main import SERVICE
from tests.support.waiting import eventually


async def test_a_session_is_limited(database: Database):
    async with database.transaction(read_only=True) as tx:
        limits = [
            (await tx.execute(text(f"SHOW {name}"))).scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")
        ]
    assert limits == ["3s", "1s", "10s", "UTC"]


async def test_a_read_only_transaction_refuses_to_write_and_the_next_one_writes(database: Database):
    for _ in range(3):
        with pytest.raises(DBAPIError) as refused:
            async with database.transaction(read_only=True) as tx:
                await tx.execute(text("DELETE FROM note"))
        assert sqlstate(refused.value) == "25006"
        assert not is_trouble(refused.value)
        async with database.transaction() as tx:
            await tx.execute(text("DELETE FROM note WHERE false"))


@pytest.mark.promise("R9")
async def test_a_held_lock_is_trouble_after_a_second(database: Database):
    async with database.transaction() as holder:
        await holder.execute(text("LOCK TABLE note IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError) as waited:
            async with database.transaction() as tx:
                await tx.execute(text("SELECT count(*) FROM note"))
    assert is_lock_timeout(waited.value)
    assert is_trouble(waited.value)


@pytest.mark.promise("R9")
@pytest.mark.parametrize("way", ["SQLAlchemy's", "ours"])
async def test_a_server_that_does_not_answer_is_trouble_however_it_was_asked(database: Database, way: str):
    sleep = text("SELECT pg_sleep(30) IS NULL AS slept").columns(column("slept", Boolean))

    async def ask() -> None:
        async with database.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 0"))
            await (tx.execute(sleep) if way == "SQLAlchemy's" else Prepared(sleep).run(tx, {}))

    with pytest.raises(TimeoutError) as silence:
        await ask()
    assert is_trouble(silence.value)


async def test_a_hundred_cancelled_transactions_leave_a_whole_pool(database: Database):
    async def slow() -> None:
        async with database.transaction() as tx:
            await tx.execute(text("SELECT pg_sleep(2.5)"))

    # asyncpg complains to the loop about every connection that is dropped while it greets the server: noise, no leak.
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, _context: None)
    for _ in range(5):
        tasks = [asyncio.create_task(slow()) for _ in range(20)]
        await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(outcome, asyncio.CancelledError | DatabaseUnavailable) for outcome in outcomes)
    await eventually(lambda: _ten_answer(database), what="all ten connections of the pool can be had")

    async def nobody_is_left() -> bool:
        async with database.dedicated() as connection:
            left = await connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tests' AND state LIKE '%transaction%'"
                )
            )
            return left.scalar_one() == 0

    await eventually(nobody_is_left)
    loop.set_exception_handler(handler)


async def test_a_commit_under_way_is_finished_when_its_task_is_cancelled(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    slot, begun, commit = "cancelled while committing", asyncio.Event(), AsyncConnection.commit

    async def slow_commit(tx: AsyncConnection) -> None:
        begun.set()
        await asyncio.sleep(0.05)
        await commit(tx)

    async def write() -> None:
        async with database.transaction() as tx:
            await tx.execute(
                text("INSERT INTO note VALUES (gen_random_uuid(), 'x', 'x', 1, :slot, now(), 1)"), {"slot": slot}
            )

    monkeypatch.setattr(AsyncConnection, "commit", slow_commit)
    task = asyncio.create_task(write())
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction(read_only=True) as tx:
        found = await tx.execute(text("SELECT count(*) FROM note WHERE slot = :slot"), {"slot": slot})
        assert found.scalar_one() == 1


async def test_the_relay_is_woken_after_the_commit_seldom_and_only_for_events(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(db, "_HINT_INTERVAL_SECONDS", 0.2)
    heard: list[str] = []
    async with database.dedicated() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        await driver.add_listener("outbox", lambda *what: heard.append(what[2]))
        async with database.transaction() as tx:
            await tx.execute(text("DELETE FROM note WHERE false"))
        with pytest.raises(RuntimeError):
            await _announce_and_fail(database)
        async with database.transaction() as tx:
            await tx.execute(text("DELETE FROM note WHERE false"))
        assert heard == [], "nothing recorded, nothing committed: nothing to tell"
        began = asyncio.get_running_loop().time()
        for _ in range(100):
            async with database.transaction() as tx:
                await tx.execute(text("DELETE FROM note WHERE false"))
                announce_after_commit(tx)
        await eventually(lambda: heard, what="the relay hears of the commit")
        intervals = (asyncio.get_running_loop().time() - began) / 0.2
        assert len(heard) <= 1 + intervals, "a hundred commits are not a hundred hints"


async def _ten_answer(database: Database) -> bool:
    async def answer() -> int:
        async with database.transaction() as tx:
            await asyncio.sleep(0.05)
            found: int = (await tx.execute(text("SELECT 1"))).scalar_one()
            return found

    return await asyncio.gather(*(answer() for _ in range(10)), return_exceptions=True) == [1] * 10


async def _announce_and_fail(database: Database) -> None:
    async with database.transaction() as tx:
        announce_after_commit(tx)
        raise RuntimeError


async def test_no_connection_is_unavailable_and_trouble():
    away = Database("postgresql://nobody@127.0.0.1:1/nowhere", application_name="tests")
    with pytest.raises(DatabaseUnavailable) as unavailable:
        await away.ping()
    assert is_trouble(unavailable.value)
    await away.dispose()


async def test_migrations_go_up_down_and_up(fresh_databases):
    urls: DatabaseUrls = fresh_databases("notebook")["notebook"]
    await asyncio.to_thread(migrations.upgrade, SERVICE.migrations, urls.owner)
    await asyncio.to_thread(migrations.downgrade, SERVICE.migrations, urls.owner, revision="base")
    await asyncio.to_thread(migrations.upgrade, SERVICE.migrations, urls.owner)
    opened = Database(urls.application, application_name="tests")
    assert await revisions.current(opened) == revisions.head(SERVICE.migrations) == "0001"
    await opened.dispose()


@pytest.mark.promise("R9")
async def test_a_unit_of_work_that_takes_too_long_is_given_up_and_leaves_nothing(
    database_urls: DatabaseUrls, database: Database
):
    hurried = Database(database_urls.application, application_name="tests", unit_seconds=0.3)

    async def write_and_linger() -> None:
        async with hurried.transaction() as tx:
            await tx.execute(text("INSERT INTO note VALUES (gen_random_uuid(), 'x', 'x', 1, 'late', now(), 1)"))
            # The session's own limit would end it after three seconds, and as another fault.
            await tx.execute(text("SELECT pg_sleep(60)"))

    with pytest.raises(DatabaseUnavailable) as given_up:
        await write_and_linger()
    assert is_trouble(given_up.value)
    await hurried.dispose()
    async with database.transaction(read_only=True) as tx:
        assert (await tx.execute(text("SELECT count(*) FROM note WHERE slot = 'late'"))).scalar_one() == 0
    with pytest.raises(TimeoutError):  # of the caller's own: that is no trouble of the database
        async with database.transaction(seconds=60), asyncio.timeout(0.01):
            await asyncio.sleep(1)


@pytest.mark.promise("R9")
@pytest.mark.parametrize("ended_by", ["the deadline", "the database"])
async def test_a_part_of_a_part_that_is_given_up_is_the_databases_trouble_and_no_fault_of_ours(
    database_urls: DatabaseUrls, ended_by: str
):
    hurried = Database(database_urls.application, application_name="tests", unit_seconds=0.3)
    slow = "SELECT pg_sleep(2)" if ended_by == "the deadline" else "SELECT pg_terminate_backend(pg_backend_pid())"
    with pytest.raises((DatabaseUnavailable, DBAPIError)) as given_up:
        async with hurried.transaction() as tx, hurried.savepoint(tx), hurried.savepoint(tx):
            await tx.execute(text(slow))
    assert is_trouble(given_up.value)
    await hurried.dispose()


@pytest.mark.promise("R9", "R18")
async def test_who_is_told_to_come_again_waits_no_longer_for_a_slow_commit_and_it_still_takes_place(
    database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
):
    # Long enough for what comes before the commit on a busy machine: it is the commit that is to be cut off.
    hurried, commit = (
        Database(database_urls.application, application_name="tests", unit_seconds=2.0),
        AsyncConnection.commit,
    )
    gate = asyncio.Event()

    async def slow_commit(tx: AsyncConnection) -> None:
        await gate.wait()
        await commit(tx)

    monkeypatch.setattr(AsyncConnection, "commit", slow_commit)
    with pytest.raises(DatabaseUnavailable):
        async with hurried.transaction() as tx:
            await tx.execute(text("INSERT INTO note VALUES (gen_random_uuid(), 'x', 'x', 1, 'slow', now(), 1)"))
    gate.set()
    await hurried.dispose()
    monkeypatch.undo()
    after = Database(database_urls.application, application_name="tests")
    async with after.transaction(read_only=True) as tx:
        assert (await tx.execute(text("SELECT count(*) FROM note WHERE slot = 'slow'"))).scalar_one() == 1
    await after.dispose()
