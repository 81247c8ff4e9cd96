"""What is asked of a table, and what a table is: columns, readers, filters, and where its rows come from."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from common.auth import Principal
from common.db import Transaction
from common.errors import Text
from common.saved_tables import Column, Headings, Kind, Value
from contracts.roles import MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from contracts.types import MUNICIPALITIES
from metrics.gauge.queries import PublicGauges
from metrics.outcomes.queries.proofs import WaveAfter
from metrics.outcomes.queries.published import Published
from metrics.practices.queries.cases import PracticeState

_PART = 1_000
_NAMES = {str(each.code): Text(each.ko, each.en) for each in MUNICIPALITIES}

OVERSEERS = frozenset({Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *PROVINCE_ROLES})
INSIDERS = frozenset({*OVERSEERS, *MUNICIPALITY_ROLES})

WON = Text("원", "won")
BASIS_POINTS = Text("만분율", "bp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """To what a table is narrowed; each table knows some of them."""

    as_of: date | None = None
    fiscal_year: int | None = None
    track: str | None = None
    wave: WaveAfter | None = None
    call_id: UUID | None = None
    state: PracticeState | None = None

    def given(self) -> dict[str, str]:
        """Those that were said, as text."""
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: str(value) for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks when and for what. A municipality sees its own; below `minimum` everybody sees nothing.

    `published` and `gauges` are this process's tables for everybody: anybody may ask for them as often as they like.
    """

    by: Principal | None
    now: datetime
    minimum: int
    filters: Filters
    published: Published
    gauges: PublicGauges

    @property
    def municipality_code(self) -> str | None:
        return self.by.tenant if self.by is not None and self.by.role in MUNICIPALITY_ROLES else None

    @property
    def caller(self) -> Principal:
        """Whoever asks, where a table is not for everybody."""
        assert self.by is not None  # noqa: S101  its route lets nobody in without a token
        return self.by


Parts = AsyncIterator[Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table to save. `readers` is empty where everybody may; those of its filters in `needs` must be said."""

    name: str
    title: Text
    columns: Sequence[Column]
    readers: frozenset[Role] = INSIDERS
    filters: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    parts: Callable[[Transaction, Asked], Parts]

    async def rows(self, tx: Transaction, asked: Asked, headings: Headings) -> AsyncIterator[list[list[Value]]]:
        """All rows in the order of the columns, part after part; no more than one part is held."""
        names = [column.name for column in self.columns]
        async for part in self.parts(tx, asked):
            yield [[_value(row, name, headings) for name in names] for row in part]


def text(name: str, ko: str, en: str) -> Column:
    return Column(name, Text(ko, en))


def number(name: str, ko: str, en: str, unit: Text | None = None) -> Column:
    return Column(name, Text(ko, en), Kind.NUMBER, unit)


def won(name: str, ko: str, en: str) -> Column:
    return number(name, ko, en, WON)


def basis_points(name: str, ko: str, en: str) -> Column:
    return number(name, ko, en, BASIS_POINTS)


def flag(name: str, ko: str, en: str) -> Column:
    return Column(name, Text(ko, en), Kind.FLAG)


def day(name: str, ko: str, en: str) -> Column:
    return Column(name, Text(ko, en), Kind.DAY)


def moment(name: str, ko: str, en: str) -> Column:
    return Column(name, Text(ko, en), Kind.MOMENT, Text("한국 시각", "Korean time"))


MUNICIPALITY = (
    text("municipality_code", "시·군 코드", "Municipality code"),
    text("municipality", "시·군", "Municipality"),
)
"""Its code, and its name in the language of the headings."""


async def from_database(tx: Transaction, statement: Select[Any]) -> Parts:
    """The rows of a statement from a cursor on the server, a part of them at a time."""
    async with tx.stream(statement.execution_options(yield_per=_PART)) as found:
        async for part in found.mappings().partitions():
            yield part


async def at_once(rows: Iterable[Mapping[str, Any]]) -> Parts:
    """Rows that are few by nature, and are worked out as a whole."""
    yield list(rows)


def _value(row: Mapping[str, Any], name: str, headings: Headings) -> Value:
    if name == "municipality":
        return _place(row["municipality_code"], headings)
    found = row[name]
    if isinstance(found, UUID):
        return str(found)
    if isinstance(found, Enum):
        return str(found.value)
    if isinstance(found, list):
        return "; ".join(_listed(each) for each in found)
    if isinstance(found, dict):
        return "; ".join(f"{key}={count}" for key, count in found.items())
    value: Value = found
    return value


def _place(code: str | None, headings: Headings) -> str | None:
    known = _NAMES.get(code or "")
    if known is None:
        return None
    return known.en if headings is Headings.EN else known.ko


def _listed(each: Any) -> str:  # noqa: ANN401  a code, or a figure of several parts
    return " ".join(str(part) for part in each.values()) if isinstance(each, dict) else str(each)
