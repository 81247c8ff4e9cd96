"""A mentor: recruited into a cohort under its terms, then trained by Samsung; before that nobody may be assigned."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, Text


class MentorState(StrEnum):
    """How far a mentor has come before any assignment (domain.md section 2.4)."""

    RECRUITED = "RECRUITED"
    TRAINED = "TRAINED"


class CohortUnknown(NotFound):
    """There is no such cohort."""

    code = "cohort-unknown"
    title = Text("멘토 기수를 찾을 수 없습니다", "No such cohort of mentors")
    detail = Text("멘토 기수 {cohort_id}을(를) 찾을 수 없습니다.", "There is no cohort {cohort_id}.")


class MentorUnknown(NotFound):
    """There is no such mentor, or it is not the caller's to see."""

    code = "mentor-unknown"
    title = Text("멘토를 찾을 수 없습니다", "No such mentor")
    detail = Text("멘토 {mentor_id}을(를) 찾을 수 없습니다.", "There is no mentor {mentor_id}.")


class MentorNotRecruited(RuleRefused):
    """A list of mentors names nobody: a conflict that was mistyped would bar no one."""

    code = "mentor-not-recruited"
    title = Text("등록된 멘토가 아닙니다", "Not a recruited mentor")
    detail = Text(
        "멘토 {mentor_id}은(는) 등록되어 있지 않습니다. 저장된 것은 없습니다.",
        "Mentor {mentor_id} is not recruited. Nothing was stored.",
    )


class CohortTermsMalformed(InvalidInput):
    """A range of the cohort's terms ends before it begins."""

    code = "cohort-terms-malformed"
    title = Text("멘토 기수의 기준이 맞지 않습니다", "The cohort's terms do not fit together")
    detail = Text("최소값은 최대값보다 클 수 없습니다.", "The least may not be more than the most.")


class ExperienceTooShort(RuleRefused):
    """Mentors need the years in manufacturing that the cohort's terms ask for."""

    code = "mentor-experience-too-short"
    title = Text("경력 요건에 미달합니다", "Not enough years of experience")
    detail = Text(
        "이 기수는 경력 {needed}년 이상이 필요하며, 입력된 경력은 {years}년입니다. 저장된 것은 없습니다.",
        "This cohort asks for {needed} years, and {years} were given. Nothing was stored.",
    )


class AlreadyRecruited(RuleRefused):
    """An account is recruited once, whatever the cohort."""

    code = "mentor-already-recruited"
    title = Text("이미 등록된 멘토입니다", "Already recruited")
    detail = Text(
        "이 계정은 이미 멘토로 등록되어 있습니다. 새로 저장된 것은 없습니다.",
        "This account is already recruited as a mentor. Nothing new was stored.",
    )


class NotOfCohort(RuleRefused):
    """Training is completed by mentors of the cohort that was trained."""

    code = "mentor-not-of-cohort"
    title = Text("해당 기수의 멘토가 아닙니다", "Not a mentor of this cohort")
    detail = Text(
        "멘토 {mentor_id}은(는) 이 기수에 속하지 않습니다. 기록된 것은 없습니다.",
        "Mentor {mentor_id} is not of this cohort. Nothing was recorded.",
    )


class AlreadyTrained(RuleRefused):
    """A mentor completes the training once."""

    code = "mentor-already-trained"
    title = Text("이미 교육을 이수한 멘토입니다", "Already trained")
    detail = Text(
        "멘토 {mentor_id}은(는) {trained_on}에 교육을 이수했습니다. 기록된 것은 없습니다.",
        "Mentor {mentor_id} completed the training on {trained_on}. Nothing was recorded.",
    )


class TrainingOwnRecruit(RuleRefused):
    """The person who recruited a mentor tried to say that the mentor was trained."""

    code = "training-own-recruit"
    title = Text("등록한 사람은 교육 이수를 기록할 수 없습니다", "Who recruited cannot record the training")
    detail = Text(
        "멘토 {mentor_id}을(를) 등록한 사람은 교육 이수를 기록할 수 없습니다. 다른 담당자가 기록해야 합니다.",
        "Whoever recruited mentor {mentor_id} cannot record the training; another person must.",
    )


