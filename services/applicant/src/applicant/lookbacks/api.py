"""HTTP: whoever examines a case sees it as it was at an instant; each such reading is recorded as a disclosure."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import AwareDatetime

from applicant.disclosures.commands import record_disclosure
from applicant.lookbacks import queries
from applicant.lookbacks.queries import ApplicationAsOf, Axis, ProjectAsOf
from common.auth import Principal
from common.looking_back import checked
from common.past_decisions import Part, PartSize
from common.portions import MOST_ROWS, Portion
from common.web import AccessPoint, Now, RecordingTx, allowed, router
from contracts.roles import PROVINCE_ROLES, Role

routes = router(tags=["lookbacks"])

_Examiner = Annotated[Principal, allowed(*PROVINCE_ROLES, Role.AUDITOR)]
_At = Annotated[
    AwareDatetime,
    Query(description="An instant with its offset (2024-06-03T10:00:00+09:00). What happened exactly then counts."),
]
_Clock = Annotated[
    Axis,
    Query(
        description="`programme`: as decided by then, by the programme's calendar. `recorded`: as the database knew it "
        "at that moment of real time. Outside of tests and rehearsals the two differ by the length of a transaction."
    ),
]


@routes.get(
    "/v1/applications/{application_id}/as-of",
    operation_id="getApplicationAsOf",
    summary="시점 조회: 신청 건 (An application as of a second)",
)
async def get_application_as_of(
    application_id: UUID,
    at: _At,
    by: _Examiner,
    tx: RecordingTx,
    now: Now,
    access_point: AccessPoint,
    clock: _Clock = Axis.PROGRAMME,
    part: Part = 1,
    part_size: PartSize = MOST_ROWS,
) -> ApplicationAsOf:
    """그 시각의 신청 내용과 상태, 요건검토, 평가위원회와 채점, 순위, 이의신청, 기한, 그때까지의 결정.

    조회한 사실은 접속기록에 남습니다. 목록이 길면 나누어 받습니다(part).
    The application as it was with its screening, panel, scores, placings, objections and deadlines, and the decisions
    until then; long lists come by part. It is recorded who was shown it.
    """
    portion = Portion(part, part_size)
    found = await queries.application_as_of(tx, application_id, checked(at, clock, now=now), clock, portion, by=by)
    shown = f"company/{found.application.company_id}"
    await record_disclosure(tx, data_subject=shown, action="getApplicationAsOf", by=by, access_point=access_point)
    return found


@routes.get(
    "/v1/projects/{project_id}/as-of",
    operation_id="getProjectAsOf",
    summary="시점 조회: 선정 과제 (A project as of a second)",
)
async def get_project_as_of(
    project_id: UUID,
    at: _At,
    by: _Examiner,
    tx: RecordingTx,
    now: Now,
    access_point: AccessPoint,
    clock: _Clock = Axis.PROGRAMME,
    part: Part = 1,
    part_size: PartSize = MOST_ROWS,
) -> ProjectAsOf:
    """그 시각의 과제, 협약과 변경, 기한, 구축, 점검, 현장 방문과 지원 요청, 서류, 그때까지의 결정.

    조회한 사실은 접속기록에 남습니다. 목록이 길면 나누어 받습니다(part).
    Project, agreement and amendments, deadlines, build, inspections, visits, tickets and documents as they were; long
    lists come by part. It is recorded who was shown them.
    """
    portion = Portion(part, part_size)
    found = await queries.project_as_of(tx, project_id, checked(at, clock, now=now), clock, portion, by=by)
    shown = f"company/{found.project.company_id}"
    await record_disclosure(tx, data_subject=shown, action="getProjectAsOf", by=by, access_point=access_point)
    return found
