"""Interim inspections in PostgreSQL."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, RowMapping, insert, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from applicant.inspections.domain.interim import (
    OPEN_STATES,
    InspectionHasChanged,
    InspectionNotFound,
    Interim,
    InterimState,
)
from applicant.inspections.store import rules
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row


class InterimInspectionRow(Tables):
    """One open inspection per build; none is ever removed."""

    __tablename__ = "interim_inspection"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("build.project_id"), index=True)
    state: Mapped[str]
    planned_on: Mapped[date]
    inspected_by: Mapped[str | None]
    visited_at: Mapped[datetime | None]
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    fix_due_at: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]
    rule_version: Mapped[str]
    version: Mapped[int]


Index(
    "interim_inspection_open_idx",
    InterimInspectionRow.project_id,
    unique=True,
    postgresql_where=InterimInspectionRow.state.in_(sorted(state.value for state in OPEN_STATES)),
)
Index(
    "interim_inspection_due_idx",
    InterimInspectionRow.fix_due_at,
    postgresql_where=InterimInspectionRow.state == InterimState.CONDITIONAL.value,
)


async def add(tx: Transaction, inspection: Interim) -> None:
    """Store a planned inspection."""
    await tx.execute(insert(InterimInspectionRow).values(**_columns(inspection)))


async def get(tx: Transaction, inspection_id: UUID) -> Interim:
    """One inspection, of a build that the caller holds; raises InspectionNotFound."""
    statement = select(*InterimInspectionRow.__table__.columns).where(InterimInspectionRow.id == inspection_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise InspectionNotFound
    return _interim(row)


async def latest(tx: Transaction, project_id: UUID) -> Interim | None:
    """The newest inspection of a build."""
    statement = (
        select(*InterimInspectionRow.__table__.columns)
        .where(InterimInspectionRow.project_id == project_id)
        .order_by(InterimInspectionRow.id.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _interim(row)


async def inspectors(tx: Transaction, project_id: UUID) -> frozenset[str]:
    """Who inspected this build on its way."""
    statement = select(InterimInspectionRow.inspected_by).where(
        InterimInspectionRow.project_id == project_id, InterimInspectionRow.inspected_by.is_not(None)
    )
    return frozenset(person for person in (await tx.execute(statement)).scalars() if person is not None)


async def save(tx: Transaction, inspection: Interim) -> Interim:
    """Write an inspection as its next version; raises InspectionHasChanged when somebody else was first."""
    row = await save_next_row(tx, InterimInspectionRow, inspection.id, inspection.version, _columns(inspection))
    if row is None:
        raise InspectionHasChanged(current_version=(await get(tx, inspection.id)).version)
    return _interim(row)


async def due(tx: Transaction, *, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """Builds with an inspection whose fix is overdue, the longest first."""
    rows = await tx.execute(
        select(InterimInspectionRow.project_id, InterimInspectionRow.id)
        .where(InterimInspectionRow.state == InterimState.CONDITIONAL.value, InterimInspectionRow.fix_due_at <= now)
        .order_by(InterimInspectionRow.fix_due_at, InterimInspectionRow.id)
        .limit(most)
    )
    return [(row.project_id, row.id) for row in rows]


def _columns(inspection: Interim) -> dict[str, object]:
    columns = {field.name: getattr(inspection, field.name) for field in fields(inspection)}
    return columns | {"state": inspection.state.value, "evidence": rules.kept(inspection.evidence)}


def _interim(row: RowMapping) -> Interim:
    return Interim(**{**row, "state": InterimState(row["state"]), "evidence": rules.read(row["evidence"])})
