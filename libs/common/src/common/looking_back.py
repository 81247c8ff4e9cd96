"""Reading tables as they were at an instant: the same queries, on the versions of rows that `row_versions_v1` keeps.

In a block `async with past.at(...)` each table named in a SELECT is, for PostgreSQL, a common table expression of the
same name: the last version of each row that was kept by then. So what is answered for an instant is made by the code
that answers for the present. Row-level security holds as ever: of the versions, and of the present rows they belong to.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Identity, Index, MetaData, Select, Table, Text, event, text
from sqlalchemy.dialects.postgresql import BIGINT, JSONB, TIMESTAMP
from sqlalchemy.sql.util import find_tables

from common.clock import SystemClock
from common.db import Transaction
from common.errors import InvalidInput
from common.errors import Text as Sentence
from common.prepared import REFUSED

_AT = text("SELECT set_config('smartfactory.as_of', :instant, true)")
_EARLIEST_YEAR = 2000

_real_time = SystemClock()


class Axis(StrEnum):
    """Which second is meant: of the programme's calendar (the law's), or of the real clock when it was recorded."""

    PROGRAMME = "programme"
    RECORDED = "recorded"


class InstantInFuture(InvalidInput):
    """Nobody knows yet what will be."""

    code = "instant-in-future"
    title = Sentence("아직 오지 않은 시각입니다", "The instant has not come yet")
    detail = Sentence(
        "{at} 시점은 아직 오지 않았습니다. 지금은 {now}입니다.", "{at} has not come yet; it is {now} by that clock."
    )


class InstantTooEarly(InvalidInput):
    """A slip of the pen rather than a question."""

    code = "instant-too-early"
    title = Sentence("사업보다 훨씬 이른 시각입니다", "The instant is long before the programme")
    detail = Sentence(
        "{year}년 이후의 시각을 시간대와 함께 적어 주십시오.",
        "Give an instant of the year {year} or later, with offset.",
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A table whose versions are kept: its key as the migration names it, and columns that never change in a row.

    What a query narrows rows by should be among `fixed`: it is asked of the present table, by its indexes.
    """

    table: Table
    key: Sequence[str]
    fixed: Collection[str] = ()


def declare(metadata: MetaData) -> None:
    """Add the table of versions to the tables of a service whose migrations make it."""
    Table(
        "row_version",
        metadata,
        Column("id", BIGINT, Identity(always=True), primary_key=True),
        Column("relation", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("content", JSONB, nullable=False),
        Column("words", JSONB, nullable=True),
        Column("programme_at", TIMESTAMP(timezone=True), nullable=False),
        Column("recorded_at", TIMESTAMP(timezone=True), nullable=False),
        Index("row_version_relation_key_id_idx", "relation", "key", "id"),
    )


def checked(at: datetime, axis: Axis, *, now: datetime) -> datetime:
    """The instant, if anything can be known of it; `now` is programme time."""
    now = now if axis is Axis.PROGRAMME else _real_time.now()
    if at.year < _EARLIEST_YEAR:
        raise InstantTooEarly(year=_EARLIEST_YEAR, field="/at")
    if at > now:
        raise InstantInFuture(at=at.isoformat(), now=now.isoformat(), field="/at")
    return at


class Past:
    """The kept tables of one service, and those of which a row never changes once others may refer to it."""

    def __init__(self, kept: Sequence[Kept], *, fixed: Collection[Table] = ()) -> None:
        self._fixed = {table.name for table in fixed}
        self._kept = {axis: {each.table.name: _as_it_was(each, f"{axis.value}_at") for each in kept} for axis in Axis}
        self._keys = {each.table.name: tuple(each.key) for each in kept}

    @property
    def tables(self) -> Mapping[str, Sequence[str]]:
        """The tables whose versions are read, each with the key that tells its rows apart."""
        return self._keys

    @property
    def fixed(self) -> Collection[str]:
        """The tables that are read as they are, since their rows never change."""
        return self._fixed

    @contextlib.asynccontextmanager
    async def at(self, tx: Transaction, instant: datetime, axis: Axis) -> AsyncIterator[None]:
        """Show the tables as they were; what happened at exactly this instant has happened. Nothing can be changed."""
        connection = tx.sync_connection
        assert connection is not None  # noqa: S101  a transaction is open
        await tx.execute(_AT, {"instant": instant.isoformat()})
        look_back = self._listener(axis)
        event.listen(connection, "before_cursor_execute", look_back, retval=True)
        tx.info[REFUSED] = True
        try:
            yield
        finally:
            del tx.info[REFUSED]
            event.remove(connection, "before_cursor_execute", look_back)

    def _listener(self, axis: Axis) -> Callable[..., tuple[str, Any]]:
        as_it_was, fixed = self._kept[axis], self._fixed

        def look_back(
            _connection: object,
            _cursor: object,
            statement: str,
            parameters: object,
            context: Any,  # noqa: ANN401  SQLAlchemy's own
            _many: object,
        ) -> tuple[str, object]:
            asked = getattr(context.compiled, "statement", None)
            if not isinstance(asked, Select) or statement.lstrip()[:6].upper() != "SELECT":
                raise TypeError("only a SELECT can be asked of the past")
            named = {
                table.name
                for table in find_tables(asked, include_joins=True, include_selects=True, check_columns=True)
                if isinstance(table, Table)
            }
            if unknown := named - as_it_was.keys() - fixed:
                raise LookupError(f"no versions are kept of {', '.join(sorted(unknown))}")
            past = [as_it_was[name] for name in sorted(named & as_it_was.keys())]
            return (f"WITH {', '.join(past)} {statement}" if past else statement), parameters

        return look_back


def _as_it_was(kept: Kept, moment: str) -> str:
    name = kept.table.name
    key = " || '/' || ".join(f'now_."{part}"::text' for part in kept.key)
    fixed = {*kept.key, *kept.fixed}
    columns = ", ".join(
        f'now_."{column.name}"' if column.name in fixed else f'(version.then_)."{column.name}"'
        for column in kept.table.columns
    )
    return (
        # Names of tables and columns only, as the code declares them; the instant is a setting of the transaction.
        f'"{name}" AS NOT MATERIALIZED (SELECT {columns} FROM public."{name}" AS now_ JOIN LATERAL ('  # noqa: S608
        "SELECT jsonb_populate_record(now_, content || coalesce(words, '{}')) AS then_ FROM public.row_version"
        f" WHERE relation = '{name}' AND key = {key}"
        f" AND {moment} <= current_setting('smartfactory.as_of')::timestamptz"
        " ORDER BY id DESC LIMIT 1) AS version ON TRUE)"
    )


def tables_of(metadata: MetaData, kept: Mapping[str, tuple[Sequence[str], Collection[str]]]) -> list[Kept]:
    """The kept tables by name, with key and what never changes: features name tables, and know no other's rows."""
    return [Kept(metadata.tables[name], key, fixed) for name, (key, fixed) in kept.items()]
