"""On whose behalf a transaction works: said with BEGIN, gone with its end, however it ends (promise R25)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from common.acting import SETTING, THE_SERVICE, Acting, as_service
from common.auth import Principal
from common.db import Database, Transaction
from smartfactory.stack.provision import DatabaseUrls
from tests.support.waiting import eventually

ANNA = Acting("company.owner", "52130", "o'anna\\")
BERT = Acting("municipality.officer", "52140", "bert")

pytestmark = pytest.mark.promise("R25")


@pytest.fixture
async def one_connection(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """A pool of one, so that whatever is left on a connection is met by the next transaction."""
    opened = Database(database_urls.application, application_name="tests", pool_size=1, pool_timeout_seconds=20)
    yield opened
    await opened.dispose()


async def said(tx: Transaction) -> str:
    return str((await tx.execute(text(f"SELECT coalesce(current_setting('{SETTING}', true), '')"))).scalar_one())


async def said_next(database: Database, *, read_only: bool = False) -> str:
    async with database.transaction(read_only=read_only) as tx:
        return await said(tx)


@pytest.mark.parametrize("read_only", [True, False])
async def test_each_transaction_says_its_own_and_leaves_nothing(one_connection: Database, read_only: bool):
    for acting in (ANNA, BERT, ANNA):
        async with one_connection.transaction(read_only=read_only, acting=acting) as tx:
            assert await said(tx) == f"{acting.role}\x1f{acting.tenant}\x1f{acting.subject}"
        assert await said_next(one_connection, read_only=read_only) == ""


@pytest.mark.parametrize(
    "subject",
    [
        "x'; SET LOCAL smartfactory.caller = 'service'; --",
        "\\'; SET LOCAL smartfactory.caller = 'service'; --",
        "'' ; COMMIT; --",
        "$$service$$",
        "%s :said $1",
        "홍길동 😀",
    ],
)
async def test_a_subject_is_a_text_and_nothing_else(one_connection: Database, subject: str):
    async with one_connection.transaction(acting=Acting("supplier", "52", subject)) as tx:
        assert await said(tx) == f"supplier\x1f52\x1f{subject}"


async def test_it_is_said_before_a_savepoint_and_stays_after_it_is_undone(one_connection: Database):
    async with one_connection.transaction(acting=ANNA) as tx:
        with pytest.raises(DBAPIError):
            async with one_connection.savepoint(tx):
                await tx.execute(text("SELECT 1/0"))
        assert await said(tx) == ANNA.said


async def test_a_transaction_that_asked_nothing_leaves_nothing(one_connection: Database):
    async with one_connection.transaction(acting=ANNA):
        pass
    assert await said_next(one_connection) == ""


async def test_an_error_leaves_nothing(one_connection: Database):
    for statement in ("SELECT 1/0", "SELECT 1"):
        with pytest.raises((DBAPIError, LookupError)):
            await _run_as_anna(one_connection, statement, then=LookupError())
        assert await said_next(one_connection) == ""


async def test_a_cancelled_request_leaves_nothing(one_connection: Database):
    async def cancelled(after: float) -> None:
        async with one_connection.transaction(acting=ANNA) as tx:
            await tx.execute(text("SELECT pg_sleep(:after)"), {"after": after})

    for ticks in range(12):
        task = asyncio.create_task(cancelled(0.02))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert await said_next(one_connection) == ""


async def test_a_commit_that_fails_leaves_nothing(one_connection: Database):
    note = "INSERT INTO note VALUES (gen_random_uuid(), 'x', 'x', 1, 'the same slot twice', now(), 1)"
    with pytest.raises(DBAPIError):
        await _run_as_anna(one_connection, note, note)
    assert await said_next(one_connection) == ""


async def test_two_callers_on_one_connection_never_meet(one_connection: Database):
    async def ask(acting: Acting) -> bool:
        async with one_connection.transaction(acting=acting) as tx:
            first = await said(tx)
            await asyncio.sleep(0)
            return first == await said(tx) == acting.said

    callers = [Acting("company.owner", str(n), str(n)) for n in range(100)]
    assert await asyncio.gather(*(ask(acting) for acting in callers)) == [True] * 100


async def test_a_connection_whose_begin_was_cut_off_is_not_lent_again(one_connection: Database):
    first = await _backend(one_connection)

    async def cut_off() -> None:
        async with one_connection.transaction(acting=ANNA) as tx:
            assert tx.sync_connection is not None
            tx.sync_connection.connection.driver_connection._opening = "SELECT 1/0;"
            await tx.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError):
        await cut_off()
    assert await said_next(one_connection) == ""
    assert await _backend(one_connection) != first


async def test_what_was_opened_for_the_service_says_so_without_being_asked(database_urls: DatabaseUrls):
    worker = Database(database_urls.application, application_name="tests", acting=THE_SERVICE, pool_size=1)
    assert await said_next(worker) == "service"
    async with worker.transaction(acting=BERT) as tx:
        assert await said(tx) == BERT.said
    assert await said_next(worker) == "service"
    async with worker.dedicated() as connection:
        assert await said(connection) == "service"
    await worker.dispose()


async def test_a_block_of_the_services_own_work_ends_with_the_block(one_connection: Database):
    async with one_connection.transaction(acting=ANNA) as tx:
        async with as_service(tx):
            assert await said(tx) == "service"
            async with as_service(tx):
                assert await said(tx) == "service"
            assert await said(tx) == "service"
        assert await said(tx) == ANNA.said
        with pytest.raises(LookupError):
            async with as_service(tx):
                raise LookupError
        assert await said(tx) == ANNA.said
        with pytest.raises(DBAPIError):
            async with one_connection.savepoint(tx), as_service(tx):
                await tx.execute(text("SELECT 1/0"))
        assert await said(tx) == ANNA.said
    assert await said_next(one_connection) == ""


async def test_a_block_of_nobodys_transaction_gives_nothing_to_what_follows(one_connection: Database):
    async with one_connection.transaction() as tx:
        async with as_service(tx):
            assert await said(tx) == "service"
        assert await said(tx) == ""


async def test_it_costs_no_round_trip(one_connection: Database):
    """What SQLAlchemy executes and what the driver sends by itself: BEGIN with its speech, one statement, COMMIT."""
    executed: list[str] = []
    sent: list[str] = []
    async with one_connection.transaction() as tx:
        assert tx.sync_connection is not None
        tx.sync_connection.connection.driver_connection.add_query_logger(lambda record: sent.append(record.query))
    event.listen(one_connection._engine.sync_engine, "before_cursor_execute", lambda *call: executed.append(call[2]))
    async with one_connection.transaction(acting=ANNA) as tx:
        await tx.execute(text("SELECT 1"))
    await eventually(lambda: sent[-1:] == ["COMMIT;"])
    begin, *rest = sent
    assert begin.startswith("BEGIN")
    assert begin.endswith("SET LOCAL smartfactory.caller = 'company.owner\x1f52130\x1fo''anna\\';")
    assert (executed, rest) == (["SELECT 1"], ["COMMIT;"])


def test_nobody_becomes_the_service_or_somebody_else_by_a_name():
    assert Acting.of(None) == Acting("public")
    assert Acting.of(_principal("company.owner", "a")) == Acting("company.owner", "t", "a")
    with pytest.raises(ValueError, match="service"):
        Acting.of(_principal("service", "a"))
    with pytest.raises(ValueError, match="printable"):
        Acting.of(_principal("supplier", "x\x1fy"))


def _principal(role: str, subject: str) -> Principal:
    return Principal("https://issuer.test", subject, role, "t", "token")


async def _run_as_anna(database: Database, *statements: str, then: Exception | None = None) -> None:
    async with database.transaction(acting=ANNA) as tx:
        for statement in statements:
            await tx.execute(text(statement))
        if then is not None:
            raise then


async def _backend(database: Database) -> int:
    async with database.transaction() as tx:
        return int((await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())
