"""Who comes to learn from a good practice: REQUESTED -> HELD | DECLINED, and what was adopted of it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import MUNICIPALITIES
from metrics.practices.domain.cases import GoodPractice, PracticeState
from metrics.practices.domain.refusals import GoodPracticeUnknown

LONGEST_DAYS = 366
"""How far ahead a day is taken for one that is meant: a bound of what is typed, no rule of the programme."""

_AREAS = frozenset(str(each.code) for each in MUNICIPALITIES)


class StudyKind(StrEnum):
    """Whether somebody comes to the factory or asks for its papers."""

    VISIT = "VISIT"
    PAPERS = "PAPERS"


class StudyState(StrEnum):
    REQUESTED = "REQUESTED"
    HELD = "HELD"
    DECLINED = "DECLINED"


class StudyOutcome(StrEnum):
    """What came of a request."""

    HELD = "HELD"
    DECLINED = "DECLINED"


class DeclineReason(StrEnum):
    """Why nobody was let in."""

    FIRM_DECLINES = "FIRM_DECLINES"
    NO_DATE = "NO_DATE"
    COMPETITOR = "COMPETITOR"
    CASE_WITHDRAWN = "CASE_WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes: a firm, or an office by its code."""

    company_id: UUID | None = None
    office: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One request, with whose factory it is about."""

    id: UUID
    good_practice_id: UUID
    practice_company_id: UUID
    practice_municipality_code: str
    visitor_company_id: UUID | None
    visitor_office: str | None
    kind: StudyKind
    wanted_on: date
    requested_by: str
    requested_at: datetime
    requested_on: date
    state: StudyState = StudyState.REQUESTED
    held_on: date | None = None
    decline_reason: DeclineReason | None = None
    settled_by: str | None = None
    settled_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What a project took over from the case that was studied."""

    id: UUID
    study_id: UUID
    good_practice_id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    processes: tuple[str, ...]
    technologies: tuple[str, ...]
    adopted_on: date
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopter:
    """The project that adopts, and whose it is."""

    project_id: UUID
    company_id: UUID
    municipality_code: str


class PracticeStudyUnknown(NotFound):
    """No such request, or one that is neither the caller's nor about a case of the caller's."""

    code = "practice-study-unknown"
    title = Text("우수사례 방문을 찾을 수 없습니다", "No such study of a good practice")
    detail = Text("방문 번호를 확인해 주세요.", "Check the study's id.")


class PracticeStudyHasChanged(StaleVersion):
    """Somebody settled it after the caller had read it."""

    code = "practice-study-has-changed"
    title = Text("우수사례 방문이 그 사이에 바뀌었습니다", "The study has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 처리해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again.",
    )


class PracticeStudyNotYours(NotPermitted):
    """A firm, a municipality, the province or the Technopark comes; the host's side settles."""

    code = "practice-study-not-yours"
    title = Text("이 방문을 요청하거나 처리할 수 없습니다", "The study is not the caller's to request or settle")
    detail = Text(
        "기업과 기관이 요청하고, 사례가 있는 시·군 또는 테크노파크가 처리합니다. 바뀐 것은 없습니다.",
        "Firms and offices request; the Technopark, or the municipality of the case, settles. Nothing was changed.",
    )


class PracticeOwnFactory(RuleRefused):
    """Nobody studies the own case, or adopts from it in the very same project."""

    code = "practice-own-factory"
    title = Text("자기 기업의 우수사례입니다", "It is the firm's own case")
    detail = Text(
        "다른 기업의 사례만 방문하고 도입할 수 있습니다. 저장된 것은 없습니다.",
        "Only another firm's case is studied and adopted. Nothing was stored.",
    )


class PracticeStudyOpen(RuleRefused):
    """One request at a time of a visitor for a case."""

    code = "practice-study-open"
    title = Text("처리 중인 방문 요청이 있습니다", "A request is open already")
    detail = Text(
        "같은 사례에 대한 먼저 보낸 요청이 처리 중이며 그대로 남아 있습니다. 새로 저장된 것은 없습니다.",
        "The request that came first stands as it is. Nothing new was stored.",
    )


class PracticeStudySettled(RuleRefused):
    """The step is not open in the study's present state."""

    code = "practice-study-settled"
    title = Text("지금 상태에서는 할 수 없습니다", "Not in the present state")
    detail = Text("방문의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The study is {state}. Nothing was changed.")


class PracticeDayWrong(InvalidInput):
    """A wish lies ahead; what was held or adopted lies behind, in its order."""

    code = "practice-day-wrong"
    title = Text("날짜가 맞지 않습니다", "The day does not fit")
    detail = Text(
        "{first}부터 {last} 사이의 날짜여야 합니다. 바뀐 것은 없습니다.",
        "It must lie between {first} and {last}. Nothing was changed.",
    )


class PracticeOutcomeMisplaced(InvalidInput):
    """What was held has a day, what was declined a reason."""

    code = "practice-outcome-misplaced"
    title = Text("처리 내용을 확인해 주세요", "The outcome does not fit")
    detail = Text(
        "방문했으면 날짜(held_on)만, 거절했으면 사유(reason)만 적어 주세요. 바뀐 것은 없습니다.",
        "A study that was held has held_on, one that was declined a reason. Nothing was changed.",
    )


