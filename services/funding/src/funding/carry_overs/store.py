"""The table of carry-overs: of a budget line one proposal at a time, confirmed ones as often as more was promised."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from contracts.types import Won
from funding.carry_overs.domain import (
    CarryOver,
    CarryOverExists,
    CarryOverHasChanged,
    CarryOverState,
    CarryOverUnknown,
    Cause,
)
from funding.tables import Tables


class CarryOverRow(Tables):
    """CHECKs want two people and the year before; triggers on releases ask for it once the line's year is over."""

    __tablename__ = "carry_over"
    __table_args__ = (
        Index(
            "carry_over_one_proposed_idx", "budget_line_id", unique=True, postgresql_where=text("state = 'PROPOSED'")
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    budget_line_id: Mapped[UUID] = mapped_column(ForeignKey("budget_line.id"), index=True)
    municipality_code: Mapped[str | None]
    fiscal_year: Mapped[int]
    to_year: Mapped[int]
    amount_won: Mapped[int]
    paid_won: Mapped[int]
    cause: Mapped[str]
    reference: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    version: Mapped[int]


async def add(tx: Transaction, carried: CarryOver) -> None:
    """Store a proposal; raises CarryOverExists."""
    values = {each.name: getattr(carried, each.name) for each in fields(carried)}
    added = await tx.execute(insert(CarryOverRow).values(**values).on_conflict_do_nothing().returning(CarryOverRow.id))
    if added.one_or_none() is None:
        raise CarryOverExists


async def get_locked(tx: Transaction, carry_over_id: UUID) -> CarryOver:
    """One that stays as read until commit; raises CarryOverUnknown."""
    statement = select(*CarryOverRow.__table__.columns).where(CarryOverRow.id == carry_over_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise CarryOverUnknown
    typed = {
        "cause": Cause(row["cause"]),
        "state": CarryOverState(row["state"]),
        "amount_won": Won(row["amount_won"]),
        "paid_won": Won(row["paid_won"]),
    }
    return CarryOver(**{**row, **typed})


async def limits_of(tx: Transaction, line_ids: Sequence[UUID], *, year: int) -> dict[UUID, int]:
    """By line, how much may ever leave it by what was carried into that year; of a line without any, nothing."""
    return {line_id: int(won) for line_id, won in await tx.execute(limit_by_line(line_ids, year=year))}


def limit_by_line(line_ids: Sequence[UUID], *, year: int) -> Select[UUID, int]:
    """The same as a part of a larger statement."""
    return (
        select(
            CarryOverRow.budget_line_id,
            func.max(CarryOverRow.amount_won + CarryOverRow.paid_won).label("limit_won"),
        )
        .where(
            CarryOverRow.budget_line_id.in_(line_ids),
            CarryOverRow.state == CarryOverState.CONFIRMED,
            CarryOverRow.to_year >= year,
        )
        .group_by(CarryOverRow.budget_line_id)
    )


async def lines_carried_into(tx: Transaction, year: int) -> list[UUID]:
    """The lines of which money was carried into a year, in a fixed order."""
    row = CarryOverRow
    statement = select(row.budget_line_id).where(row.to_year == year, row.state == CarryOverState.CONFIRMED)
    return list((await tx.execute(statement.distinct().order_by(row.budget_line_id))).scalars())


async def save(tx: Transaction, carried: CarryOver) -> None:
    """Store the confirmation; raises CarryOverHasChanged when somebody else was first."""
    values = {
        "state": carried.state,
        "amount_won": carried.amount_won,
        "paid_won": carried.paid_won,
        "confirmed_by": carried.confirmed_by,
        "confirmed_at": carried.confirmed_at,
    }
    if not await save_next(tx, CarryOverRow, carried.id, carried.version, values):
        raise CarryOverHasChanged(current_version=carried.version + 1)
