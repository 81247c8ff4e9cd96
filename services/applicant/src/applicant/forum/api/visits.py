"""HTTP: the roll of the Forum's members, their visits to firms, and the checklist by which they report."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from applicant.forum import queries
from applicant.forum.commands import members
from applicant.forum.commands import visits as commands
from applicant.forum.queries import ChecklistView, ForumVisitView, MemberView, VisitState
from common.auth import Principal
from common.web import Body, IfMatch, Now, Page, PageQuery, Tx, allowed, anyone, etag, router
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_ROLES, Role

routes = router(tags=["forum"])

_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Forum = Annotated[Principal, allowed(Role.FORUM_MEMBER)]
_Operator = Annotated[Principal, allowed(Role.TECHNOPARK_OPERATOR)]
_Office = (*sorted(PROVINCE_ROLES), Role.FORUM_MEMBER, Role.TECHNOPARK_OPERATOR, Role.AUDITOR)
_Reader = Annotated[Principal, allowed(*sorted(COMPANY_ROLES | MUNICIPALITY_ROLES), *_Office)]


class AdmitMember(Body):
    """Who it is, by the subject of the token, and of which member firm."""

    subject: _Text
    name: _Text
    firm_name: _Text


class AssignVisit(Body):
    """Which member goes, when, and which mentor comes along; from now on both judge none of this firm's cases."""

    member_id: UUID
    mentor_subject: str | None = Field(None, min_length=1, max_length=200)
    planned_on: date


class AnswerBody(Body):
    """How the firm stands on one item of the checklist."""

    item: str = Field(min_length=1, max_length=40)
    answer: commands.Readiness


class ReportVisit(Body):
    """What the coach found; every item of the checklist is answered."""

    visited_on: date
    findings: str = Field(min_length=1, max_length=4000)
    answers: list[AnswerBody] = Field(max_length=100)


@routes.post(
    "/v1/forum-members",
    status_code=201,
    operation_id="admitForumMember",
    summary="상생협의회 위원 등록 (Admit a member of the Forum)",
)
async def admit_member(body: AdmitMember, by: _Operator, tx: Tx, now: Now, response: Response) -> MemberView:
    """명부에 있는 위원만 방문하고 가르칩니다. Only who is on the roll visits and teaches."""
    member_id = await members.admit_member(
        tx, subject=body.subject, name=body.name, firm_name=body.firm_name, by=by, now=now
    )
    return _member(await queries.view_member(tx, member_id), response)


@routes.get("/v1/forum-members", operation_id="listForumMembers", summary="상생협의회 위원 명부 (The Forum's roll)")
async def list_members(by: Annotated[Principal, allowed(*_Office)], tx: Tx, page: PageQuery) -> Page[MemberView]:
    """탈퇴한 위원도 남습니다. Those who have left stay on it."""
    return await queries.list_members(tx, page)


@routes.post(
    "/v1/forum-members/{member_id}/departures",
    status_code=201,
    operation_id="endForumMembership",
    summary="상생협의회 위원 탈퇴 (Take a member off the roll)",
)
async def end_membership(
    member_id: UUID, by: _Operator, version: Annotated[int, IfMatch()], tx: Tx, now: Now, response: Response
) -> MemberView:
    """지도한 기업과의 관계는 남습니다. Whom the member coached stays known."""
    await members.end_membership(tx, member_id, read_version=version, by=by, now=now)
    return _member(await queries.view_member(tx, member_id), response)


@routes.post(
    "/v1/letters/{letter_id}/visits",
    status_code=201,
    operation_id="assignForumVisit",
    summary="방문 배정 (Send a member to a firm)",
)
async def assign_visit(
    letter_id: UUID,
    body: AssignVisit,
    by: _Forum,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ForumVisitView:
    """배정된 위원과 멘토는 그때부터 이 기업의 신청을 평가할 수 없습니다.

    The member and the mentor judge no application of this firm from now on.
    """
    visit_id = await commands.assign_visit(
        tx,
        letter_id,
        member_id=body.member_id,
        mentor_subject=body.mentor_subject,
        planned_on=body.planned_on,
        read_version=version,
        by=by,
        now=now,
    )
    return _visit(await queries.view_visit(tx, visit_id, by=by), response)


@routes.get("/v1/forum-visits", operation_id="listForumVisits", summary="방문 목록 (List the Forum's visits)")
async def list_visits(
    by: _Reader, tx: Tx, page: PageQuery, state: Annotated[VisitState | None, Query()] = None
) -> Page[ForumVisitView]:
    """기업은 자기 것, 시·군은 관내, 상생협의회는 모두. A firm its own, a municipality its area's, the Forum all."""
    return await queries.list_visits(tx, page, by=by, state=state)


@routes.get("/v1/forum-visits/{visit_id}", operation_id="getForumVisit", summary="방문 조회 (Read a visit)")
async def get_visit(visit_id: UUID, by: _Reader, tx: Tx, response: Response) -> ForumVisitView:
    """방문 하나와, 결과를 적는 데 필요한 ETag. One visit, with the ETag that its report needs."""
    return _visit(await queries.view_visit(tx, visit_id, by=by), response)


@routes.post(
    "/v1/forum-visits/{visit_id}/reports",
    status_code=201,
    operation_id="reportForumVisit",
    summary="방문 결과 기록 (Report a visit by the checklist)",
)
async def report_visit(
    visit_id: UUID,
    body: ReportVisit,
    by: _Forum,
    version: Annotated[int, IfMatch()],
    tx: Tx,
    now: Now,
    response: Response,
) -> ForumVisitView:
    """배정된 위원이 준비 점검표의 모든 항목에 답합니다. The member who went answers every item of the checklist."""
    await commands.report_visit(
        tx,
        visit_id,
        visited_on=body.visited_on,
        findings=body.findings,
        answers=[(each.item, each.answer) for each in body.answers],
        read_version=version,
        by=by,
        now=now,
    )
    return _visit(await queries.view_visit(tx, visit_id, by=by), response)


@routes.get(
    "/v1/readiness-checklist", operation_id="getReadinessChecklist", summary="준비 점검표 (The readiness checklist)"
)
async def get_checklist(by: Annotated[Principal | None, anyone()], now: Now) -> ChecklistView:
    """오늘 쓰는 점검표. 조언이며 신청 자격이 아닙니다. The list in force: advice, and no condition of eligibility."""
    return queries.view_checklist(now)


def _member(view: MemberView, response: Response) -> MemberView:
    etag(response, view.version)
    return view


def _visit(view: ForumVisitView, response: Response) -> ForumVisitView:
    etag(response, view.version)
    return view
