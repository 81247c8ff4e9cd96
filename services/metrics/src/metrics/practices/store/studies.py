"""Who studied a good practice, and what projects adopted of it."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, RowMapping, Text, UniqueConstraint, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from metrics.practices.domain.studies import (
    Adoption,
    DeclineReason,
    PracticeAdoptedAlready,
    PracticeStudyHasChanged,
    PracticeStudyOpen,
    PracticeStudyUnknown,
    Study,
    StudyKind,
    StudyState,
)
from metrics.tables import Tables


class PracticeStudyRow(Tables):
    """One request; what was asked stays, and it is settled once."""

    __tablename__ = "practice_study"
    __table_args__ = (
        CheckConstraint("(visitor_company_id IS NULL) <> (visitor_office IS NULL)", name="visitor"),
        CheckConstraint("kind IN ('VISIT', 'PAPERS')", name="kind"),
        Index(
            "practice_study_company_open_idx",
            "good_practice_id",
            "visitor_company_id",
            unique=True,
            postgresql_where=text("state = 'REQUESTED'"),
        ),
        Index(
            "practice_study_office_open_idx",
            "good_practice_id",
            "visitor_office",
            unique=True,
            postgresql_where=text("state = 'REQUESTED'"),
        ),
        Index("practice_study_good_practice_id_idx", "good_practice_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    good_practice_id: Mapped[UUID] = mapped_column(ForeignKey("good_practice.id"))
    practice_company_id: Mapped[UUID]
    practice_municipality_code: Mapped[str]
    visitor_company_id: Mapped[UUID | None]
    visitor_office: Mapped[str | None]
    kind: Mapped[str]
    wanted_on: Mapped[date]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    requested_on: Mapped[date]
    state: Mapped[str]
    held_on: Mapped[date | None]
    decline_reason: Mapped[str | None]
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    version: Mapped[int]


class PracticeAdoptionRow(Tables):
    """What a project took over, recorded once."""

    __tablename__ = "practice_adoption"
    __table_args__ = (
        UniqueConstraint("good_practice_id", "project_id"),
        Index("practice_adoption_study_id_idx", "study_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    study_id: Mapped[UUID] = mapped_column(ForeignKey("practice_study.id"))
    good_practice_id: Mapped[UUID]
    project_id: Mapped[UUID]
    company_id: Mapped[UUID]
    municipality_code: Mapped[str]
    processes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    technologies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    adopted_on: Mapped[date]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


async def add_study(tx: Transaction, study: Study) -> None:
    """Store a request; raises PracticeStudyOpen while another of its visitor for the case is open."""
    values: dict[str, Any] = {field.name: getattr(study, field.name) for field in fields(study)}
    statement = insert(PracticeStudyRow).values(**values).on_conflict_do_nothing().returning(PracticeStudyRow.id)
    if (await tx.execute(statement)).one_or_none() is None:
        raise PracticeStudyOpen


async def get_study(tx: Transaction, study_id: UUID, *, lock: bool = False) -> Study:
    """One request that the caller sees; raises PracticeStudyUnknown."""
    statement = select(*PracticeStudyRow.__table__.columns).where(PracticeStudyRow.id == study_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise PracticeStudyUnknown
    return _study(row)


async def save_study(tx: Transaction, study: Study) -> None:
    """Store what came of it as the next version; raises PracticeStudyHasChanged when somebody else was first."""
    values = {name: getattr(study, name) for name in ("state", "held_on", "decline_reason", "settled_by", "settled_at")}
    if not await save_next(tx, PracticeStudyRow, study.id, study.version, values):
        raise PracticeStudyHasChanged(current_version=study.version + 1)


async def add_adoption(tx: Transaction, adoption: Adoption) -> None:
    """Store what was adopted; raises PracticeAdoptedAlready when the project's is on record."""
    values: dict[str, Any] = {field.name: getattr(adoption, field.name) for field in fields(adoption)}
    values |= {"processes": list(adoption.processes), "technologies": list(adoption.technologies)}
    statement = insert(PracticeAdoptionRow).values(**values).on_conflict_do_nothing().returning(PracticeAdoptionRow.id)
    if (await tx.execute(statement)).one_or_none() is None:
        raise PracticeAdoptedAlready


def _study(row: RowMapping) -> Study:
    typed = {
        "kind": StudyKind(row["kind"]),
        "state": StudyState(row["state"]),
        "decline_reason": row["decline_reason"] and DeclineReason(row["decline_reason"]),
    }
    return Study(**{**row, **typed})
