"""A visit to a firm that sent a letter: who coaches it, and how ready it is by the checklist of that day.

ASSIGNED -> REPORTED. Whoever is assigned is tied to the firm from that moment on and judges none of its applications,
whether or not the visit takes place: the tie is what counts, not how well it was used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text


class VisitState(StrEnum):
    ASSIGNED = "ASSIGNED"
    REPORTED = "REPORTED"


class Readiness(StrEnum):
    """How the firm stands on one item of the checklist."""

    READY = "READY"
    NOT_YET = "NOT_YET"
    NOT_APPLICABLE = "NOT_APPLICABLE"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing to have ready for the call."""

    item: str
    ko: str
    en: str
    source: str


@dataclass(frozen=True, slots=True)
class Checklist:
    """A version of the readiness checklist, in force from a day on."""

    version: str
    valid_from: date
    note: str
    items: tuple[ChecklistItem, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a visit."""

    visited_on: date
    findings: str
    checklist_version: str
    answers: Mapping[str, Readiness]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit; the coach is a member of the Forum, beside them may come a mentor, who is tied to the firm as well."""

    id: UUID
    letter_id: UUID
    company_id: UUID
    municipality_code: str
    member_id: UUID
    coach_subject: str
    mentor_subject: str | None
    planned_on: date
    assigned_by: str
    assigned_at: datetime
    state: VisitState = VisitState.ASSIGNED
    report: Report | None = None
    reported_at: datetime | None = None
    version: int = 1


class VisitNotFound(NotFound):
    code = "forum-visit-not-found"
    title = Text("방문을 찾을 수 없습니다", "There is no such visit")
    detail = Text("방문 번호를 확인해 주세요.", "Check the visit's id.")


class VisitHasChanged(StaleVersion):
    code = "forum-visit-has-changed"
    title = Text("방문이 그 사이에 바뀌었습니다", "The visit has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 적어 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class VisitNotYours(NotPermitted):
    code = "forum-visit-not-yours"
    title = Text("다른 위원의 방문입니다", "The visit is another member's")
    detail = Text(
        "방문 결과는 배정된 위원만 적을 수 있습니다. 저장된 것은 없습니다.",
        "Only the member who was assigned reports it. Nothing was stored.",
    )


class VisitAlreadyReported(RuleRefused):
    code = "forum-visit-already-reported"
    title = Text("이미 결과를 적은 방문입니다", "The visit is reported already")
    detail = Text("방문 결과는 바뀌지 않습니다.", "A report stays as it is.")


class VisitBeforeToday(InvalidInput):
    code = "forum-visit-in-the-past"
    title = Text("방문 예정일이 지났습니다", "The visit is planned in the past")
    detail = Text("{today} 이후의 날짜를 적어 주세요.", "Give {today} or a later day.")


class VisitInTheFuture(InvalidInput):
    code = "forum-visit-in-the-future"
    title = Text("아직 오지 않은 날의 방문입니다", "The visit is in the future")
    detail = Text("{today}까지의 날짜를 적어 주세요.", "Give {today} or an earlier day.")


class VisitBeforeAssigned(InvalidInput):
    code = "forum-visit-before-assigned"
    title = Text("배정되기 전의 방문입니다", "The visit is dated before it was assigned")
    detail = Text("{assigned_on} 이후의 날짜를 적어 주세요.", "Give {assigned_on} or a later day.")


class ChecklistIncomplete(InvalidInput):
    """Every item of the checklist in force is answered, and no other."""

    code = "checklist-incomplete"
    title = Text("점검표가 맞지 않습니다", "The checklist is not answered as it is")
    detail = Text(
        "점검표 {version}의 항목은 {items}입니다. 모두 답해 주세요. 저장된 것은 없습니다.",
        "Checklist {version} has the items {items}: answer each of them and no other. Nothing was stored.",
    )


def plan_visit(visit: Visit, *, today: date) -> Visit:
    """Refuse a visit that is planned for a day that is over."""
    if visit.planned_on < today:
        raise VisitBeforeToday(today=today.isoformat(), field="/planned_on")
    return visit


def check_answers(checklist: Checklist, answered: Sequence[str]) -> None:
    """Each item of the checklist is answered once, and nothing else is."""
    items = [each.item for each in checklist.items]
    if sorted(answered) != sorted(items):
        raise ChecklistIncomplete(version=checklist.version, items=", ".join(items), field="/answers")


def report_visit(
    visit: Visit,
    report: Report,
    *,
    read_version: int,
    by_subject: str,
    assigned_on: date,
    today: date,
    now: datetime,
) -> Visit:
    """Keep what the coach found; it stays."""
    if visit.coach_subject != by_subject:
        raise VisitNotYours
    if visit.version != read_version:
        raise VisitHasChanged(current_version=visit.version)
    if visit.state is VisitState.REPORTED:
        raise VisitAlreadyReported
    if report.visited_on > today:
        raise VisitInTheFuture(today=today.isoformat(), field="/visited_on")
    if report.visited_on < assigned_on:
        raise VisitBeforeAssigned(assigned_on=assigned_on.isoformat(), field="/visited_on")
    return replace(visit, state=VisitState.REPORTED, report=report, reported_at=now)