class PracticeAdopterDiffers(RuleRefused):
    """Who adopts is who studied: the firm itself, or a firm of the municipality that came."""

    code = "practice-adopter-differs"
    title = Text("방문한 기업이나 시·군의 과제가 아닙니다", "Not a project of who came")
    detail = Text(
        "방문한 기업의 과제, 또는 방문한 시·군의 관내 과제만 적을 수 있습니다. 저장된 것은 없습니다.",
        "Only a project of the firm that came, or of the municipality's area. Nothing was stored.",
    )


class PracticeAdoptedAlready(RuleRefused):
    """A project adopts a case once."""

    code = "practice-adopted-already"
    title = Text("이미 기록된 도입입니다", "The adoption is recorded already")
    detail = Text(
        "이 과제가 이 사례를 도입한 기록이 있습니다. 새로 저장된 것은 없습니다.",
        "That this project adopted the case is on record. Nothing new was stored.",
    )


class PracticePartUnknown(InvalidInput):
    """Only what the case shows can be taken over from it."""

    code = "practice-part-unknown"
    title = Text("사례에 없는 공정이나 기술입니다", "Not a process or technology of the case")
    detail = Text(
        "이 사례의 값: {known}. 하나 이상, 같은 값은 한 번만 적어 주세요. 저장된 것은 없습니다.",
        "The case has {known}: name one or more, each at most once. Nothing was stored.",
    )


def request(
    id_: UUID,
    practice: GoodPractice,
    visitor: Visitor,
    kind: StudyKind,
    *,
    wanted_on: date,
    today: date,
    by: str,
    now: datetime,
) -> Study:
    """Ask to study a published case of somebody else."""
    if practice.state is not PracticeState.PUBLISHED:
        raise GoodPracticeUnknown
    if visitor.company_id == practice.company_id:
        raise PracticeOwnFactory
    if not 0 <= (wanted_on - today).days <= LONGEST_DAYS:
        last = date.fromordinal(today.toordinal() + LONGEST_DAYS)
        raise PracticeDayWrong(first=today.isoformat(), last=last.isoformat(), field="/wanted_on")
    return Study(
        id=id_,
        good_practice_id=practice.id,
        practice_company_id=practice.company_id,
        practice_municipality_code=practice.municipality_code,
        visitor_company_id=visitor.company_id,
        visitor_office=visitor.office,
        kind=kind,
        wanted_on=wanted_on,
        requested_by=by,
        requested_at=now,
        requested_on=today,
    )


def settle(
    study: Study,
    outcome: StudyOutcome,
    *,
    held_on: date | None,
    reason: DeclineReason | None,
    read_version: int,
    today: date,
    by: str,
    now: datetime,
) -> Study:
    """Say on which day it was held, or why it was not."""
    if study.version != read_version:
        raise PracticeStudyHasChanged(current_version=study.version)
    if study.state is not StudyState.REQUESTED:
        raise PracticeStudySettled(state=study.state)
    held = outcome is StudyOutcome.HELD
    if held != (held_on is not None) or held == (reason is not None):
        raise PracticeOutcomeMisplaced(field="/held_on" if held else "/reason")
    if held_on is not None:
        _check_day(held_on, study.requested_on, today, "/held_on")
    return replace(
        study,
        state=StudyState(outcome.value),
        held_on=held_on,
        decline_reason=reason,
        settled_by=by,
        settled_at=now,
    )


def adopt(
    id_: UUID,
    study: Study,
    practice: GoodPractice,
    adopter: Adopter,
    *,
    processes: Sequence[str],
    technologies: Sequence[str],
    adopted_on: date,
    today: date,
    by: str,
    now: datetime,
) -> Adoption:
    """Write down what a project took over after its firm, or its municipality, had studied the case."""
    if study.held_on is None:
        raise PracticeStudySettled(state=study.state)
    if adopter.project_id == practice.project_id:
        raise PracticeOwnFactory
    _check_adopter(study, adopter)
    _check_parts(processes, practice.processes, "/processes", needed=not technologies)
    _check_parts(technologies, practice.technologies, "/technologies", needed=False)
    _check_day(adopted_on, study.held_on, today, "/adopted_on")
    return Adoption(
        id=id_,
        study_id=study.id,
        good_practice_id=study.good_practice_id,
        project_id=adopter.project_id,
        company_id=adopter.company_id,
        municipality_code=adopter.municipality_code,
        processes=tuple(processes),
        technologies=tuple(technologies),
        adopted_on=adopted_on,
        recorded_by=by,
        recorded_at=now,
    )


def _check_adopter(study: Study, adopter: Adopter) -> None:
    same_firm = study.visitor_company_id in {None, adopter.company_id}
    in_area = study.visitor_office not in _AREAS or study.visitor_office == adopter.municipality_code
    if not (same_firm and in_area):
        raise PracticeAdopterDiffers


def _check_parts(named: Sequence[str], known: Sequence[str], field: str, *, needed: bool) -> None:
    if not set(named) <= set(known) or len(set(named)) != len(named) or (needed and not named):
        raise PracticePartUnknown(known=", ".join(known), field=field)


def _check_day(day: date, first: date, last: date, field: str) -> None:
    if not first <= day <= last:
        raise PracticeDayWrong(first=first.isoformat(), last=last.isoformat(), field=field)
