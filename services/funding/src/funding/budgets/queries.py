"""Reading budget lines: a municipality sees its own, the province, the technopark and the auditor see all."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import eq, ge
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, select
from sqlalchemy.sql.operators import in_op

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, order, page_of
from contracts.types import Source
from funding.budgets.domain import BudgetLineUnknown, LegalRegime, LineState
from funding.budgets.store import BudgetLineRow
from funding.visibility import seen_in_its_area

__all__ = [
    "BudgetLineFilter",
    "BudgetLineSort",
    "BudgetLineView",
    "LineState",
    "LineYear",
    "confirmed_of",
    "get_line",
    "lines_named",
    "list_lines",
    "year_of",
    "years_of",
]


class BudgetLineSort(StrEnum):
    """The orders there are; `-` is the latest first."""

    PROPOSED = "id"
    PROPOSED_LAST = "-id"
    CHANGED = "changed_at"
    CHANGED_LAST = "-changed_at"


@dataclass(frozen=True, slots=True)
class BudgetLineFilter:
    """What a list is narrowed to: any of these states, and changes from a moment on (that moment included)."""

    track: str | None = None
    fiscal_year: int | None = None
    source: Source | None = None
    municipality_code: str | None = None
    state: Collection[LineState] = ()
    changed_from: datetime | None = None


class BudgetLineView(View):
    """One budget line. `left_won` is what may still be committed: nothing before the line is confirmed.

    `changed_at` is when this version was recorded, in real time: what a machine that follows changes goes by.
    """

    id: UUID
    source: Source
    track: str
    fiscal_year: int
    municipality_code: str | None
    amount_won: int
    committed_won: int
    left_won: int
    legal_regime: LegalRegime
    funder: str
    state: LineState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    version: int
    changed_at: datetime


_LINES = select(
    *BudgetLineRow.__table__.columns,
    case(
        (BudgetLineRow.state == LineState.CONFIRMED, BudgetLineRow.amount_won - BudgetLineRow.committed_won), else_=0
    ).label("left_won"),
)
_SORTS = {"id": BudgetLineRow.id, "changed_at": BudgetLineRow.changed_at}


async def get_line(tx: Transaction, line_id: UUID, *, by: Principal) -> BudgetLineView:
    """One line, or BudgetLineUnknown when it is not the caller's to see."""
    row = (await tx.execute(_LINES.where(BudgetLineRow.id == line_id, _visible(by)))).one_or_none()
    if row is None:
        raise BudgetLineUnknown(budget_line_id=line_id)
    return BudgetLineView.model_validate(row)


@dataclass(frozen=True, slots=True)
class LineYear:
    """Of which year a line's money is, and which law binds it."""

    fiscal_year: int
    legal_regime: str


async def year_of(tx: Transaction, line_id: UUID) -> LineYear:
    """For a later feature: a line that a row of this service names, whoever asks."""
    statement = select(BudgetLineRow.fiscal_year, BudgetLineRow.legal_regime).where(BudgetLineRow.id == line_id)
    row = (await tx.execute(statement)).one()
    return LineYear(row.fiscal_year, row.legal_regime)


def lines_named(line_ids: Sequence[UUID]) -> Select[Any]:
    """For a later feature's statement: these lines as they are listed, with what may still be committed."""
    return _LINES.where(BudgetLineRow.id.in_(line_ids))


async def confirmed_of(tx: Transaction, *, fiscal_year: int) -> list[BudgetLineView]:
    """For a later feature: all lines of a year that money can be drawn on, in the order they were proposed."""
    statement = _LINES.where(BudgetLineRow.fiscal_year == fiscal_year, BudgetLineRow.state == LineState.CONFIRMED)
    return [BudgetLineView.model_validate(row) for row in await tx.execute(statement.order_by(BudgetLineRow.id))]


async def years_of(tx: Transaction, line_ids: Collection[UUID]) -> dict[UUID, LineYear]:
    """The same of many lines."""
    statement = select(BudgetLineRow.id, BudgetLineRow.fiscal_year, BudgetLineRow.legal_regime)
    rows = await tx.execute(statement.where(BudgetLineRow.id.in_(line_ids)))
    return {row.id: LineYear(row.fiscal_year, row.legal_regime) for row in rows}


async def list_lines(
    tx: Transaction, page: PageRequest, wanted: BudgetLineFilter, *, sort: BudgetLineSort, by: Principal
) -> Page[BudgetLineView]:
    """The lines the caller may see."""
    statement = _LINES.where(_visible(by), *_narrowed(wanted))
    return await page_of(BudgetLineView, tx, statement, page, **order(sort, by=_SORTS, unique=BudgetLineRow.id))


def _narrowed(wanted: BudgetLineFilter) -> list[ColumnElement[bool]]:
    row, states = BudgetLineRow, [state.value for state in wanted.state]
    return narrowed(
        (row.track, eq, wanted.track),
        (row.fiscal_year, eq, wanted.fiscal_year),
        (row.source, eq, wanted.source),
        (row.municipality_code, eq, wanted.municipality_code),
        (row.state, in_op, states or None),
        (row.changed_at, ge, wanted.changed_from),
    )


def _visible(by: Principal) -> ColumnElement[bool]:
    return seen_in_its_area(by, BudgetLineRow.municipality_code)
