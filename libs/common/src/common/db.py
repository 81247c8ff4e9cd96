"""The service's PostgreSQL: the only file that begins, commits and rolls back.

Everybody else receives a `Transaction` and executes SQLAlchemy Core statements on it. A commit always finishes once it
has started, whatever happens to the task that asked for it, and a commit that recorded events then wakes the relay.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, Date, MetaData, Text, Uuid, any_, event, literal, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute
from sqlalchemy.pool import NullPool

from common import schema
from common.acting import SETTING, Acting, SpeakingConnection, note_acting, stay_acting

Transaction = AsyncConnection

OUTBOX_CHANNEL = "outbox"

_CONNECT_SECONDS = 2.0
_HINT_INTERVAL_SECONDS = 0.005
_GRACE_SECONDS = 0.5
_CLOSE_SECONDS = 6.0
_RECORDED = "smartfactory.outbox_recorded"
_LAST = "smartfactory.written_last"
_NAMES = {
    # PostgreSQL's own default names, so that a constraint written in SQL and one written here are called the same.
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}
_SESSION = {
    "statement_timeout": "3000",
    "lock_timeout": "1000",
    "idle_in_transaction_session_timeout": "10000",
    "timezone": "UTC",
    "jit": "off",
    "standard_conforming_strings": "on",
}
# Classes of SQLSTATE that say "not now": connection, transaction rollback (deadlock), resources, operator intervention.
_TRANSIENT_CLASSES = frozenset({"08", "40", "53", "57"})
_TRANSIENT_STATES = frozenset({"55P03", "25P03", "25P04"})
_LOCK_NOT_AVAILABLE = "55P03"
_HALF_CLOSED = (asyncpg.InternalClientError, dialect.import_dbapi().InternalClientError)  # type: ignore[no-untyped-call]

_log = logging.getLogger(__name__)


class Last(Protocol):
    """What is collected while a transaction works, and written just before it commits."""

    def mark(self) -> tuple[int, ...]: ...

    def back_to(self, mark: Any, /) -> None: ...  # noqa: ANN401  what `mark` gave

    async def write(self, tx: Transaction, /) -> None: ...


_SomeLast = TypeVar("_SomeLast", bound=Last)


class DatabaseUnavailable(Exception):
    """No connection could be had, for whatever reason: full, away, or not letting us in."""


class Database:
    """One service's database in one process: its pool, its transactions and the hint that follows a commit.

    `acting` is for whom its connections are opened: the service, where nobody else ever works on them (a worker, a
    command line). An API's are opened for nobody, and each of its transactions names its caller.
    """

    def __init__(
        self,
        url: str,
        *,
        application_name: str,
        acting: Acting | None = None,
        pool_size: int = 10,
        pool_timeout_seconds: float = 2.0,
        unit_seconds: float | None = None,
    ) -> None:
        self._acting = acting
        # How long a unit of work may take in all, the wait for its connection included, where somebody waits for it.
        self._unit_seconds = unit_seconds
        self._ending: set[asyncio.Task[None]] = set()
        address = make_url(url).set(drivername="postgresql+asyncpg")
        opened_for = {} if acting is None else {SETTING: acting.said}
        connect_args = {
            "server_settings": _SESSION | {"application_name": application_name} | opened_for,
            "connection_class": SpeakingConnection,
            "timeout": _CONNECT_SECONDS,
            # A dead network must not hold a unit of work: above statement_timeout, below the request's deadline.
            "command_timeout": 5.0,
        }
        self._engine = create_async_engine(
            address,
            connect_args=connect_args,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=pool_timeout_seconds,
            hide_parameters=True,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        # A cancelled statement costs its connection, and SQLAlchemy would wait up to two seconds to say goodbye to it.
        self._engine.sync_engine.dialect.do_terminate = _cut_off  # type: ignore[method-assign] # its only hook
        self._off_pool = create_async_engine(
            address, connect_args=connect_args, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        self._hint = _Hint(self._off_pool)

    @contextlib.asynccontextmanager
    async def transaction(
        self, *, read_only: bool = False, acting: Acting | None = None, seconds: float | None = None
    ) -> AsyncIterator[Transaction]:
        """Open one unit of work: committed on leaving, rolled back on any exception, and then the relay's hint.

        It sees and writes the rows of whom it is `acting` for, or of whom the database was opened for. `seconds` is
        for work that may take longer than a unit of this database does.
        """
        limit = self._unit_seconds if seconds is None else seconds
        deadline = asyncio.timeout(limit)
        try:
            async with deadline:
                tx = await _connect(self._engine)
                try:
                    note_acting(tx, acting or self._acting, said=acting is not None)
                    if read_only:
                        _ = await tx.execution_options(postgresql_readonly=True)
                    _ = await tx.begin()
                    tx.info.pop(_RECORDED, None)
                    tx.info.pop(_LAST, None)
                    yield tx
                    if (last := tx.info.pop(_LAST, None)) is not None:
                        await last.write(tx)
                except BaseException as error:
                    await self._finish(_given_up(tx), in_time=not isinstance(error, asyncio.CancelledError))
                    raise
                await self._finish(self._committed(tx))
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise DatabaseUnavailable(f"the work took longer than {limit:g} s") from error

    @contextlib.asynccontextmanager
    async def savepoint(self, tx: Transaction) -> AsyncIterator[None]:
        """Undo what the block did when it raises, and keep the transaction."""
        last: Last | None = tx.info.get(_LAST)
        mark = None if last is None else last.mark()
        nested = await tx.begin_nested()
        try:
            yield
        except BaseException as error:
            # Of a cancelled transaction everything is given up: no round trip for a part of it. Nor is there one for a
            # connection that is lost, and to ask anything of it would raise another error in this one's place.
            if isinstance(error, asyncio.CancelledError) or tx.invalidated:
                raise
            if last is None or mark is None:
                tx.info.pop(_LAST, None)
            else:
                last.back_to(mark)
            await nested.rollback()
            raise
        await nested.commit()

    @contextlib.asynccontextmanager
    async def dedicated(self, *, acting: Acting | None = None) -> AsyncIterator[AsyncConnection]:
        """Lend a connection outside the pool without a transaction: for LISTEN, advisory locks and leaders.

        It works for whom it is `acting` for, or for whom the database was opened; it is closed at the end.
        """
        async with _connected(self._off_pool) as connection:
            if acting is not None:
                await stay_acting(connection, acting)
            yield connection

    def wake_relay(self) -> None:
        """Hint that something was committed for the relay; it may be lost, and is never waited for."""
        self._hint.ring()

    async def ping(self) -> None:
        """Ask the database for a sign of life, or raise. Off the pool: a busy process is not a broken one."""
        async with _connected(self._off_pool) as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close every connection."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=_CLOSE_SECONDS)
        await self._hint.stop()
        await self._engine.dispose()
        await self._off_pool.dispose()

    async def _committed(self, tx: Transaction) -> None:
        recorded = tx.info.pop(_RECORDED, False)
        try:
            await tx.commit()
            if recorded:
                self.wake_relay()
        finally:
            await tx.close()

    async def _finish(self, work: Coroutine[Any, Any, None], *, in_time: bool = True) -> None:
        """Let a commit or a rollback end, whatever happens to the task; half a commit is an answer nobody can give.

        Who is cancelled (a deadline, a caller that left) waits a moment for it and no longer: it ends by itself.
        """
        task = asyncio.ensure_future(work)
        cancelled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                hurry = cancelled is not None or not in_time
                _, unfinished = await asyncio.wait({task}, timeout=_GRACE_SECONDS if hurry else None)
            except asyncio.CancelledError as error:
                cancelled = error
                continue
            if unfinished:
                self._ending.add(task)
                task.add_done_callback(self._ended_alone)
                break
        else:
            task.result()
        if cancelled is not None:
            raise cancelled

    def _ended_alone(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("work that nobody waited for ended badly", extra={"reason": type(error).__name__})


def last_of_transaction(tx: Transaction, make: Callable[[], _SomeLast]) -> _SomeLast:
    """The transaction's collection of what it writes last, made on first use; `transaction` writes it."""
    found: _SomeLast | None = tx.info.get(_LAST)
    if found is None:
        found = tx.info[_LAST] = make()
    return found


