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
) -> ApplicationAsOf:
    """그 시각의 신청 내용과 상태, 그때까지의 결정. 조회한 사실은 접속기록에 남습니다.

    The application as it was, with the decisions until then. It is recorded who was shown it.
    """
    found = await queries.application_as_of(tx, application_id, checked(at, clock, now=now), clock, by=by)
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
) -> ProjectAsOf:
    """그 시각의 과제, 협약과 서명, 기한, 구축, 점검, 서류와 그때까지의 결정. 조회한 사실은 접속기록에 남습니다.

    Project, agreement, deadlines, build, inspections and documents as they were. It is recorded who was shown them.
    """
    found = await queries.project_as_of(tx, project_id, checked(at, clock, now=now), clock, by=by)
    shown = f"company/{found.project.company_id}"
    await record_disclosure(tx, data_subject=shown, action="getProjectAsOf", by=by, access_point=access_point)
    return found
