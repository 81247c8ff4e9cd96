"""The mentorship programme over HTTP: the province's officer recruits, its approver records the training."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, Now, Page, PageQuery, Tx, allowed, problem_responses, router, with_etag
from contracts.roles import PROVINCE_ROLES, Role
from mentoring.mentors import commands, queries
from mentoring.mentors.domain import (
    AlreadyRecruited,
    AlreadyTrained,
    CohortTermsMalformed,
    CohortUnknown,
    ExperienceTooShort,
    MentorState,
    MentorUnknown,
    NotOfCohort,
    TrainingNotYetOver,
    TrainingOwnRecruit,
)
from mentoring.mentors.queries import CohortView, MentorView

routes = router(tags=["mentors"])

_Recruiter = Annotated[Principal, allowed(Role.PROVINCE_OFFICER)]
_Approver = Annotated[Principal, allowed(Role.PROVINCE_APPROVER)]
_OVERSEERS = (Role.MENTOR_LEAD, Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))
_Overseer = Annotated[Principal, allowed(*_OVERSEERS)]
_Reader = Annotated[Principal, allowed(*_OVERSEERS, Role.MENTOR)]

_Code = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{1,39}$")]
_Division = Annotated[str, Field(pattern="^[0-9]{2}$")]


class CohortTermsBody(Body):
    """What the cohort's year asks for, and where it says so."""

    experience_years_min: int = Field(ge=0, le=60)
    team_size_min: int = Field(ge=1, le=10)
    team_size_max: int = Field(ge=1, le=10)
    residency_weeks_min: int = Field(ge=1, le=52)
    residency_weeks_max: int = Field(ge=1, le=52)
    source_note: str = Field(min_length=1, max_length=200)


class OpenCohort(Body):
    """A cohort of mentors who are recruited together."""

    title: str = Field(min_length=1, max_length=200)
    recruited_on: date
    terms: CohortTermsBody


class RecruitMentor(Body):
    """The mentor's account and what the mentor masters, in codes."""

    subject: str = Field(pattern=r"^[!-~]{1,200}$", description="The subject of the mentor's tokens.")
    experience_years: int = Field(ge=0, le=60)
    processes: list[_Code] = Field(min_length=1, max_length=50)
    technologies: list[_Code] = Field(min_length=1, max_length=50)
    ksic_divisions: list[_Division] = Field(min_length=1, max_length=50)


class CompleteTraining(Body):
    """Who is on Samsung's list of those who completed the training; the list itself is named by its hash."""

    mentor_ids: list[UUID] = Field(min_length=1, max_length=200)
    completed_on: date
    evidence_sha256: str = Field(pattern="^[0-9a-f]{64}$")


@routes.post(
    "/v1/mentor-cohorts",
    status_code=201,
    operation_id="openCohort",
    summary="멘토 기수 개설 (Open a cohort of mentors)",
    responses=problem_responses(CohortTermsMalformed),
)
async def open_cohort(body: OpenCohort, by: _Recruiter, tx: Tx, now: Now) -> CohortView:
    """그 해의 기준과 출처가 함께 남습니다. The terms of its year are kept with their source."""
    cohort_id = await commands.open_cohort(
        tx,
        title=body.title,
        recruited_on=body.recruited_on,
        terms=commands.CohortTerms(**body.terms.model_dump()),
        by=by,
        now=now,
    )
    return await queries.get_cohort(tx, cohort_id)


@routes.post(
    "/v1/mentor-cohorts/{cohort_id}/mentors",
    status_code=201,
    operation_id="recruitMentor",
    summary="멘토 등록 (Recruit a mentor)",
    responses=problem_responses(CohortUnknown, ExperienceTooShort, AlreadyRecruited),
)
async def recruit_mentor(
    cohort_id: UUID, body: RecruitMentor, by: _Recruiter, tx: Tx, now: Now, response: Response
) -> MentorView:
    """교육을 이수하기 전에는 배정되지 않습니다. Nobody is assigned before completing the training."""
    mastery = commands.Mastery(
        processes=frozenset(body.processes),
        technologies=frozenset(body.technologies),
        ksic_divisions=frozenset(body.ksic_divisions),
    )
    mentor_id = await commands.recruit_mentor(
        tx, cohort_id, subject=body.subject, experience_years=body.experience_years, mastery=mastery, by=by, now=now
    )
    return with_etag(await queries.get_mentor(tx, mentor_id, by=by), response)


@routes.post(
    "/v1/mentor-cohorts/{cohort_id}/training-completions",
    status_code=201,
    operation_id="completeTraining",
    summary="삼성 교육 이수 기록 (Record who completed Samsung's training)",
    responses=problem_responses(CohortUnknown, NotOfCohort, AlreadyTrained, TrainingOwnRecruit, TrainingNotYetOver),
)
async def complete_training(cohort_id: UUID, body: CompleteTraining, by: _Approver, tx: Tx, now: Now) -> CohortView:
    """명단의 멘토 모두를 기록하거나, 한 명이라도 맞지 않으면 아무도 기록하지 않습니다.

    All on the list are recorded, or nobody if one does not fit.
    """
    await commands.complete_training(
        tx,
        cohort_id,
        mentor_ids=frozenset(body.mentor_ids),
        completed_on=body.completed_on,
        evidence_sha256=body.evidence_sha256,
        by=by,
        now=now,
    )
    return await queries.get_cohort(tx, cohort_id)


@routes.get("/v1/mentor-cohorts", operation_id="listCohorts", summary="멘토 기수 목록 (Cohorts of mentors)")
async def list_cohorts(by: _Overseer, tx: Tx, page: PageQuery) -> Page[CohortView]:
    """개설한 순서대로 보여 줍니다. In the order in which they were opened."""
    return await queries.list_cohorts(tx, page)


@routes.get(
    "/v1/mentor-cohorts/{cohort_id}",
    operation_id="getCohort",
    summary="멘토 기수 조회 (One cohort)",
    responses=problem_responses(CohortUnknown),
)
async def get_cohort(cohort_id: UUID, by: _Overseer, tx: Tx) -> CohortView:
    """기수의 기준과 교육을 이수한 인원. Its terms, and how many completed the training."""
    return await queries.get_cohort(tx, cohort_id)


@routes.get("/v1/mentors", operation_id="listMentors", summary="멘토 목록 (Mentors the caller may see)")
async def list_mentors(
    by: _Reader, tx: Tx, page: PageQuery, cohort_id: UUID | None = None, state: MentorState | None = None
) -> Page[MentorView]:
    """등록한 순서대로 보여 주며, 멘토는 본인만 봅니다. In the order of recruiting; a mentor sees the own record."""
    return await queries.list_mentors(tx, page, cohort_id=cohort_id, state=state, by=by)


@routes.get(
    "/v1/mentors/{mentor_id}",
    operation_id="getMentor",
    summary="멘토 조회 (One mentor)",
    responses=problem_responses(MentorUnknown),
)
async def get_mentor(mentor_id: UUID, by: _Reader, tx: Tx, response: Response) -> MentorView:
    """멘토 한 명의 전문 분야와 교육 이수 여부. What a mentor masters, and whether the training is completed."""
    return with_etag(await queries.get_mentor(tx, mentor_id, by=by), response)