def announce_after_commit(tx: Transaction) -> None:
    """Note that this transaction recorded an event, so that its commit wakes the relay."""
    tx.info[_RECORDED] = True


def one_of(column: InstrumentedAttribute[UUID], ids: Collection[UUID]) -> ColumnElement[bool]:
    """Whether it is one of these, however many: one parameter, where IN takes one each and 32,767 are the most."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


def is_trouble(error: BaseException) -> bool:
    """Tell whether the database or the way to it is at fault, so that the same work may succeed later."""
    if isinstance(error, (DatabaseUnavailable, OSError)) or getattr(error, "connection_invalidated", False):
        return True
    state = sqlstate(error)
    if state is None:
        return isinstance(error, InterfaceError) or _is_half_closed(error)
    return state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES


def is_lock_timeout(error: BaseException) -> bool:
    """Tell whether another transaction held what this one needed for longer than `lock_timeout`."""
    return isinstance(error, DBAPIError) and sqlstate(error) == _LOCK_NOT_AVAILABLE


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's five-character code of the fault, or none when the fault is not PostgreSQL's."""
    state: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state


def new_tables() -> type[DeclarativeBase]:
    """Make a service's own base for its typed tables, with the tables of the common mechanisms already in it."""

    class Tables(DeclarativeBase):
        metadata = MetaData(naming_convention=_NAMES)
        type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it as a class attribute
            str: Text,
            int: BIGINT,
            UUID: Uuid,
            date: Date,
            datetime: TIMESTAMP(timezone=True),
            dict[str, Any]: JSONB,
            list[str]: ARRAY(Text),
        }

    for table in schema.metadata.sorted_tables:
        table.to_metadata(Tables.metadata)
    return Tables


