"""Outcomes over HTTP: what is asked, the firm's reports, their verification, sums for all, rows for who checks."""

import asyncio
from datetime import date
from functools import partial
from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import Header, Query, Request, Response
from pydantic import Field, StringConstraints

from common.acting import Acting
from common.auth import Principal
from common.saved_tables import measured, room
from common.web import (
    AccessPoint,
    Body,
    IfMatch,
    Now,
    Page,
    PageQuery,
    RecordingTx,
    Tx,
    View,
    allowed,
    anyone,
    is_known,
    router,
    with_etag,
)
from common.web.runtime import runtime_of
from common.web.saved_files import SavedFile
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role
from metrics.outcomes import commands
from metrics.outcomes.domain.definitions import Wave, WaveAfter
from metrics.outcomes.domain.reports import Content, Correction, Decision, Figure, Finding, Grade, ReportState, Silence
from metrics.outcomes.queries import aggregates, benchmarks, definitions, exports, readings, reports
from metrics.outcomes.queries.aggregates import Outcomes, PublicOutcomes
from metrics.outcomes.queries.benchmarks import BenchmarkPanel
from metrics.outcomes.queries.definitions import DefinitionsView
from metrics.outcomes.queries.published import Published
from metrics.outcomes.queries.readings import OutcomeReadingView
from metrics.outcomes.queries.reports import OutcomeReportView, ProjectOutcomes
from metrics.settings import Settings

routes = router(tags=["outcomes"])

_OVERSEERS = (Role.TECHNOPARK_OPERATOR, Role.AUDITOR, *sorted(PROVINCE_ROLES))
_Reader = Annotated[Principal, allowed(*_OVERSEERS, *sorted(MUNICIPALITY_ROLES), *sorted(COMPANY_ROLES))]
_Reason = Annotated[
    str | None,
    StringConstraints(strip_whitespace=True, min_length=4, max_length=300),
    Query(description="What the figures are read for; it is kept with who read them. Without it they are read, too."),
]
_LARGEST = 1_000_000_000_000_000
_KPI = r"^[A-Z][0-9]$"
_KPIS_MAX = 50
_LONGEST_TAGS = 1_000
_NOT_MODIFIED: Final = 304


class ReportedFigure(Body):
    """One KPI as two whole numbers, in the units of its definition, and where they come from."""

    kpi: str = Field(pattern=_KPI)
    numerator: int = Field(ge=0, le=_LARGEST)
    denominator: int = Field(ge=1, le=_LARGEST)
    grade: Grade


class ReportOutcome(Body):
    """The figures of one wave. `reason` is asked for when the wave has been reported before."""

    wave: Wave
    period_from: date
    period_to: date
    product_changed: bool
    figures: list[ReportedFigure] = Field(min_length=1, max_length=_KPIS_MAX)
    reason: Correction | None = None
    evidence_sha256: str = Field(pattern="^[0-9a-f]{64}$")


class DecideOutcomeReport(Body):
    """What the evidence shows. `checked_outliers` are KPIs whose unusual size was confirmed."""

    decision: Decision
    finding: Finding | None = None
    checked_outliers: list[Annotated[str, Field(pattern=_KPI)]] = Field(default=[], max_length=_KPIS_MAX)


class RecordSilence(Body):
    """Why there is no answer."""

    wave: WaveAfter
    reason: Silence


class RecordedSilence(View):
    """That it was recorded."""

    id: UUID
    project_id: UUID
    wave: WaveAfter
    reason: Silence


@routes.get(
    "/v1/public/kpi-definitions",
    operation_id="readKpiDefinitions",
    summary="성과지표 정의 (KPI definitions, waves and method, for everybody)",
)
async def read_kpi_definitions(by: Annotated[Principal | None, anyone()], now: Now) -> DefinitionsView:
    """지표의 산식, 방향, 단위, 조사 시기와 집계 방법의 현재 판과 출처.

    Formula, direction and unit kind of each KPI, the waves and the method: the version in force, with its sources.
    """
    return definitions.read_definitions(now)


@routes.post(
    "/v1/projects/{project_id}/outcome-reports",
    status_code=201,
    operation_id="reportOutcome",
    summary="성과 보고 (Report the baseline or the figures of a wave)",
)
async def report_outcome(
    project_id: UUID,
    body: ReportOutcome,
    by: Annotated[Principal, allowed(*sorted(COMPANY_ROLES))],
    tx: Tx,
    now: Now,
    response: Response,
) -> OutcomeReportView:
    """기준값 또는 완료, 1~3년 차 성과를 보고합니다. 같은 차수를 다시 보고하면 앞의 보고는 남고 사유를 적습니다.

    A correction is the next number of its wave and says why; what was said before stays.
    """
    content = Content(
        **body.model_dump(exclude={"figures"}),
        figures=tuple(Figure(**each.model_dump()) for each in body.figures),
    )
    report_id = await commands.report_outcome(tx, project_id, content, by=by, now=now)
    return with_etag(await reports.get_report(tx, report_id, by=by), response)


