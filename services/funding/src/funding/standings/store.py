"""The table of standings: of a project one question at a time, and every answer there ever was."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, RowMapping, Select, UniqueConstraint, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.standings import BusinessStatus
from funding.standings.domain import Standing, StandingState, StandingUnknown
from funding.tables import Tables


class StandingRow(Tables):
    """A trigger lets it be answered once, and nothing of it be changed after that."""

    __tablename__ = "standing"
    __table_args__ = (
        UniqueConstraint("project_id", "number"),
        Index("standing_one_asked_idx", "project_id", unique=True, postgresql_where=text("state = 'ASKED'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("coverage.project_id"))
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str]
    number: Mapped[int]
    rule_version: Mapped[str]
    state: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    status: Mapped[str | None]
    national_tax_arrears: Mapped[bool | None]
    local_tax_arrears: Mapped[bool | None]
    about: Mapped[date | None]
    answered_at: Mapped[datetime | None]
    answer_sha256: Mapped[str | None]
    holds_until: Mapped[datetime | None]


_NAMES = tuple(each.name for each in fields(Standing))
_ANSWERED = (
    *("state", "status", "national_tax_arrears", "local_tax_arrears"),
    *("about", "answered_at", "answer_sha256", "holds_until"),
)


async def add(tx: Transaction, standing: Standing) -> bool:
    """Store a new question; False if the project's last one is not answered yet."""
    values = {name: getattr(standing, name) for name in _NAMES}
    added = await tx.execute(insert(StandingRow).values(**values).on_conflict_do_nothing().returning(StandingRow.id))
    return added.one_or_none() is not None


async def waiting_locked(tx: Transaction, project_id: UUID) -> Standing | None:
    """The project's question that waits for its answer; it stays as read until commit."""
    return await _first(tx, _of(project_id).where(StandingRow.state == StandingState.ASKED).with_for_update())


async def next_number(tx: Transaction, project_id: UUID) -> int:
    """What a project's next question is called; of two who ask at once, one finds it taken."""
    statement = select(func.coalesce(func.max(StandingRow.number), 0)).where(StandingRow.project_id == project_id)
    return int((await tx.execute(statement)).scalar_one()) + 1


async def last_answered(tx: Transaction, project_id: UUID) -> Standing | None:
    """The newest question of a project that was answered."""
    return await _first(tx, _of(project_id).where(StandingRow.state != StandingState.ASKED))


async def project_of(tx: Transaction, standing_id: UUID) -> UUID:
    """Whose project was asked about; raises StandingUnknown."""
    statement = select(StandingRow.project_id).where(StandingRow.id == standing_id)
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    if found is None:
        raise StandingUnknown(standing_id=standing_id)
    return found


async def get_locked(tx: Transaction, standing_id: UUID) -> Standing:
    """One that stays as read until commit; raises StandingUnknown."""
    row = await _first(
        tx, select(*StandingRow.__table__.columns).where(StandingRow.id == standing_id).with_for_update()
    )
    if row is None:
        raise StandingUnknown(standing_id=standing_id)
    return row


async def save_answer(tx: Transaction, standing: Standing) -> None:
    """Keep the answer of a question that this transaction has locked."""
    values = {name: getattr(standing, name) for name in _ANSWERED}
    await tx.execute(update(StandingRow).where(StandingRow.id == standing.id).values(**values))


def _of(project_id: UUID) -> Select[Any]:
    statement = select(*StandingRow.__table__.columns).where(StandingRow.project_id == project_id)
    return statement.order_by(StandingRow.number.desc()).limit(1)


async def _first(tx: Transaction, statement: Select[Any]) -> Standing | None:
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _standing(row)


def _standing(row: RowMapping) -> Standing:
    status = None if row["status"] is None else BusinessStatus(row["status"])
    return Standing(**{**row, "state": StandingState(row["state"]), "status": status})
