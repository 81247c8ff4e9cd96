"""The tables of coverages: one per signed agreement, with a line per source that pays."""

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from contracts.types import Source, Won
from funding.coverages.domain import Coverage, CoverageHasChanged, CoverageLine, CoverageState, CoverageUnknown
from funding.tables import Tables


class CoverageRow(Tables):
    """A trigger refuses COMPLETED while a line is not covered, and every way back."""

    __tablename__ = "coverage"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("commitment.project_id"), primary_key=True)
    commitment_id: Mapped[UUID]
    call_id: Mapped[UUID] = mapped_column(index=True)
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str] = mapped_column(index=True)
    state: Mapped[str]
    opened_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    granted_at: Mapped[datetime | None]
    version: Mapped[int]


class CoverageLineRow(Tables):
    """`covered_by` is issuer and subject, and leaves in no answer."""

    __tablename__ = "coverage_line"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("coverage.project_id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    municipality_code: Mapped[str | None]
    budget_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("budget_line.id"), index=True)
    amount_won: Mapped[int]
    reference: Mapped[str | None]
    evidence_sha256: Mapped[str | None]
    covered_by: Mapped[str | None]
    covered_at: Mapped[datetime | None]


async def add(tx: Transaction, coverage: Coverage) -> bool:
    """Store a new coverage with its lines; False if the project has one already."""
    values = {each.name: getattr(coverage, each.name) for each in fields(coverage) if each.name != "lines"}
    added = await tx.execute(
        insert_or_skip(CoverageRow).values(**values).on_conflict_do_nothing().returning(CoverageRow.project_id)
    )
    if added.one_or_none() is None:
        return False
    lines = [
        {
            "project_id": coverage.project_id,
            "source": line.source,
            "position": position,
            "municipality_code": line.municipality_code,
            "budget_line_id": line.budget_line_id,
            "amount_won": line.amount_won,
        }
        for position, line in enumerate(coverage.lines, start=1)
    ]
    await tx.execute(insert(CoverageLineRow).values(lines))
    return True


async def find(tx: Transaction, project_id: UUID, *, lock: bool = False) -> Coverage | None:
    """A project's coverage; with `lock` it stays as read until commit."""
    statement = select(*CoverageRow.__table__.columns).where(CoverageRow.project_id == project_id)
    found = await tx.execute(statement.with_for_update() if lock else statement)
    row = found.mappings().one_or_none()
    if row is None:
        return None
    lines = await tx.execute(
        select(*CoverageLineRow.__table__.columns)
        .where(CoverageLineRow.project_id == project_id)
        .order_by(CoverageLineRow.position)
    )
    return Coverage(**{**row, "state": CoverageState(row["state"])}, lines=tuple(_line(each) for each in lines))


async def get(tx: Transaction, project_id: UUID, *, lock: bool = False) -> Coverage:
    """The same; raises CoverageUnknown."""
    found = await find(tx, project_id, lock=lock)
    if found is None:
        raise CoverageUnknown
    return found


async def save_line(tx: Transaction, project_id: UUID, line: CoverageLine) -> None:
    """Store who covered a line of a coverage that this transaction has locked."""
    await tx.execute(
        update(CoverageLineRow)
        .where(CoverageLineRow.project_id == project_id, CoverageLineRow.source == line.source)
        .values(
            reference=line.reference,
            evidence_sha256=line.evidence_sha256,
            covered_by=line.covered_by,
            covered_at=line.covered_at,
        )
    )


async def save_state(tx: Transaction, coverage: Coverage) -> None:
    """Store a new state as the next version; raises CoverageHasChanged when somebody else was first."""
    values = {"state": coverage.state, "completed_at": coverage.completed_at, "granted_at": coverage.granted_at}
    if not await save_next(tx, CoverageRow, coverage.project_id, coverage.version, values):
        raise CoverageHasChanged(current_version=coverage.version + 1)


def _line(row: object) -> CoverageLine:
    values = {each.name: getattr(row, each.name) for each in fields(CoverageLine)}
    return CoverageLine(**values | {"source": Source(values["source"]), "amount_won": Won(values["amount_won"])})
