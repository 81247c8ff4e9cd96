"""HTTP: preparatory courses that members of the Forum teach and firms take."""

from datetime import UTC
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import AwareDatetime, Field

from applicant.forum import queries
from applicant.forum.commands import courses as commands
from applicant.forum.queries import CourseView
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, anyone, router, with_etag
from contracts.roles import COMPANY_ROLES, Role

routes = router(tags=["forum"])

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Forum = Annotated[Principal, allowed(Role.FORUM_MEMBER)]


class ScheduleCourse(Body):
    """What is taught, where and when, for how many firms and by which member."""

    title_ko: _Text
    title_en: _Text
    place: _Text
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    seats: int = Field(ge=1, le=1000)
    teacher_id: UUID


class RecordAttendance(Body):
    company_ids: list[UUID] = Field(max_length=1000, description="The enrolled firms that came.")


@routes.post(
    "/v1/courses", status_code=201, operation_id="scheduleCourse", summary="교육 과정 개설 (Offer a preparatory course)"
)
async def schedule_course(body: ScheduleCourse, by: _Forum, tx: Tx, now: Now, response: Response) -> CourseView:
    """상생협의회 위원이 가르칩니다. A member of the Forum teaches it."""
    plan = commands.CoursePlan(
        body.title_ko,
        body.title_en,
        body.place,
        body.starts_at.astimezone(UTC),
        body.ends_at.astimezone(UTC),
        body.seats,
        body.teacher_id,
    )
    return with_etag(await queries.view_course(tx, await commands.schedule_course(tx, plan, by=by, now=now)), response)


@routes.get("/v1/courses", operation_id="listCourses", summary="교육 과정 목록 (List preparatory courses)")
async def list_courses(by: Annotated[Principal | None, anyone()], tx: Tx, page: PageQuery) -> Page[CourseView]:
    """날짜 순서의 교육 과정. Courses by their day; the enrolments are on the single course."""
    return await queries.list_courses(tx, page)


@routes.get("/v1/courses/{course_id}", operation_id="getCourse", summary="교육 과정 조회 (Read a course)")
async def get_course(
    course_id: UUID, by: Annotated[Principal | None, anyone()], tx: Tx, response: Response
) -> CourseView:
    """교육 과정 하나. 기업은 자기 신청만 봅니다. One course; a firm sees its own enrolment only."""
    return with_etag(await queries.view_course(tx, course_id), response)


@routes.post(
    "/v1/courses/{course_id}/enrolments",
    status_code=201,
    operation_id="enrolInCourse",
    summary="교육 신청 (Take a seat in a course)",
)
async def enrol(
    course_id: UUID,
    by: Annotated[Principal, allowed(*sorted(COMPANY_ROLES))],
    tx: Tx,
    now: Now,
    response: Response,
) -> CourseView:
    """정원 안에서 기업당 한 자리. One seat per firm, while there are seats and before it begins."""
    await commands.enrol(tx, course_id, by=by, now=now)
    return with_etag(await queries.view_course(tx, course_id), response)


@routes.post(
    "/v1/courses/{course_id}/attendances",
    status_code=201,
    operation_id="recordAttendance",
    summary="교육 출석 기록 (Write down who came)",
)
async def record_attendance(
    course_id: UUID,
    body: RecordAttendance,
    by: _Forum,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> CourseView:
    """끝난 뒤 가르친 위원이 한 번 적습니다. 출석한 기업의 신청은 평가할 수 없게 됩니다.

    Once it is over its teacher writes it down, once, and judges no application of these firms from then on.
    """
    await commands.record_attendance(tx, course_id, body.company_ids, read_version=version, by=by, now=now)
    return with_etag(await queries.view_course(tx, course_id), response)
