"""Preparatory courses and who is enrolled; a CHECK keeps the taken seats within the seats."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from applicant.forum.domain.courses import AlreadyEnrolled, Course, CourseNotFound
from applicant.forum.store.visits import ForumMemberRow
from applicant.tables import Tables
from common.db import Transaction


class CourseRow(Tables):
    __tablename__ = "course"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    title_ko: Mapped[str]
    title_en: Mapped[str]
    place: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    seats: Mapped[int]
    taken: Mapped[int]
    teacher_id: Mapped[UUID] = mapped_column(ForeignKey(ForumMemberRow.id), index=True)
    teacher_subject: Mapped[str]
    scheduled_by: Mapped[str]
    scheduled_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("seats > 0 AND taken BETWEEN 0 AND seats", name="seats"),
        Index("course_starts_at_id_idx", "starts_at", "id"),
    )


class EnrolmentRow(Tables):
    __tablename__ = "course_enrolment"

    course_id: Mapped[UUID] = mapped_column(ForeignKey(CourseRow.id), primary_key=True)
    company_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    enrolled_at: Mapped[datetime]
    attended: Mapped[bool | None]


async def add_course(tx: Transaction, course: Course) -> None:
    values = {name: getattr(course, name) for name in course.__slots__ if name != "held_at"}
    await tx.execute(insert(CourseRow).values(values))


async def hold_course(tx: Transaction, course_id: UUID) -> Course:
    """One course, under its lock until commit; raises CourseNotFound."""
    statement = select(*CourseRow.__table__.columns).where(CourseRow.id == course_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise CourseNotFound
    return Course(**row)


async def save_course(tx: Transaction, course: Course) -> None:
    """Write what became of a held course."""
    await tx.execute(
        update(CourseRow)
        .where(CourseRow.id == course.id)
        .values(taken=course.taken, held_at=course.held_at, version=course.version + 1)
    )


async def add_enrolment(tx: Transaction, course_id: UUID, company_id: UUID, *, at: datetime) -> None:
    """Enrol a firm in a course that is held; raises AlreadyEnrolled."""
    statement = insert_or_skip(EnrolmentRow).values(course_id=course_id, company_id=company_id, enrolled_at=at)
    added = await tx.execute(statement.on_conflict_do_nothing().returning(EnrolmentRow.company_id))
    if added.one_or_none() is None:
        raise AlreadyEnrolled


async def enrolled(tx: Transaction, course_id: UUID) -> list[UUID]:
    """The firms enrolled in a course."""
    statement = select(EnrolmentRow.company_id).where(EnrolmentRow.course_id == course_id)
    return list((await tx.execute(statement.order_by(EnrolmentRow.company_id))).scalars())


async def save_attendance(tx: Transaction, course_id: UUID, attended: Collection[UUID]) -> None:
    """Write down for each enrolled firm whether it came."""
    await tx.execute(
        update(EnrolmentRow)
        .where(EnrolmentRow.course_id == course_id)
        .values(attended=EnrolmentRow.company_id.in_(attended))
    )
