"""The Forum's work as those see it whom it concerns: everybody its campaigns, a firm its own letter and visit."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, select, true

from applicant.companies import queries as companies
from applicant.forum.domain.campaigns import CampaignNotFound, LetterNotFound, LetterState
from applicant.forum.domain.courses import CourseNotFound, MemberNotFound
from applicant.forum.domain.visits import Readiness, VisitNotFound, VisitState
from applicant.forum.store import visits as store
from applicant.forum.store.campaigns import CampaignRow, LetterRow
from applicant.forum.store.courses import CourseRow, EnrolmentRow
from applicant.forum.store.visits import ForumMemberRow, ForumVisitRow
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.web import Page, PageRequest, View, page_of, paginate
from contracts.roles import PROVINCE_ROLES, Role

__all__ = [
    "CampaignView",
    "ChecklistView",
    "CourseView",
    "ForumVisitView",
    "LetterState",
    "LetterView",
    "MemberView",
    "VisitState",
]

_SEE_DRAFTS = PROVINCE_ROLES | {Role.FORUM_MEMBER, Role.TECHNOPARK_OPERATOR, Role.AUDITOR}


class MemberView(View):
    """A member of the Forum."""

    id: UUID
    subject: str
    name: str
    firm_name: str
    admitted_at: datetime
    left_at: datetime | None
    version: int


class CampaignView(View):
    """A campaign; no municipality named means the whole province."""

    id: UUID
    title_ko: str
    title_en: str
    body_ko: str
    body_en: str
    municipality_codes: list[str]
    opens_at: datetime
    closes_at: datetime
    published_at: datetime | None
    version: int


class LetterView(View):
    """A letter of intent: what the firm said of itself, and how far the Forum has come with it."""

    id: UUID
    campaign_id: UUID
    company_id: UUID
    company_name: str
    municipality_code: str
    annual_sales_won: int
    employees: int
    wishes: str
    state: LetterState
    received_at: datetime
    version: int


class ForumVisitView(View):
    """A visit; its report is empty until it is made."""

    id: UUID
    letter_id: UUID
    company_id: UUID
    municipality_code: str
    member_id: UUID
    planned_on: date
    state: VisitState
    visited_on: date | None
    findings: str | None
    checklist_version: str | None
    answers: Mapping[str, Readiness] | None
    reported_at: datetime | None
    version: int


class EnrolmentView(View):
    company_id: UUID
    attended: bool | None = Field(description="Null until the course was held.")


class CourseView(View):
    """A preparatory course; a firm sees of the enrolments its own."""

    id: UUID
    title_ko: str
    title_en: str
    place: str
    starts_at: datetime
    ends_at: datetime
    seats: int
    taken: int
    teacher_id: UUID
    held_at: datetime | None
    enrolments: list[EnrolmentView]
    version: int


class ChecklistItemView(View):
    item: str
    ko: str
    en: str
    source: str


class ChecklistView(View):
    """The readiness checklist in force: advice, and no condition of eligibility."""

    version: str
    valid_from: date
    note: str
    items: list[ChecklistItemView]


async def list_members(tx: Transaction, page: PageRequest) -> Page[MemberView]:
    """The roll, those who left included."""
    return await page_of(MemberView, tx, select(*ForumMemberRow.__table__.columns), page, by=[ForumMemberRow.id])


async def view_member(tx: Transaction, member_id: UUID) -> MemberView:
    statement = select(*ForumMemberRow.__table__.columns).where(ForumMemberRow.id == member_id)
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise MemberNotFound
    return MemberView.model_validate(row)


async def list_campaigns(tx: Transaction, page: PageRequest, *, by: Principal | None) -> Page[CampaignView]:
    """Campaigns, newest first; drafts for the Forum and the programme's staff."""
    statement = select(*CampaignRow.__table__.columns).where(_published(by))
    return await page_of(CampaignView, tx, statement, page, by=[CampaignRow.id], descending=True)


async def view_campaign(tx: Transaction, campaign_id: UUID, *, by: Principal | None) -> CampaignView:
    statement = select(*CampaignRow.__table__.columns).where(CampaignRow.id == campaign_id, _published(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise CampaignNotFound
    return CampaignView.model_validate(row)


async def list_letters(
    tx: Transaction, page: PageRequest, *, by: Principal, campaign_id: UUID | None, state: LetterState | None
) -> Page[LetterView]:
    """Letters in the order they came: a firm its own, a municipality its area's, the Forum and the staff all."""
    statement = select(*LetterRow.__table__.columns).where(
        companies.seen_by(by, LetterRow.company_id, LetterRow.municipality_code)
    )
    if campaign_id is not None:
        statement = statement.where(LetterRow.campaign_id == campaign_id)
    if state is not None:
        statement = statement.where(LetterRow.state == state.value)
    return await page_of(LetterView, tx, statement, page, by=[LetterRow.id])


async def view_letter(tx: Transaction, letter_id: UUID, *, by: Principal) -> LetterView:
    statement = select(*LetterRow.__table__.columns).where(
        LetterRow.id == letter_id, companies.seen_by(by, LetterRow.company_id, LetterRow.municipality_code)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise LetterNotFound
    return LetterView.model_validate(row)


async def list_visits(
    tx: Transaction, page: PageRequest, *, by: Principal, state: VisitState | None
) -> Page[ForumVisitView]:
    """Visits in the order they were assigned, as letters are seen."""
    statement = select(*ForumVisitRow.__table__.columns).where(
        companies.seen_by(by, ForumVisitRow.company_id, ForumVisitRow.municipality_code)
    )
    if state is not None:
        statement = statement.where(ForumVisitRow.state == state.value)
    return await page_of(ForumVisitView, tx, statement, page, by=[ForumVisitRow.id])


async def view_visit(tx: Transaction, visit_id: UUID, *, by: Principal) -> ForumVisitView:
    statement = select(*ForumVisitRow.__table__.columns).where(
        ForumVisitRow.id == visit_id, companies.seen_by(by, ForumVisitRow.company_id, ForumVisitRow.municipality_code)
    )
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise VisitNotFound
    return ForumVisitView.model_validate(row)


async def list_courses(tx: Transaction, page: PageRequest) -> Page[CourseView]:
    """Courses by their day."""
    statement = select(*CourseRow.__table__.columns)
    rows, turns = await paginate(tx, statement, page, by=[CourseRow.starts_at, CourseRow.id])
    items = [CourseView.model_validate({**row._mapping, "enrolments": []}) for row in rows]  # noqa: SLF001  SQLAlchemy's documented access by column
    return Page[CourseView](items=items, **turns)


async def view_course(tx: Transaction, course_id: UUID) -> CourseView:
    """One course with those of its enrolments that the caller may see; PostgreSQL shows no others."""
    statement = select(*CourseRow.__table__.columns).where(CourseRow.id == course_id)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise CourseNotFound
    enrolled = (
        select(EnrolmentRow.company_id, EnrolmentRow.attended)
        .where(EnrolmentRow.course_id == course_id)
        .order_by(EnrolmentRow.enrolled_at, EnrolmentRow.company_id)
    )
    seen = [EnrolmentView.model_validate(each) for each in await tx.execute(enrolled)]
    return CourseView.model_validate({**row, "enrolments": seen})


def view_checklist(now: datetime) -> ChecklistView:
    """The checklist of today."""
    return ChecklistView.model_validate(store.checklist_in_force(now.astimezone(KST).date()))


def _published(by: Principal | None) -> ColumnElement[bool]:
    if by is not None and by.role in _SEE_DRAFTS:
        return true()
    return CampaignRow.published_at.is_not(None)