@routes.get("/v1/outcome-reports", operation_id="listOutcomeReports", summary="성과 보고 목록 (List outcome reports)")
async def list_outcome_reports(
    by: _Reader,
    tx: RecordingTx,
    page: PageQuery,
    access_point: AccessPoint,
    project_id: Annotated[UUID | None, Query()] = None,
    wave: Annotated[Wave | None, Query()] = None,
    state: Annotated[ReportState | None, Query()] = None,
    reason: _Reason = None,
) -> Page[OutcomeReportView]:
    """볼 수 있는 성과 보고. 그 기업이 아닌 사람이 읽으면 누가 왜 읽었는지 기록됩니다.

    The outcome reports the caller may see, corrections and those returned among them. Whoever is not the firm is
    recorded, with the reason if one is given.
    """
    found = await reports.list_reports(tx, page, by=by, project_id=project_id, wave=wave, state=state)
    asked = {"project_id": project_id, "wave": wave and wave.value, "state": state and state.value}
    await commands.record_reading(
        tx, "listOutcomeReports", asked, len(found.items), reason=reason, by=by, access_point=access_point
    )
    return found


@routes.get(
    "/v1/outcome-reports/{outcome_report_id}", operation_id="getOutcomeReport", summary="성과 보고 조회 (One report)"
)
async def get_outcome_report(
    outcome_report_id: UUID,
    by: _Reader,
    tx: RecordingTx,
    access_point: AccessPoint,
    response: Response,
    reason: _Reason = None,
) -> OutcomeReportView:
    """성과 보고 하나와 ETag. 그 기업이 아닌 사람이 읽으면 기록됩니다.

    One report, with the ETag that a decision needs. Whoever is not the firm is recorded.
    """
    found = await reports.get_report(tx, outcome_report_id, by=by)
    asked = {"outcome_report_id": outcome_report_id}
    await commands.record_reading(tx, "getOutcomeReport", asked, 1, reason=reason, by=by, access_point=access_point)
    return with_etag(found, response)


@routes.post(
    "/v1/outcome-reports/{outcome_report_id}/decisions",
    status_code=201,
    operation_id="decideOutcomeReport",
    summary="성과 보고 확인 (Verify a report against its evidence, or return it)",
)
async def decide_outcome_report(
    outcome_report_id: UUID,
    body: DecideOutcomeReport,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> OutcomeReportView:
    """증빙과 대조해 확인하거나 사유와 함께 돌려보냅니다. 확인된 마지막 보고만 집계됩니다.

    Another person than the reporter decides, once. Of a wave the last verified report counts.
    """
    await commands.decide_report(
        tx,
        outcome_report_id,
        body.decision,
        finding=body.finding,
        checked_outliers=body.checked_outliers,
        read_version=version,
        by=by,
        now=now,
    )
    return with_etag(await reports.get_report(tx, outcome_report_id, by=by), response)


@routes.post(
    "/v1/projects/{project_id}/outcome-silences",
    status_code=201,
    operation_id="recordOutcomeSilence",
    summary="미응답 사유 기록 (Record why a firm does not answer)",
)
async def record_outcome_silence(
    project_id: UUID,
    body: RecordSilence,
    by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)],
    tx: Tx,
    now: Now,
) -> RecordedSilence:
    """폐업, 합병, 이전, 거절, 연락 두절. 어느 경우에도 대상 기업 수에서 빠지지 않습니다.

    Closed, merged, relocated, refused or unreachable: the firm stays in the denominator all the same.
    """
    silence_id = await commands.record_silence(tx, project_id, Wave(body.wave.value), body.reason, by=by, now=now)
    return RecordedSilence(id=silence_id, project_id=project_id, wave=body.wave, reason=body.reason)


@routes.get(
    "/v1/projects/{project_id}/outcomes",
    operation_id="readProjectOutcomes",
    summary="과제의 성과 (A project's baseline, waves and changes)",
)
async def read_project_outcomes(project_id: UUID, by: _Reader, tx: Tx, now: Now) -> ProjectOutcomes:
    """기준값이 언제 정해졌는지, 차수마다 언제까지 보고하는지, 무엇이 집계되는지.

    When the baseline was given, by when each wave is due, and what of it counts.
    """
    return await reports.read_project(tx, project_id, by=by, now=now)


@routes.get("/v1/outcomes", operation_id="readOutcomes", summary="성과 집계 (Outcomes of a wave, in full)")
async def read_outcomes(
    by: Annotated[Principal, allowed(*_OVERSEERS, *sorted(MUNICIPALITY_ROLES))],
    tx: Tx,
    now: Now,
    wave: WaveAfter = WaveAfter.COMPLETION,
) -> Outcomes:
    """지표별 대상, 응답, 유효 기업 수와 중앙값, 사분위수, 구간을 시·군, 트랙, 유형별로. 시·군은 관내만 봅니다.

    How many were due, answered and count, with median, quartiles and interval; a municipality sees its own.
    """
    own = by.tenant if by.role in MUNICIPALITY_ROLES else None
    overseen = by.role in _OVERSEERS
    return await aggregates.read_outcomes(tx, Wave(wave.value), now=now, municipality_code=own, overseen=overseen)


