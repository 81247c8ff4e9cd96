"""The Forum's members, and the preparatory courses that they teach to firms before a call.

Who attended is written down once, when the course was held; with that its teacher is tied to each of these firms.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of a member firm, by the name that the provider gives; whoever has left coaches nobody any more."""

    id: UUID
    subject: str
    name: str
    firm_name: str
    admitted_by: str
    admitted_at: datetime
    left_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One course; `taken` seats never exceed `seats`, in SQL as well."""

    id: UUID
    title_ko: str
    title_en: str
    place: str
    starts_at: datetime
    ends_at: datetime
    seats: int
    taken: int
    teacher_id: UUID
    teacher_subject: str
    scheduled_by: str
    scheduled_at: datetime
    held_at: datetime | None = None
    version: int = 1


class MemberNotFound(NotFound):
    code = "forum-member-not-found"
    title = Text("상생협의회 위원을 찾을 수 없습니다", "There is no such member of the Forum")
    detail = Text("지금 활동하는 위원의 번호인지 확인해 주세요.", "Check that it is the id of a present member.")


class MemberAlreadyAdmitted(RuleRefused):
    code = "forum-member-already-admitted"
    title = Text("이미 가입한 위원입니다", "The member is admitted already")
    detail = Text("새로 저장된 것은 없습니다.", "Nothing was stored.")


class MemberHasChanged(StaleVersion):
    code = "forum-member-has-changed"
    title = Text("위원 정보가 그 사이에 바뀌었습니다", "The member has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽어 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class MemberHasLeft(RuleRefused):
    code = "forum-member-has-left"
    title = Text("이미 탈퇴한 위원입니다", "The member has left already")
    detail = Text("바뀐 것은 없습니다.", "Nothing was changed.")


class CourseNotFound(NotFound):
    code = "course-not-found"
    title = Text("교육 과정을 찾을 수 없습니다", "There is no such course")
    detail = Text("교육 과정 번호를 확인해 주세요.", "Check the course's id.")


class CourseTimesWrong(InvalidInput):
    code = "course-times-wrong"
    title = Text("교육 시간이 올바르지 않습니다", "The course's times are wrong")
    detail = Text(
        "교육은 아직 시작하지 않았고, 시작한 뒤에 끝나야 합니다. 저장된 것은 없습니다.",
        "A course begins in the future and ends after it began. Nothing was stored.",
    )


class CourseFull(RuleRefused):
    code = "course-full"
    title = Text("교육 정원이 찼습니다", "The course is full")
    detail = Text("정원 {seats}개사가 모두 신청했습니다.", "All {seats} seats are taken. Nothing was stored.")


class CourseBegun(RuleRefused):
    code = "course-begun"
    title = Text("이미 시작한 교육입니다", "The course has begun")
    detail = Text("{starts_at} 전에 신청해야 했습니다.", "Firms enrolled before {starts_at}. Nothing was stored.")


class AlreadyEnrolled(RuleRefused):
    code = "course-already-enrolled"
    title = Text("이미 신청한 교육입니다", "The firm is enrolled already")
    detail = Text("새로 저장된 것은 없습니다.", "Nothing was stored.")


class CourseNotOver(RuleRefused):
    code = "course-not-over"
    title = Text("아직 끝나지 않은 교육입니다", "The course is not over")
    detail = Text("출석은 {ends_at}부터 적을 수 있습니다.", "Who attended is written down from {ends_at} on.")


class CourseAlreadyHeld(RuleRefused):
    code = "course-already-held"
    title = Text("이미 출석을 적은 교육입니다", "Attendance is written down already")
    detail = Text("출석은 바뀌지 않습니다.", "It stays as it is.")


class CourseNotYours(NotPermitted):
    code = "course-not-yours"
    title = Text("다른 위원의 교육입니다", "Another member teaches the course")
    detail = Text("출석은 가르친 위원만 적습니다.", "Only its teacher writes attendance down. Nothing was stored.")


class CourseHasChanged(StaleVersion):
    code = "course-has-changed"
    title = Text("교육이 그 사이에 바뀌었습니다", "The course has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽어 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class NotEnrolled(InvalidInput):
    code = "course-not-enrolled"
    title = Text("신청하지 않은 기업이 있습니다", "A firm among them is not enrolled")
    detail = Text(
        "{count}개 기업은 이 교육을 신청하지 않았습니다. 저장된 것은 없습니다.",
        "{count} of these firms are not enrolled in this course. Nothing was stored.",
    )


def leave(member: Member, *, read_version: int, now: datetime) -> Member:
    """End a membership; what the member has coached stays a tie."""
    if member.version != read_version:
        raise MemberHasChanged(current_version=member.version)
    if member.left_at is not None:
        raise MemberHasLeft
    return replace(member, left_at=now)


def check_times(*, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """A course lies ahead and has a length."""
    if not now < starts_at < ends_at:
        raise CourseTimesWrong(field="/starts_at")


def take_seat(course: Course, *, now: datetime) -> Course:
    """One more firm, while there is a seat and the course has not begun."""
    if now >= course.starts_at:
        raise CourseBegun(starts_at=course.starts_at.isoformat())
    if course.taken >= course.seats:
        raise CourseFull(seats=course.seats)
    return replace(course, taken=course.taken + 1)


def hold(
    course: Course,
    *,
    attended: Collection[UUID],
    enrolled: Collection[UUID],
    read_version: int,
    by_subject: str,
    now: datetime,
) -> Course:
    """Write down, once, which of the enrolled firms came."""
    if course.teacher_subject != by_subject:
        raise CourseNotYours
    if course.held_at is not None:
        raise CourseAlreadyHeld
    if course.version != read_version:
        raise CourseHasChanged(current_version=course.version)
    if now < course.ends_at:
        raise CourseNotOver(ends_at=course.ends_at.isoformat())
    if strangers := set(attended) - set(enrolled):
        raise NotEnrolled(count=len(strangers), field="/company_ids")
    return replace(course, held_at=now)
