"""Cohorts and mentors in PostgreSQL."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, Text, UniqueConstraint, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from mentoring.mentors.domain import (
    AlreadyRecruited,
    Cohort,
    CohortTerms,
    CohortUnknown,
    Mastery,
    Mentor,
    MentorState,
)
from mentoring.tables import Tables


class MentorCohortRow(Tables):
    """One cohort and its terms, which stay as they are."""

    __tablename__ = "mentor_cohort"
    __table_args__ = (
        CheckConstraint("team_size_min BETWEEN 1 AND team_size_max", name="team_size"),
        CheckConstraint("residency_weeks_min BETWEEN 1 AND residency_weeks_max", name="residency_weeks"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    recruited_on: Mapped[date]
    experience_years_min: Mapped[int]
    team_size_min: Mapped[int]
    team_size_max: Mapped[int]
    residency_weeks_min: Mapped[int]
    residency_weeks_max: Mapped[int]
    source_note: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]


class MentorRow(Tables):
    """One mentor. A CHECK holds training and its evidence together."""

    __tablename__ = "mentor"
    __table_args__ = (
        UniqueConstraint("subject"),
        CheckConstraint("state IN ('RECRUITED', 'TRAINED')", name="state"),
        CheckConstraint(
            "(state = 'TRAINED') = (trained_on IS NOT NULL)"
            " AND (trained_on IS NULL) = (training_evidence_sha256 IS NULL)",
            name="training",
        ),
        CheckConstraint("version > 0", name="version"),
        Index("mentor_cohort_idx", "cohort_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    cohort_id: Mapped[UUID] = mapped_column(ForeignKey("mentor_cohort.id"))
    subject: Mapped[str]
    experience_years: Mapped[int]
    processes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    technologies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    ksic_divisions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str]
    recruited_by: Mapped[str]
    recruited_at: Mapped[datetime]
    trained_on: Mapped[date | None]
    training_evidence_sha256: Mapped[str | None]
    version: Mapped[int]


async def add_cohort(tx: Transaction, cohort: Cohort) -> None:
    """Store a new cohort."""
    terms = cohort.terms
    await tx.execute(
        insert(MentorCohortRow).values(
            id=cohort.id,
            title=cohort.title,
            recruited_on=cohort.recruited_on,
            experience_years_min=terms.experience_years_min,
            team_size_min=terms.team_size_min,
            team_size_max=terms.team_size_max,
            residency_weeks_min=terms.residency_weeks_min,
            residency_weeks_max=terms.residency_weeks_max,
            source_note=terms.source_note,
            opened_by=cohort.opened_by,
            opened_at=cohort.opened_at,
        )
    )


async def get_cohort(tx: Transaction, cohort_id: UUID) -> Cohort:
    """One cohort, which never changes; raises CohortUnknown."""
    row = (await tx.execute(select(*MentorCohortRow.__table__.c).where(MentorCohortRow.id == cohort_id))).one_or_none()
    if row is None:
        raise CohortUnknown(cohort_id=cohort_id)
    return Cohort(
        id=row.id,
        title=row.title,
        recruited_on=row.recruited_on,
        terms=CohortTerms(
            experience_years_min=row.experience_years_min,
            team_size_min=row.team_size_min,
            team_size_max=row.team_size_max,
            residency_weeks_min=row.residency_weeks_min,
            residency_weeks_max=row.residency_weeks_max,
            source_note=row.source_note,
        ),
        opened_by=row.opened_by,
        opened_at=row.opened_at,
    )


async def add_mentor(tx: Transaction, mentor: Mentor) -> None:
    """Store a new mentor; raises AlreadyRecruited for an account that is one."""
    added = await tx.execute(
        insert(MentorRow)
        .values(
            id=mentor.id,
            cohort_id=mentor.cohort_id,
            subject=mentor.subject,
            experience_years=mentor.experience_years,
            processes=sorted(mentor.mastery.processes),
            technologies=sorted(mentor.mastery.technologies),
            ksic_divisions=sorted(mentor.mastery.ksic_divisions),
            state=mentor.state,
            recruited_by=mentor.recruited_by,
            recruited_at=mentor.recruited_at,
            version=mentor.version,
        )
        .on_conflict_do_nothing(index_elements=["subject"])
        .returning(MentorRow.id)
    )
    if added.one_or_none() is None:
        raise AlreadyRecruited


async def get_locked(tx: Transaction, mentor_ids: Collection[UUID]) -> list[Mentor]:
    """Those of these that exist, as they stay until commit; locked in one order for everybody."""
    return await _read(tx, select(*MentorRow.__table__.c).where(MentorRow.id.in_(mentor_ids)).with_for_update())


async def save_training(tx: Transaction, mentor: Mentor) -> None:
    """Store that a mentor whom this transaction has locked completed the training."""
    await tx.execute(
        update(MentorRow)
        .where(MentorRow.id == mentor.id)
        .values(
            state=mentor.state,
            trained_on=mentor.trained_on,
            training_evidence_sha256=mentor.training_evidence_sha256,
            version=mentor.version,
        )
    )


async def _read(tx: Transaction, statement: Select[tuple[object, ...]]) -> list[Mentor]:
    return [
        Mentor(
            id=row.id,
            cohort_id=row.cohort_id,
            subject=row.subject,
            experience_years=row.experience_years,
            mastery=Mastery(
                processes=frozenset(row.processes),
                technologies=frozenset(row.technologies),
                ksic_divisions=frozenset(row.ksic_divisions),
            ),
            state=MentorState(row.state),
            recruited_by=row.recruited_by,
            recruited_at=row.recruited_at,
            trained_on=row.trained_on,
            training_evidence_sha256=row.training_evidence_sha256,
            version=row.version,
        )
        for row in await tx.execute(statement.order_by(MentorRow.id))
    ]