@routes.get(
    "/v1/outcomes/rows",
    operation_id="exportOutcomeRows",
    summary="성과 원자료 CSV (The raw rows behind every aggregate)",
    response_class=Response,
    responses={200: {"description": "UTF-8 CSV (BOM, CRLF)", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_outcome_rows(
    by: Annotated[Principal, allowed(*sorted(PROVINCE_ROLES), Role.AUDITOR)],
    tx: RecordingTx,
    now: Now,
    access_point: AccessPoint,
    request: Request,
    wave: WaveAfter = WaveAfter.COMPLETION,
    reason: _Reason = None,
) -> Response:
    """집계를 다시 계산할 수 있는 과제별, 지표별 원자료. 내려받은 사실이 기록됩니다.

    A row for each due project and KPI, from which every aggregate can be worked out anew. It is recorded who took it.
    """
    file = room()
    try:
        rows = await exports.write_outcome_rows(tx, Wave(wave.value), file, at=now)
        await commands.record_export(tx, Wave(wave.value), rows, by=by, now=now)
        await commands.record_reading(
            tx, "exportOutcomeRows", {"wave": wave.value}, rows, reason=reason, by=by, access_point=access_point
        )
        size, _ = await asyncio.to_thread(measured, file)
    except BaseException:
        await asyncio.to_thread(file.close)
        raise
    return SavedFile(
        file,
        size=size,
        media_type="text/csv; charset=utf-8",
        name=f"outcomes-{wave.value.lower()}.csv",
        title="성과 원자료",
        stall_seconds=cast("Settings", runtime_of(request).settings).export_stall_seconds,
    )


@routes.get(
    "/v1/outcome-readings",
    operation_id="listOutcomeReadings",
    summary="성과 원자료 열람 기록 (Who read what firms reported, and why)",
)
async def list_outcome_readings(
    by: Annotated[Principal, allowed(Role.AUDITOR)],
    tx: Tx,
    page: PageQuery,
    subject: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
    has_reason: Annotated[bool | None, Query(description="Those with a reason, or those without.")] = None,
) -> Page[OutcomeReadingView]:
    """새것부터. 기업이 보고한 수치를 그 기업이 아닌 누가, 어떤 조건으로, 왜 읽었는지.

    Newest first: who but the firm read figures as they were reported, by which filters, and why where that was said.
    """
    return await readings.list_readings(tx, page, subject=subject, has_reason=has_reason)


@routes.get(
    "/v1/public/outcomes",
    operation_id="readPublicOutcomes",
    summary="공개 성과 집계 (Outcomes of a wave for everybody, small cells hidden)",
    response_model=PublicOutcomes,
    responses={_NOT_MODIFIED: {"description": "이전에 받은 것과 같습니다. The same as was read before."}},
)
async def read_public_outcomes(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    now: Now,
    wave: WaveAfter = WaveAfter.COMPLETION,
    if_none_match: Annotated[str | None, Header(max_length=_LONGEST_TAGS)] = None,
) -> Response:
    """마지막 공표일의 집계. 5개 미만인 칸과, 빼서 알아낼 수 있는 칸은 비웁니다.

    As of the last day of publication. A cell under the minimum is null, and so is what would give one away. With the
    ETag of an earlier answer in If-None-Match, 304 says that it still stands.
    """
    found = await publications_of(request).read(Wave(wave.value), now=now)
    headers = {"ETag": found.tag, "Cache-Control": "public, no-cache"}
    if is_known(found.tag, if_none_match):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(found.content, media_type="application/json", headers=headers)


@routes.get(
    "/v1/public/outcome-benchmarks",
    operation_id="readOutcomeBenchmarks",
    summary="성과 비교 (Others' published figures beside ours, with caveats)",
)
async def read_outcome_benchmarks(
    request: Request,
    by: Annotated[Principal | None, anyone()],
    now: Now,
    wave: WaveAfter = WaveAfter.COMPLETION,
) -> BenchmarkPanel:
    """%는 %끼리, %p는 %p끼리만 나란히 놓습니다. 단위를 알 수 없는 수치는 따로 둡니다.

    Percent beside percent, points beside points; what is of an unknown unit stands apart, compared with nothing.
    """
    return await benchmarks.read_benchmarks(publications_of(request), Wave(wave.value), now=now)


def publications_of(request: Request) -> Published:
    """This process's publications, which its requests share."""
    state = request.app.state
    if not hasattr(state, "published_outcomes"):
        runtime = runtime_of(request)
        minimum = cast("Settings", runtime.settings).small_cell_minimum
        reading = partial(runtime.database.transaction, read_only=True, acting=Acting.of(None))
        state.published_outcomes = Published(reading, minimum=minimum)
    found: Published = state.published_outcomes
    return found