class TrainingNotYetOver(RuleRefused):
    """What has not happened cannot be recorded, nor what was before the cohort."""

    code = "training-not-yet-over"
    title = Text("교육 이수일이 맞지 않습니다", "The day of completion cannot be")
    detail = Text(
        "이수일은 기수 모집일 {recruited_on}부터 오늘 {today} 사이여야 합니다. 기록된 것은 없습니다.",
        "The training is completed between {recruited_on}, when the cohort was recruited, and {today}. Nothing was"
        " recorded.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortTerms:
    """The rules under which a cohort works, with where they come from: they change from year to year."""

    experience_years_min: int
    team_size_min: int
    team_size_max: int
    residency_weeks_min: int
    residency_weeks_max: int
    source_note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Mentors who were recruited together."""

    id: UUID
    title: str
    recruited_on: date
    terms: CohortTerms
    opened_by: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mastery:
    """What a mentor knows, in codes: processes, technologies, and divisions of the industrial classification (KSIC)."""

    processes: frozenset[str]
    technologies: frozenset[str]
    ksic_divisions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentor:
    """One mentor, known by the account; the person's name stays where accounts are kept."""

    id: UUID
    cohort_id: UUID
    subject: str
    experience_years: int
    mastery: Mastery
    state: MentorState
    recruited_by: str
    recruited_at: datetime
    trained_on: date | None = None
    training_evidence_sha256: str | None = None
    version: int = 1


def open_cohort(
    *, cohort_id: UUID, title: str, recruited_on: date, terms: CohortTerms, by: str, at: datetime
) -> Cohort:
    """A cohort under its terms; raises CohortTermsMalformed."""
    if terms.team_size_min > terms.team_size_max:
        raise CohortTermsMalformed(field="/terms/team_size_max")
    if terms.residency_weeks_min > terms.residency_weeks_max:
        raise CohortTermsMalformed(field="/terms/residency_weeks_max")
    return Cohort(id=cohort_id, title=title, recruited_on=recruited_on, terms=terms, opened_by=by, opened_at=at)


def recruit_mentor(
    cohort: Cohort, *, mentor_id: UUID, subject: str, experience_years: int, mastery: Mastery, by: str, at: datetime
) -> Mentor:
    """A mentor who has the years that the cohort asks for, not yet trained; raises ExperienceTooShort."""
    if experience_years < cohort.terms.experience_years_min:
        raise ExperienceTooShort(needed=cohort.terms.experience_years_min, years=experience_years)
    return Mentor(
        id=mentor_id,
        cohort_id=cohort.id,
        subject=subject,
        experience_years=experience_years,
        mastery=mastery,
        state=MentorState.RECRUITED,
        recruited_by=by,
        recruited_at=at,
    )


def check_all_found(wanted: Collection[UUID], found: Collection[Mentor], cohort: Cohort) -> None:
    """All who are said to have been trained are of the cohort; raises NotOfCohort."""
    of_cohort = {mentor.id for mentor in found if mentor.cohort_id == cohort.id}
    for mentor_id in sorted(wanted):
        if mentor_id not in of_cohort:
            raise NotOfCohort(mentor_id=mentor_id)


def complete_training(
    mentor: Mentor, cohort: Cohort, *, completed_on: date, evidence_sha256: str, by: str, today: date
) -> Mentor:
    """From now on the mentor may be assigned; raises AlreadyTrained, TrainingOwnRecruit or TrainingNotYetOver."""
    if mentor.trained_on is not None:
        raise AlreadyTrained(mentor_id=mentor.id, trained_on=mentor.trained_on)
    if mentor.recruited_by == by:
        raise TrainingOwnRecruit(mentor_id=mentor.id)
    if not cohort.recruited_on <= completed_on <= today:
        raise TrainingNotYetOver(recruited_on=cohort.recruited_on, today=today)
    return replace(
        mentor,
        state=MentorState.TRAINED,
        trained_on=completed_on,
        training_evidence_sha256=evidence_sha256,
        version=mentor.version + 1,
    )
