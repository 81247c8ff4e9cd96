"""The table of holds on release lines."""

from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Select, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from contracts.types import Source
from funding.releases.domain.holds import Hold, HoldReason
from funding.releases.domain.refusals import HoldHasChanged, HoldUnknown
from funding.tables import Tables


class ReleaseHoldRow(Tables):
    """A CHECK wants two people to lift what a person placed; a trigger makes it wait for an order, and the reverse."""

    __tablename__ = "release_hold"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "source"], ["release_line.project_id", "release_line.source"]),
        Index("release_hold_open_idx", "project_id", "source", postgresql_where=text("lifted_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    source: Mapped[str]
    reason: Mapped[str]
    placed_by: Mapped[str]
    placed_at: Mapped[datetime]
    lift_proposed_by: Mapped[str | None]
    lift_proposed_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
    version: Mapped[int]


_COLUMNS = ReleaseHoldRow.__table__.columns


async def add(tx: Transaction, hold: Hold) -> None:
    """Store a new hold."""
    await tx.execute(insert(ReleaseHoldRow).values(**{each.name: getattr(hold, each.name) for each in fields(hold)}))


async def project_of(tx: Transaction, hold_id: UUID) -> UUID:
    """Whose money a hold holds; raises HoldUnknown."""
    statement = select(ReleaseHoldRow.project_id).where(ReleaseHoldRow.id == hold_id)
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    if found is None:
        raise HoldUnknown
    return found


async def get_locked(tx: Transaction, hold_id: UUID) -> Hold:
    """One hold that stays as read until commit; raises HoldUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(ReleaseHoldRow.id == hold_id).with_for_update())
    if not found:
        raise HoldUnknown
    return found[0]


async def open_on(tx: Transaction, project_id: UUID, source: Source | None = None) -> list[Hold]:
    """The holds that stand on a line, or on all lines of a project."""
    statement = select(*_COLUMNS).where(ReleaseHoldRow.project_id == project_id, ReleaseHoldRow.lifted_at.is_(None))
    if source is not None:
        statement = statement.where(ReleaseHoldRow.source == source)
    return await _read(tx, statement.order_by(ReleaseHoldRow.id))


async def save(tx: Transaction, hold: Hold) -> None:
    """Store a step of lifting as the next version; raises HoldHasChanged when somebody else was first."""
    values = {
        "lift_proposed_by": hold.lift_proposed_by,
        "lift_proposed_at": hold.lift_proposed_at,
        "lifted_by": hold.lifted_by,
        "lifted_at": hold.lifted_at,
    }
    if not await save_next(tx, ReleaseHoldRow, hold.id, hold.version, values):
        raise HoldHasChanged(current_version=hold.version + 1)


async def _read(tx: Transaction, statement: Select[Any]) -> list[Hold]:
    return [
        Hold(**{**row, "source": Source(row["source"]), "reason": HoldReason(row["reason"])})
        for row in (await tx.execute(statement)).mappings()
    ]
