"""Runs a statement on PostgreSQL's driver itself, for the few that every command or every batch runs.

SQLAlchemy stays the one source of what a statement says and how values are written: it renders the statement once. What
is left out is its work per execution, which costs more than PostgreSQL's own.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ARRAY, ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from common.db import Transaction

_driver: Any = dialect.import_dbapi()  # type: ignore[no-untyped-call] # SQLAlchemy declares no types here
_dialect = dialect(dbapi=_driver)  # type: ignore[no-untyped-call] # the same

Row: TypeAlias = RowMapping | Mapping[str, Any]
"""A row by the names of its columns, from here or from SQLAlchemy."""


REFUSED = "smartfactory.no_prepared_statements"
"""In a transaction's info while tables are shown as they were: what goes past SQLAlchemy would see them as they are."""


class Prepared:
    """One statement constant; what it takes and gives back has the types that its columns and parameters declare."""

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_dialect)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101  a statement, not DDL
        self.sql = compiled.string
        writers: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001  how SQLAlchemy itself writes values
        fixed = compiled.construct_params(_check=False)
        plain = {name for name, bound in compiled.binds.items() if _is_plain_array(bound.type)}
        self._parameters = [
            (name, None if name in plain else writers.get(name), fixed.get(name)) for name in compiled.positiontup or ()
        ]
        self._readers = _readers(compiled)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its parameters."""
        return tuple(name for name, _, _ in self._parameters)

    async def all(self, tx: Transaction, parameters: Mapping[str, object]) -> list[Row]:
        """Run it in the transaction; every row it gives back."""
        return [self._read(row) for row in await self._fetch(tx, parameters)]

    async def first(self, tx: Transaction, parameters: Mapping[str, object]) -> Row | None:
        """Run it in the transaction; the first row, if there is one."""
        rows = await self._fetch(tx, parameters)
        return self._read(rows[0]) if rows else None

    async def run(self, tx: Transaction, parameters: Mapping[str, object]) -> None:
        """Run it for its effect."""
        await self._fetch(tx, parameters)

    async def _fetch(self, tx: Transaction, parameters: Mapping[str, object]) -> Sequence[Any]:
        values = [
            value if writer is None else writer(value)
            for value, writer in ((parameters.get(name, default), writer) for name, writer, default in self._parameters)
        ]
        assert tx.sync_connection is not None  # noqa: S101  a transaction is open
        if REFUSED in tx.sync_connection.info:
            raise TypeError("a prepared statement cannot be asked of the past")
        adapted: Any = tx.sync_connection.connection.dbapi_connection
        try:
            if adapted._transaction is None:  # noqa: SLF001  SQLAlchemy begins at the first statement, and so do we
                await adapted._start_transaction()  # noqa: SLF001
            found: Sequence[Any] = await adapted.driver_connection.fetch(self.sql, *values)
        except Exception as error:
            told = self._explained(adapted, error)
            if told is error:
                raise
            raise told from error
        return found

    def _explained(self, adapted: Any, error: Exception) -> Exception:  # noqa: ANN401  SQLAlchemy's adapter
        """The same exceptions as from SQLAlchemy's own way, for whoever tells faults apart."""
        try:
            adapted._handle_exception(error)  # noqa: SLF001  always raises
        except _driver.Error as told:
            made: Exception = DBAPIError.instance(
                self.sql, None, told, _driver.Error, hide_parameters=True, dialect=_dialect
            )
            return made
        except Exception as told:  # noqa: BLE001  not the driver's own, as a time that is over: it stays what it is
            return told
        return error

    def _read(self, row: Any) -> Row:  # noqa: ANN401  asyncpg has no types
        found = dict(row)
        for name, reader in self._readers:
            if found[name] is not None:
                found[name] = reader(found[name])
        return found


def _is_plain_array(type_: TypeEngine[Any]) -> bool:
    """Whether the driver takes the list as it is; SQLAlchemy's writer looks at every item to find that out."""
    if not isinstance(type_, ARRAY):
        return False
    item = type_.item_type.dialect_impl(_dialect)
    return item.bind_processor(_dialect) is None


def _readers(compiled: SQLCompiler) -> list[tuple[str, Callable[[Any], object]]]:
    found: list[tuple[str, Callable[[Any], object]]] = []
    for column in compiled._result_columns or ():  # noqa: SLF001  the columns as SQLAlchemy itself reads them
        reader = column.type.dialect_impl(_dialect).result_processor(_dialect, None)
        if reader is not None:
            found.append((column.keyname, reader))
    return found