class _Hint:
    """Sends a bare NOTIFY after commits, at most one per interval, on a connection of its own.

    Never inside the business transaction, where NOTIFY serialises all commits. A lost hint costs the relay's next poll.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ring(self) -> None:
        self._wanted.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="outbox-hint")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                async with _connected(self._engine) as connection:
                    await self._send_to(connection)
            except Exception as error:  # noqa: BLE001  a hint may be lost, but those after it must not be
                _log.warning("the outbox hint found no database; the relay's poll will do", exc_info=error)
                await asyncio.sleep(1.0)

    async def _send_to(self, connection: AsyncConnection) -> None:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await driver.execute(f"NOTIFY {OUTBOX_CHANNEL}")
            await asyncio.sleep(_HINT_INTERVAL_SECONDS)


async def _connect(engine: AsyncEngine) -> AsyncConnection:
    connection = engine.connect()
    try:
        return await connection.start()
    except Exception as error:
        raise DatabaseUnavailable(f"no connection to the database: {type(error).__name__}") from error


def _is_half_closed(error: BaseException) -> bool:
    # The server's farewell was read and the end of the stream not yet: the driver then knows no state to send in, and
    # calls it an error of its own.
    return isinstance(getattr(error, "orig", error), _HALF_CLOSED)


@contextlib.asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    connection = await _connect(engine)
    try:
        yield connection
    finally:
        await connection.close()


def _cut_off(dbapi_connection: Any) -> None:  # noqa: ANN401  the driver has no types
    dbapi_connection.driver_connection.terminate()


def _refuse_closed(dbapi_connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401
    # The server closed it while it lay in the pool (a restart): the pool then opens another, without a round trip.
    if dbapi_connection.driver_connection.is_closed():
        raise DisconnectionError


async def _given_up(tx: Transaction) -> None:
    try:
        await tx.rollback()
    except (DBAPIError, OSError):
        # The connection is gone, and with it the transaction; the first fault is the one to report.
        await tx.invalidate()
    finally:
        await tx.close()
