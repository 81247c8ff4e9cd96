"""The table of budget lines. Lines are locked before they are drawn on, always in the same order."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import FetchedValue, Select, UniqueConstraint, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import Source, Won
from funding.budgets.domain import (
    BudgetExceeded,
    BudgetLine,
    BudgetLineExists,
    BudgetLineUnknown,
    LegalRegime,
    LineState,
)
from funding.tables import Tables


class BudgetLineRow(Tables):
    """A CHECK keeps `committed_won` between nothing and `amount_won`, and at commit it must agree with the ledger."""

    __tablename__ = "budget_line"
    __table_args__ = (
        UniqueConstraint("track", "fiscal_year", "source", "municipality_code", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    track: Mapped[str]
    fiscal_year: Mapped[int]
    municipality_code: Mapped[str | None]
    amount_won: Mapped[int]
    legal_regime: Mapped[str]
    funder: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    committed_won: Mapped[int]
    version: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


_COLUMNS = BudgetLineRow.__table__.columns


async def add(tx: Transaction, line: BudgetLine) -> None:
    """Store a proposal; raises BudgetLineExists when its source already has a line for that track and year."""
    added = await tx.execute(
        insert(BudgetLineRow)
        .values(
            id=line.id,
            source=line.source,
            track=line.track,
            fiscal_year=line.fiscal_year,
            municipality_code=line.municipality_code,
            amount_won=line.amount_won,
            legal_regime=line.legal_regime,
            funder=line.funder,
            state=line.state,
            proposed_by=line.proposed_by,
            proposed_at=line.proposed_at,
            committed_won=line.committed_won,
            version=line.version,
        )
        .on_conflict_do_nothing()
        .returning(BudgetLineRow.id)
    )
    if added.one_or_none() is None:
        raise BudgetLineExists(track=line.track, fiscal_year=line.fiscal_year, source=line.source)


async def get_locked(tx: Transaction, line_id: UUID) -> BudgetLine:
    """One line that stays as read until commit; raises BudgetLineUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(BudgetLineRow.id == line_id).with_for_update())
    if not found:
        raise BudgetLineUnknown(budget_line_id=line_id)
    return found[0]


async def lock_lines_of(
    tx: Transaction, *, track: str, fiscal_year: int, sources: Mapping[Source, str | None]
) -> list[BudgetLine]:
    """The lines of these sources (with the municipality for each), locked in one order for everybody.

    Shared lines come before a municipality's, then by id. So whoever holds any line of a track and year holds its
    shared line first, and two consumers whose transactions span several projects cannot deadlock.
    """
    if not sources:
        return []
    row = BudgetLineRow
    wanted = or_(
        *(
            and_(row.source == source, row.municipality_code.is_not_distinct_from(code))
            for source, code in sources.items()
        )
    )
    return await _read(
        tx,
        select(*_COLUMNS)
        .where(row.track == track, row.fiscal_year == fiscal_year, wanted)
        .order_by(BudgetLineRow.municipality_code.asc().nulls_first(), BudgetLineRow.id)
        .with_for_update(),
    )


async def lock_by_ids(tx: Transaction, line_ids: Collection[UUID]) -> list[BudgetLine]:
    """These lines, locked in the same order as by `lock_lines_of`."""
    return await _read(
        tx,
        select(*_COLUMNS)
        .where(BudgetLineRow.id.in_(line_ids))
        .order_by(BudgetLineRow.municipality_code.asc().nulls_first(), BudgetLineRow.id)
        .with_for_update(),
    )


async def save_confirmed(tx: Transaction, line: BudgetLine) -> None:
    """Store a confirmation of a line that this transaction has locked."""
    await tx.execute(
        update(BudgetLineRow)
        .where(BudgetLineRow.id == line.id)
        .values(state=line.state, confirmed_by=line.confirmed_by, confirmed_at=line.confirmed_at, version=line.version)
    )


async def move_committed(tx: Transaction, line: BudgetLine, *, by_won: int) -> None:
    """Change what a line has promised. The WHERE repeats rule F-05, so that not even a wrong lock can overspend."""
    moved = await tx.execute(
        update(BudgetLineRow)
        .where(
            BudgetLineRow.id == line.id,
            BudgetLineRow.state == LineState.CONFIRMED,
            BudgetLineRow.committed_won + by_won <= BudgetLineRow.amount_won,
        )
        .values(committed_won=BudgetLineRow.committed_won + by_won, version=BudgetLineRow.version + 1)
    )
    if moved.rowcount != 1:
        raise BudgetExceeded(budget_line_id=line.id, needed_won=by_won, left_won=line.left_won)


async def _read(tx: Transaction, statement: Select[tuple[object, ...]]) -> list[BudgetLine]:
    rows = (await tx.execute(statement)).all()
    return [
        BudgetLine(
            id=row.id,
            source=Source(row.source),
            track=row.track,
            fiscal_year=row.fiscal_year,
            municipality_code=row.municipality_code,
            amount_won=Won(row.amount_won),
            legal_regime=LegalRegime(row.legal_regime),
            funder=row.funder,
            state=LineState(row.state),
            proposed_by=row.proposed_by,
            proposed_at=row.proposed_at,
            confirmed_by=row.confirmed_by,
            confirmed_at=row.confirmed_at,
            committed_won=Won(row.committed_won),
            version=row.version,
        )
        for row in rows
    ]
