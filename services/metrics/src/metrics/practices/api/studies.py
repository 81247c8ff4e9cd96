"""HTTP: firms and offices study a published case, and what they adopt of it is written down."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, router, with_etag
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.practices.api.cases import CODE
from metrics.practices.commands import studies as commands
from metrics.practices.queries import studies as queries
from metrics.practices.queries.studies import PracticeStudyView, StudyState

routes = router(tags=["practices"])

_CODES_MAX = 20
_Codes = Annotated[list[Annotated[str, Field(pattern=CODE)]], Field(max_length=_CODES_MAX)]
_Reader = Annotated[
    Principal,
    allowed(*sorted(COMPANY_ROLES | MUNICIPALITY_ROLES | PROVINCE_ROLES), Role.TECHNOPARK_OPERATOR, Role.AUDITOR),
]


class RequestPracticeStudy(Body):
    """Whether to come to the factory or to get its papers, and when."""

    kind: commands.StudyKind
    wanted_on: date


class SettlePracticeStudy(Body):
    """The day on which it was held, or why it was declined."""

    outcome: commands.StudyOutcome
    held_on: date | None = None
    reason: commands.DeclineReason | None = None


class RecordAdoption(Body):
    """Which project took over which of the case's processes and technologies."""

    project_id: UUID
    processes: _Codes = Field(default=[])
    technologies: _Codes = Field(default=[])
    adopted_on: date


@routes.post(
    "/v1/good-practices/{good_practice_id}/studies",
    status_code=201,
    operation_id="requestPracticeStudy",
    summary="우수사례 방문 요청 (Ask to study a good practice)",
)
async def request_practice_study(
    good_practice_id: UUID,
    body: RequestPracticeStudy,
    by: Annotated[
        Principal,
        allowed(*sorted(COMPANY_ROLES), Role.MUNICIPALITY_OFFICER, Role.PROVINCE_OFFICER, Role.TECHNOPARK_OPERATOR),
    ],
    tx: Tx,
    now: Now,
    response: Response,
) -> PracticeStudyView:
    """공개된 다른 기업의 사례에 대해 기업이나 기관이 요청합니다. 사례마다 처리 중인 요청은 하나입니다.

    By a firm or an office, of another firm's published case; one open request of each for a case.
    """
    study_id = await commands.request_study(tx, good_practice_id, body.kind, wanted_on=body.wanted_on, by=by, now=now)
    return with_etag(await queries.get_study(tx, study_id, by=by), response)


@routes.get(
    "/v1/practice-studies", operation_id="listPracticeStudies", summary="우수사례 방문 목록 (List who studied what)"
)
async def list_practice_studies(
    by: _Reader,
    tx: Tx,
    page: PageQuery,
    good_practice_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[StudyState | None, Query()] = None,
) -> Page[PracticeStudyView]:
    """자기가 요청했거나 자기 사례에 온 방문과, 그 뒤에 도입한 과제.

    The caller's own requests and those for its own cases, with what was adopted afterwards.
    """
    return await queries.list_studies(tx, page, by=by, good_practice_id=good_practice_id, state=state)


@routes.get(
    "/v1/practice-studies/{practice_study_id}",
    operation_id="getPracticeStudy",
    summary="우수사례 방문 조회 (Read one study)",
)
async def get_practice_study(practice_study_id: UUID, by: _Reader, tx: Tx, response: Response) -> PracticeStudyView:
    """방문 하나와, 처리에 필요한 ETag. One study, with the ETag that its outcome needs."""
    return with_etag(await queries.get_study(tx, practice_study_id, by=by), response)


@routes.post(
    "/v1/practice-studies/{practice_study_id}/outcomes",
    status_code=201,
    operation_id="settlePracticeStudy",
    summary="우수사례 방문 처리 (Say when it was held, or why not)",
)
async def settle_practice_study(
    practice_study_id: UUID,
    body: SettlePracticeStudy,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR, Role.MUNICIPALITY_OFFICER)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> PracticeStudyView:
    """테크노파크 또는 사례가 있는 시·군이 적습니다. By the Technopark, or the municipality of the case."""
    await commands.settle_study(
        tx,
        practice_study_id,
        body.outcome,
        held_on=body.held_on,
        reason=body.reason,
        read_version=version,
        by=by,
        now=now,
    )
    return with_etag(await queries.get_study(tx, practice_study_id, by=by), response)


@routes.post(
    "/v1/practice-studies/{practice_study_id}/adoptions",
    status_code=201,
    operation_id="recordPracticeAdoption",
    summary="우수사례 도입 기록 (Write down what a project adopted)",
)
async def record_practice_adoption(
    practice_study_id: UUID,
    body: RecordAdoption,
    by: Annotated[Principal, allowed(*sorted(COMPANY_ROLES), Role.MUNICIPALITY_OFFICER, Role.TECHNOPARK_OPERATOR)],
    tx: Tx,
    now: Now,
    response: Response,
) -> PracticeStudyView:
    """방문한 기업의 과제, 또는 방문한 시·군의 관내 과제가 무엇을 도입했는지 과제마다 한 번 적습니다.

    A project of the firm that came, or of the area of the municipality that came; each project once for a case.
    """
    adopted = commands.Adopted(**body.model_dump())
    await commands.record_adoption(tx, practice_study_id, adopted, by=by, now=now)
    return with_etag(await queries.get_study(tx, practice_study_id, by=by), response)
