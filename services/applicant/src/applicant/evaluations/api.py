"""HTTP: the operator forms panels and gives them cases, members declare conflicts and lock scores."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field

from applicant.disclosures.commands import record_disclosure
from applicant.evaluations import commands, queries
from applicant.evaluations.commands import ConflictKind, Evaluator, Marks
from applicant.evaluations.queries import AssignmentView, PanelList, PanelView, ScoreSheetList, ScoreSheetView
from common.auth import Principal
from common.web import AccessPoint, Body, Now, Page, PageQuery, RecordingTx, Tx, View, allowed, router
from contracts.roles import PROVINCE_ROLES, Role

routes = router(tags=["evaluations"])

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_READERS = (Role.TECHNOPARK_OPERATOR, *sorted(PROVINCE_ROLES), Role.AUDITOR)


class EvaluatorBody(Body):
    subject: _Text = Field(description="The subject of the evaluator's token.")
    name: _Text
    affiliation: str = Field("", max_length=200)


class FormPanel(Body):
    name: _Text
    type_code: str | None = Field(None, max_length=16, description="Without one the panel takes cases of every type.")
    members: list[EvaluatorBody] = Field(min_length=1, max_length=15)


class SeatMembers(Body):
    members: list[EvaluatorBody] = Field(min_length=1, max_length=15)


class DeclareConflict(Body):
    kind: ConflictKind
    statement: str = Field("", max_length=1000)


class LockScore(Body):
    """Scores are hundredths of a point: technical and site score add up to at most 10000."""

    technical_score: int = Field(ge=0, le=10_000)
    site_score: int = Field(ge=0, le=10_000)
    bonus: int = Field(0, ge=0, le=10_000, description="Counts up to the call's bonus cap.")
    replaces_version: int | None = Field(None, ge=1, description="For a correction: the version it replaces.")
    reason: str | None = Field(None, max_length=1000, description="For a correction: why.")


class ConflictView(View):
    application_id: UUID
    member_id: UUID
    kind: ConflictKind


class AssignmentCount(View):
    """How many cases were given to panels by this."""

    assigned: int


@routes.post(
    "/v1/calls/{call_id}/panels", status_code=201, operation_id="formPanel", summary="평가위원회 구성 (Form a panel)"
)
async def form_panel(
    call_id: UUID, body: FormPanel, by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)], tx: Tx, now: Now
) -> PanelView:
    """평가위원회를 위원과 함께 만듭니다. Makes a panel with its members."""
    panel = await commands.form_panel(
        tx,
        call_id,
        name=body.name,
        type_code=body.type_code,
        members=[_evaluator(member) for member in body.members],
        by=by,
        now=now,
    )
    return await queries.view_panel(tx, panel.id)


@routes.get("/v1/calls/{call_id}/panels", operation_id="listPanels", summary="평가위원회 목록 (List a call's panels)")
async def list_panels(
    call_id: UUID, by: Annotated[Principal, allowed(*_READERS)], tx: RecordingTx, access_point: AccessPoint
) -> PanelList:
    """공고의 평가위원회와 위원, 맡은 건수. The panels of a call, with members and cases."""
    view = await queries.view_panels(tx, call_id)
    for panel in view.items:
        await record_disclosure(
            tx, data_subject=f"panel/{panel.id}", action="listPanels", by=by, access_point=access_point
        )
    return view


@routes.post(
    "/v1/panels/{panel_id}/members",
    status_code=201,
    operation_id="seatMembers",
    summary="평가위원 추가 위촉 (Seat further evaluators)",
)
async def seat_members(
    panel_id: UUID, body: SeatMembers, by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)], tx: Tx, now: Now
) -> PanelView:
    """위원을 더합니다. Adds members to a panel."""
    await commands.seat_members(tx, panel_id, [_evaluator(member) for member in body.members], by=by, now=now)
    return await queries.view_panel(tx, panel_id)


@routes.post(
    "/v1/calls/{call_id}/assignments",
    status_code=201,
    operation_id="assignCases",
    summary="신청 건을 평가위원회에 배정 (Give the eligible cases that have no panel to the panels of their type)",
)
async def assign_cases(
    call_id: UUID, by: Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)], tx: Tx, now: Now
) -> AssignmentCount:
    """적격 신청을 위원에게 배정합니다. 이해충돌이 있는 위원은 건너뜁니다. Assigns eligible cases, past conflicts."""
    return AssignmentCount(assigned=len(await commands.assign_cases(tx, call_id, by=by, now=now)))


@routes.get(
    "/v1/assignments", operation_id="listAssignments", summary="배정받은 신청 건 목록 (List the caller's own cases)"
)
async def list_assignments(
    by: Annotated[Principal, allowed(Role.PANEL_MEMBER)],
    tx: Tx,
    page: PageQuery,
    call_id: Annotated[UUID | None, Query()] = None,
) -> Page[AssignmentView]:
    """위원에게는 자기 배정만, 담당자에게는 전부. A member sees the own assignments, the operator all."""
    return await queries.list_assignments(tx, page, by=by, call_id=call_id)


@routes.post(
    "/v1/applications/{application_id}/conflicts",
    status_code=201,
    operation_id="declareConflict",
    summary="이해충돌 신고와 회피 (Declare a conflict of interest and leave the case)",
)
async def declare_conflict(
    application_id: UUID,
    body: DeclareConflict,
    by: Annotated[Principal, allowed(Role.PANEL_MEMBER)],
    tx: Tx,
    now: Now,
) -> ConflictView:
    """배정된 건의 이해충돌을 스스로 알립니다. 그 건은 더 볼 수 없습니다. Declares a conflict and leaves the case."""
    ended = await commands.declare_conflict(
        tx, application_id, kind=body.kind, statement=body.statement, by=by, now=now
    )
    return ConflictView(application_id=application_id, member_id=ended.member_id, kind=body.kind)


@routes.post(
    "/v1/applications/{application_id}/scores",
    status_code=201,
    operation_id="lockScore",
    summary="평가표 확정 (Sign and lock a score sheet)",
)
async def lock_score(
    application_id: UUID, body: LockScore, by: Annotated[Principal, allowed(Role.PANEL_MEMBER)], tx: Tx, now: Now
) -> ScoreSheetView:
    """점수를 확정합니다. 고치려면 앞 판의 번호와 사유가 필요하며, 앞 판도 남습니다.

    Locks a score; a correction names the version it replaces and why, and both are kept.
    """
    sheet = await commands.lock_score(
        tx,
        application_id,
        Marks(body.technical_score, body.site_score, body.bonus),
        replaces_version=body.replaces_version,
        reason=body.reason,
        by=by,
        now=now,
    )
    return ScoreSheetView(
        id=sheet.id,
        application_id=sheet.application_id,
        member_id=sheet.member_id,
        version=sheet.version,
        technical_score=sheet.marks.technical_score,
        site_score=sheet.marks.site_score,
        bonus=sheet.marks.bonus,
        reason=sheet.reason,
        locked_at=sheet.locked_at,
        counts=True,
    )


@routes.get(
    "/v1/applications/{application_id}/scores",
    operation_id="listScores",
    summary="평가표 목록 (List the sheets of a case; a member sees own sheets only)",
)
async def list_scores(
    application_id: UUID, by: Annotated[Principal, allowed(Role.PANEL_MEMBER, *_READERS)], tx: Tx
) -> ScoreSheetList:
    """위원은 자기 채점표만 봅니다. A member sees the own sheets only."""
    return await queries.view_scores(tx, application_id, by=by)


def _evaluator(body: EvaluatorBody) -> Evaluator:
    return Evaluator(body.subject, body.name, body.affiliation)
