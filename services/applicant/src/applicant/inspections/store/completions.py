"""Completion inspections in PostgreSQL."""

from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, RowMapping, UniqueConstraint, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from applicant.inspections.domain.completion import (
    Audit,
    Completion,
    CompletionHasChanged,
    CompletionNotFound,
    CompletionState,
)
from applicant.inspections.store import rules
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row

_AUDIT = tuple(field.name for field in fields(Audit))


class CompletionRow(Tables):
    """One round after another; the mentor who is to check is named by its subject, and sees the row by it."""

    __tablename__ = "completion"
    __table_args__ = (UniqueConstraint("project_id", "round"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("build.project_id"))
    round: Mapped[int]
    state: Mapped[str]
    reported_at: Mapped[datetime]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    installed_as_planned: Mapped[bool | None]
    functions_work: Mapped[bool | None]
    demonstrated_by_own_staff: Mapped[bool | None]
    demonstrated_on: Mapped[date | None]
    mentor_subject: Mapped[str | None]
    audited_by: Mapped[str | None]
    audited_at: Mapped[datetime | None]
    targets_reached: Mapped[bool | None]
    checked_by: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    rework_due_at: Mapped[datetime | None]
    concluded_by: Mapped[str | None]
    concluded_at: Mapped[datetime | None]
    rule_version: Mapped[str]
    version: Mapped[int]


Index("completion_due_idx", CompletionRow.rework_due_at, postgresql_where=CompletionRow.state == "REWORK")


async def add(tx: Transaction, completion: Completion) -> None:
    """Store a report."""
    await tx.execute(insert(CompletionRow).values(**_columns(completion)))


async def get(tx: Transaction, completion_id: UUID, *, lock: bool = False) -> Completion:
    """One report; with `lock` it stays as read until commit. Raises CompletionNotFound."""
    statement = select(*CompletionRow.__table__.columns).where(CompletionRow.id == completion_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise CompletionNotFound
    return _completion(row)


async def latest(tx: Transaction, project_id: UUID) -> Completion | None:
    """The newest round of a build."""
    statement = (
        select(*CompletionRow.__table__.columns)
        .where(CompletionRow.project_id == project_id)
        .order_by(CompletionRow.round.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _completion(row)


async def save(tx: Transaction, completion: Completion) -> Completion:
    """Write it as its next version; raises CompletionHasChanged when somebody else was first."""
    row = await save_next_row(tx, CompletionRow, completion.id, completion.version, _columns(completion))
    if row is None:
        raise CompletionHasChanged(current_version=(await get(tx, completion.id)).version)
    return _completion(row)


async def due(tx: Transaction, *, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """Builds whose newest round asks for rework that is overdue, the longest first."""
    later = CompletionRow.__table__.alias("later")
    rows = await tx.execute(
        select(CompletionRow.project_id, CompletionRow.id)
        .where(
            CompletionRow.state == CompletionState.REWORK.value,
            CompletionRow.rework_due_at <= now,
            ~select(later.c.id)
            .where(later.c.project_id == CompletionRow.project_id, later.c.round > CompletionRow.round)
            .exists(),
        )
        .order_by(CompletionRow.rework_due_at, CompletionRow.id)
        .limit(most)
    )
    return [(row.project_id, row.id) for row in rows]


def _columns(completion: Completion) -> dict[str, object]:
    columns = {field.name: getattr(completion, field.name) for field in fields(completion) if field.name != "audit"}
    seen = asdict(completion.audit) if completion.audit else dict.fromkeys(_AUDIT)
    return columns | seen | {"state": completion.state.value, "evidence": rules.kept(completion.evidence)}


def _completion(row: RowMapping) -> Completion:
    columns = dict(row)
    seen = {name: columns.pop(name) for name in _AUDIT}
    return Completion(
        **columns
        | {
            "state": CompletionState(row["state"]),
            "evidence": rules.read(row["evidence"]),
            "audit": Audit(**seen) if seen["mentor_subject"] is not None else None,
        }
    )
