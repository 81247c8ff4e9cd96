"""Preparatory courses: a member teaches, firms take the seats, and who came is written down once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from applicant.companies import queries as companies
from applicant.evaluations import commands as evaluations
from applicant.evaluations.commands import CoachingSource
from applicant.forum.domain import courses as domain
from applicant.forum.domain.courses import Course
from applicant.forum.store import courses as store
from applicant.forum.store import visits as members
from common import journal
from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue


@dataclass(frozen=True, slots=True)
class CoursePlan:
    """What a course is, where and when, for how many firms."""

    title_ko: str
    title_en: str
    place: str
    starts_at: datetime
    ends_at: datetime
    seats: int
    teacher_id: UUID


async def schedule_course(tx: Transaction, plan: CoursePlan, *, by: Principal, now: datetime) -> UUID:
    """Offer a course that a present member teaches."""
    domain.check_times(starts_at=plan.starts_at, ends_at=plan.ends_at, now=now)
    teacher = await members.get_member(tx, plan.teacher_id, present=True)
    course = Course(
        id=new_id(),
        title_ko=plan.title_ko,
        title_en=plan.title_en,
        place=plan.place,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        seats=plan.seats,
        taken=0,
        teacher_id=plan.teacher_id,
        teacher_subject=teacher.subject,
        scheduled_by=by.person,
        scheduled_at=now,
    )
    await store.add_course(tx, course)
    facts: dict[str, JsonValue] = {
        "starts_at": plan.starts_at.isoformat(),
        "seats": plan.seats,
        "teacher_id": str(plan.teacher_id),
    }
    await journal.record(tx, chain=f"course/{course.id}", decision="course-scheduled", by=by, at=now, facts=facts)
    return course.id


async def enrol(tx: Transaction, course_id: UUID, *, by: Principal, now: datetime) -> None:
    """Take one of the seats for the caller's firm; the last one goes to one firm."""
    company_id = companies.own_company_id(by)
    async with as_service(tx):
        course = await store.hold_course(tx, course_id)
        taken = domain.take_seat(course, now=now)
        await store.add_enrolment(tx, course_id, company_id, at=now)
        await store.save_course(tx, taken)
    facts: dict[str, JsonValue] = {"company_id": str(company_id), "taken": taken.taken}
    await journal.record(tx, chain=f"course/{course_id}", decision="course-enrolled", by=by, at=now, facts=facts)


async def record_attendance(
    tx: Transaction, course_id: UUID, company_ids: Sequence[UUID], *, read_version: int, by: Principal, now: datetime
) -> None:
    """Write down who came to the caller's own course, which ties its teacher to these firms."""
    course = await store.hold_course(tx, course_id)
    enrolled = await store.enrolled(tx, course_id)
    held = domain.hold(
        course,
        attended=company_ids,
        enrolled=enrolled,
        read_version=read_version,
        by_subject=by.subject,
        now=now,
    )
    await store.save_attendance(tx, course_id, company_ids)
    await store.save_course(tx, held)
    facts: dict[str, JsonValue] = {"attended": [str(each) for each in company_ids], "enrolled": len(enrolled)}
    await journal.record(tx, chain=f"course/{course_id}", decision="course-held", by=by, at=now, facts=facts)
    await evaluations.note_coaching(
        tx, [course.teacher_subject], company_ids, source=CoachingSource.COURSE, source_id=course_id, by=by, now=now
    )
