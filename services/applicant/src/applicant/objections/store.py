"""Objections in PostgreSQL. What people wrote in them is theirs: it stands here and nowhere else."""

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, insert, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.objections.domain import (
    Against,
    Consequence,
    Objection,
    ObjectionHasChanged,
    ObjectionNotFound,
    ObjectionState,
    Recommendation,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row


class ObjectionRow(Tables):
    """One per decision objected to, which its deadline stands for; what has been decided stays."""

    __tablename__ = "objection"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    deadline_id: Mapped[UUID] = mapped_column(ForeignKey("legal_deadline.id"), unique=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), index=True)
    company_id: Mapped[UUID]
    call_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    against: Mapped[str]
    statement: Mapped[str]
    evidence_sha256: Mapped[list[str]]
    filed_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str]
    recommendation: Mapped[str | None]
    findings: Mapped[str | None]
    prepared_by: Mapped[str | None]
    prepared_at: Mapped[datetime | None]
    consequence: Mapped[str | None]
    reason: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("against IN ('INELIGIBLE', 'NOT_SELECTED', 'RESERVE')", name="against"),
        CheckConstraint(
            "CASE state WHEN 'FILED' THEN prepared_by IS NULL AND decided_by IS NULL"
            " WHEN 'PREPARED' THEN prepared_by IS NOT NULL AND decided_by IS NULL"
            " WHEN 'UPHELD' THEN prepared_by IS NOT NULL AND decided_by IS NOT NULL AND consequence IS NOT NULL"
            " WHEN 'DISMISSED' THEN prepared_by IS NOT NULL AND decided_by IS NOT NULL AND consequence = 'NONE'"
            " ELSE false END",
            name="state",
        ),
        CheckConstraint("decided_by <> prepared_by", name="two_people"),
        Index("objection_company_id_id_idx", "company_id", "id"),
        Index("objection_municipality_code_id_idx", "municipality_code", "id"),
        Index("objection_call_id_id_idx", "call_id", "id"),
    )


async def add(tx: Transaction, objection: Objection) -> None:
    """Store a new objection."""
    await tx.execute(insert(ObjectionRow).values(**_columns(objection)))


async def get(tx: Transaction, objection_id: UUID, *, lock: bool = False) -> Objection:
    """One objection; raises ObjectionNotFound."""
    statement = select(*ObjectionRow.__table__.columns).where(ObjectionRow.id == objection_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise ObjectionNotFound
    return objection_from(row)


async def save(tx: Transaction, objection: Objection) -> Objection:
    """Write an objection as its next version; raises ObjectionHasChanged when somebody else was first."""
    values = {name: value for name, value in _columns(objection).items() if name in _CHANGES}
    row = await save_next_row(tx, ObjectionRow, objection.id, objection.version, values)
    if row is None:
        raise ObjectionHasChanged(current_version=(await get(tx, objection.id)).version)
    return objection_from(row)


def objection_from(row: RowMapping) -> Objection:
    """An objection out of its columns."""
    recommendation, consequence = row["recommendation"], row["consequence"]
    return Objection(
        **{field.name: row[field.name] for field in fields(Objection)}
        | {
            "against": Against(row["against"]),
            "evidence_sha256": tuple(row["evidence_sha256"]),
            "state": ObjectionState(row["state"]),
            "recommendation": None if recommendation is None else Recommendation(recommendation),
            "consequence": None if consequence is None else Consequence(consequence),
        }
    )


_CHANGES = frozenset(
    {
        "state",
        "recommendation",
        "findings",
        "prepared_by",
        "prepared_at",
        "consequence",
        "reason",
        "decided_by",
        "decided_at",
    }
)


def _columns(objection: Objection) -> dict[str, object]:
    columns = {field.name: getattr(objection, field.name) for field in fields(objection)}
    return columns | {
        "against": objection.against.value,
        "evidence_sha256": list(objection.evidence_sha256),
        "state": objection.state.value,
        "recommendation": objection.recommendation and objection.recommendation.value,
        "consequence": objection.consequence and objection.consequence.value,
    }
