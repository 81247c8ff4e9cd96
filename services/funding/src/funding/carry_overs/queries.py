"""Reading carry-overs, and what lapses at the end of a year: a municipality its own lines, the province all."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of
from contracts.types import Source
from funding.budgets import queries as budgets
from funding.carry_overs import domain, store
from funding.carry_overs.domain import CarryOverState, CarryOverUnknown, Cause
from funding.carry_overs.store import CarryOverRow, limit_by_line, limits_of
from funding.ledger import queries as ledger
from funding.visibility import seen_in_its_area

__all__ = [
    "CarryOverState",
    "CarryOverView",
    "LapsingView",
    "carry_overs_of_lines",
    "get_carry_over",
    "lapsing_of",
    "lapsing_once_carried",
    "lines_carried_into",
    "lines_over_limit",
    "list_carry_overs",
    "list_lapsing",
]

lines_carried_into = store.lines_carried_into


class CarryOverView(View):
    """One line's money carried into the next year; only what is CONFIRMED may be paid in it.

    `amount_won` was committed and unpaid, `paid_won` had been paid: more than both together never leaves the line.
    """

    id: UUID
    budget_line_id: UUID
    municipality_code: str | None
    fiscal_year: int
    to_year: int
    amount_won: int
    paid_won: int
    cause: Cause
    reference: str
    state: CarryOverState
    proposed_at: datetime
    confirmed_at: datetime | None
    version: int


class LapsingView(View):
    """What one line loses at the end of its year: `lapsing_won` is uncommitted, or unpaid and not carried over.

    Nothing of a private fund lapses. `days_left` is how many days the year still has; negative once it is over. Of the
    unpaid, `under_way_won` is asked for and not paid yet: what of it is neither ordered by the last day nor carried
    over ends with the year.
    """

    budget_line_id: UUID
    source: Source
    municipality_code: str | None
    track: str
    fiscal_year: int
    legal_regime: str
    days_left: int
    uncommitted_won: int
    unpaid_won: int
    under_way_won: int
    carried_won: int
    lapsing_won: int


async def list_carry_overs(
    tx: Transaction, page: PageRequest, *, by: Principal, fiscal_year: int | None, state: CarryOverState | None
) -> Page[CarryOverView]:
    """Carry-overs, oldest first."""
    statement = select(*CarryOverRow.__table__.columns).where(_visible(by))
    if fiscal_year is not None:
        statement = statement.where(CarryOverRow.fiscal_year == fiscal_year)
    if state is not None:
        statement = statement.where(CarryOverRow.state == state.value)
    return await page_of(CarryOverView, tx, statement, page, by=[CarryOverRow.id])


async def get_carry_over(tx: Transaction, carry_over_id: UUID, *, by: Principal) -> CarryOverView:
    """One carry-over, if it is the caller's to see."""
    statement = select(*CarryOverRow.__table__.columns).where(CarryOverRow.id == carry_over_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise CarryOverUnknown
    return CarryOverView.model_validate(row)


async def carry_overs_of_lines(
    tx: Transaction, line_ids: Collection[UUID], portion: Portion, *, by: Principal
) -> list[CarryOverView]:
    """A part of what was carried over of these lines, oldest first."""
    statement = select(*CarryOverRow.__table__.columns).where(CarryOverRow.budget_line_id.in_(line_ids), _visible(by))
    rows = await tx.execute(portion.of(statement.order_by(CarryOverRow.id)))
    return [CarryOverView.model_validate(row) for row in rows]


async def list_lapsing(
    tx: Transaction, page: PageRequest, *, by: Principal, fiscal_year: int, now: datetime
) -> Page[LapsingView]:
    """The lines of a year with what they would lose at its end."""
    wanted = budgets.BudgetLineFilter(fiscal_year=fiscal_year, state=[budgets.LineState.CONFIRMED])
    lines = await budgets.list_lines(tx, page, wanted, sort=budgets.BudgetLineSort.PROPOSED, by=by)
    items = await lapsing_of(tx, [line.id for line in lines.items], fiscal_year=fiscal_year, now=now)
    return Page[LapsingView](items=items, next=lines.next, prev=lines.prev)


async def lapsing_of(
    tx: Transaction, line_ids: Sequence[UUID], *, fiscal_year: int, now: datetime
) -> list[LapsingView]:
    """What these lines of one year would lose at its end, by the caller's own view of the books.

    Line, ledger and limit are read in one statement: what is committed or released at this moment is counted once.
    """
    line = budgets.lines_named(line_ids).subquery("line")
    money = ledger.money_by_line(line_ids).subquery("money")
    limit = limit_by_line(line_ids, year=fiscal_year + 1).subquery("carried")
    amounts = [money.c.unpaid_won, money.c.pending_won, money.c.paid_won, limit.c.limit_won]
    statement = (
        select(line, *(func.coalesce(each, 0).label(each.name) for each in amounts))
        .outerjoin(money, money.c.budget_line_id == line.c.id)
        .outerjoin(limit, limit.c.budget_line_id == line.c.id)
    )
    today = now.astimezone(KST).date()
    found = {row.id: _lapsing_row(row, today=today) for row in await tx.execute(statement)}
    return [found[each] for each in line_ids]


async def lapsing_once_carried(
    tx: Transaction, line_ids: Sequence[UUID], *, year: int, now: datetime
) -> list[LapsingView]:
    """What these lines lose at the end of the year that their money was carried into: it is carried over once.

    The money that is left of it, and nothing else: what was not carried over lapsed with the line's own year.
    """
    today = now.astimezone(KST).date()
    found = await lapsing_of(tx, line_ids, fiscal_year=year - 1, now=now)
    return [_lapsing_again(each, days_left=domain.days_left(year, today)) for each in found]


async def lines_over_limit(tx: Transaction, line_ids: Sequence[UUID], *, now: datetime) -> frozenset[UUID]:
    """For a later feature: those whose year is over and which need more than was carried over."""
    if not line_ids:
        return frozenset()
    today = now.astimezone(KST).date()
    years = await budgets.years_of(tx, line_ids)
    over = [each for each, line in years.items() if domain.is_over(line.legal_regime, line.fiscal_year, today)]
    money, limits = await ledger.money_of(tx, over), await limits_of(tx, over, year=today.year)
    used_won = {each: of.paid_won + of.pending_won for each, of in money.items()}
    return frozenset(each for each in over if used_won.get(each, 0) > limits.get(each, 0))


def _lapsing_again(before: LapsingView, *, days_left: int) -> LapsingView:
    left_won = before.carried_won
    lapsing_won = domain.lapsing_won(before.legal_regime, uncommitted_won=0, unpaid_won=left_won, carried_won=0)
    return before.model_copy(
        update={
            "days_left": days_left,
            "uncommitted_won": 0,
            "unpaid_won": left_won,
            "carried_won": 0,
            "lapsing_won": lapsing_won,
        }
    )


def _lapsing_row(row: Row[Any], *, today: date) -> LapsingView:
    money = ledger.LineMoney(int(row.unpaid_won), int(row.pending_won), int(row.paid_won))
    return _lapsing(budgets.BudgetLineView.model_validate(row), money, row.limit_won, today=today)


def _lapsing(line: budgets.BudgetLineView, money: ledger.LineMoney, limit_won: int, *, today: date) -> LapsingView:
    carried_won = domain.carried_won(unpaid_won=money.unpaid_won, paid_won=money.paid_won, limit_won=limit_won)
    return LapsingView(
        budget_line_id=line.id,
        source=line.source,
        municipality_code=line.municipality_code,
        track=line.track,
        fiscal_year=line.fiscal_year,
        legal_regime=line.legal_regime,
        days_left=domain.days_left(line.fiscal_year, today),
        uncommitted_won=line.left_won,
        unpaid_won=money.unpaid_won,
        under_way_won=money.pending_won,
        carried_won=carried_won,
        lapsing_won=domain.lapsing_won(
            line.legal_regime, uncommitted_won=line.left_won, unpaid_won=money.unpaid_won, carried_won=carried_won
        ),
    )


def _visible(by: Principal) -> ColumnElement[bool]:
    return seen_in_its_area(by, CarryOverRow.municipality_code)
