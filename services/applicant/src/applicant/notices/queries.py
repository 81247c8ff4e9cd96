"""Notices as the firm or office that gets them and the staff see them; nobody is shown an address here."""

from datetime import datetime
from operator import eq
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, func, select

from applicant.companies import queries as companies
from applicant.mailboxes import queries as mailboxes
from applicant.notices.domain import NoticeKind, NoticeNotFound, NoticeState, Problem, Recipient
from applicant.notices.store import NoticeRow
from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, page_of
from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES

__all__ = [
    "NoticeKind",
    "NoticeState",
    "NoticeView",
    "OfficeList",
    "OfficeNoticeView",
    "OfficeView",
    "list_notices",
    "list_office_notices",
    "list_offices",
    "view_notice",
    "view_office_notice",
]


class NoticeView(View):
    """One notice: its words, what it is about, and how its delivery went. Of one `reason` comes one a recipient."""

    id: UUID
    reason: str
    kind: NoticeKind
    recipient: Recipient
    company_id: UUID
    application_id: UUID
    project_id: UUID | None
    subject: str
    body: str
    queued_at: datetime
    state: NoticeState
    attempts: int
    problem: Problem | None
    sent_at: datetime | None


class OfficeNoticeView(View):
    """One notice to an office: about a case, or about a budget line whose money lapses, and how its delivery went.

    `sent_to` says whose mailbox it went to: OPERATOR in place of a municipality that had none.
    """

    id: UUID
    reason: str
    kind: NoticeKind
    recipient: Recipient
    municipality_code: str | None
    application_id: UUID | None
    project_id: UUID | None
    budget_line_id: UUID | None
    subject: str
    body: str
    queued_at: datetime
    state: NoticeState
    attempts: int
    problem: Problem | None
    sent_at: datetime | None
    sent_to: Recipient | None


class OfficeView(View):
    """One office, and whether its notices reach it."""

    office: str
    name_ko: str
    name_en: str
    has_mailbox: bool = Field(description="Whether it has said where its notices go, by two of its people.")
    in_force_since: datetime | None
    waiting_mailbox_id: UUID | None = Field(description="A mailbox that waits for its second person.")
    sent_elsewhere: int = Field(description="Notices that went to the Technopark, for want of a mailbox.")


class OfficeList(View):
    """The offices that the caller may see: a municipality itself, the others all sixteen."""

    items: list[OfficeView]


async def list_notices(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    state: NoticeState | None,
    kind: NoticeKind | None,
    application_id: UUID | None,
) -> Page[NoticeView]:
    """Notices about cases, oldest first: a firm those it got, the staff all."""
    row = NoticeRow
    conditions = narrowed(
        (row.state, eq, state and state.value),
        (row.kind, eq, kind and kind.value),
        (row.application_id, eq, application_id),
    )
    statement = select(*row.__table__.columns).where(_visible(by), *conditions)
    return await page_of(NoticeView, tx, statement, page, by=[row.queued_at, row.id])


async def view_notice(tx: Transaction, notice_id: UUID, *, by: Principal) -> NoticeView:
    """One notice, if it is the caller's to see."""
    statement = select(*NoticeRow.__table__.columns).where(NoticeRow.id == notice_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise NoticeNotFound
    return NoticeView.model_validate(row)


async def list_office_notices(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    state: NoticeState | None,
    kind: NoticeKind | None,
    municipality_code: str | None,
) -> Page[OfficeNoticeView]:
    """Notices to offices, oldest first: a municipality those it was to get, the others all."""
    row = NoticeRow
    conditions = narrowed(
        (row.state, eq, state and state.value),
        (row.kind, eq, kind and kind.value),
        (row.municipality_code, eq, municipality_code),
    )
    statement = select(*row.__table__.columns).where(_of_office(by), *conditions)
    return await page_of(OfficeNoticeView, tx, statement, page, by=[row.queued_at, row.id])


async def view_office_notice(tx: Transaction, notice_id: UUID, *, by: Principal) -> OfficeNoticeView:
    """One notice to an office, if it is the caller's to see."""
    statement = select(*NoticeRow.__table__.columns).where(NoticeRow.id == notice_id, _of_office(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise NoticeNotFound
    return OfficeNoticeView.model_validate(row)


async def list_offices(tx: Transaction, *, by: Principal) -> OfficeList:
    """The offices with their mailboxes, by code."""
    standing = await mailboxes.standing_of(tx, by=by)
    counted = await tx.execute(
        select(NoticeRow.municipality_code, func.count().label("number"))
        .where(_of_office(by), NoticeRow.sent_to == Recipient.OPERATOR.value, NoticeRow.municipality_code.is_not(None))
        .group_by(NoticeRow.municipality_code)
    )
    elsewhere: dict[str | None, int] = {row.municipality_code: row.number for row in counted}
    return OfficeList(
        items=[
            OfficeView(
                office=office,
                name_ko=mailboxes.name_of(office).ko,
                name_en=mailboxes.name_of(office).en,
                has_mailbox=box.in_force_since is not None,
                in_force_since=box.in_force_since,
                waiting_mailbox_id=box.waiting_id,
                sent_elsewhere=elsewhere.get(office, 0),
            )
            for office, box in standing.items()
        ]
    )


def _of_office(by: Principal) -> ColumnElement[bool]:
    if by.role in MUNICIPALITY_ROLES:
        return NoticeRow.municipality_code == by.tenant
    return NoticeRow.recipient != Recipient.COMPANY.value


def _visible(by: Principal) -> ColumnElement[bool]:
    """What is about a case; what is about money stands with the notices to offices."""
    if by.role in COMPANY_ROLES:
        own = NoticeRow.company_id == companies.own_company_id(by)
        return own & (NoticeRow.recipient == Recipient.COMPANY.value)
    return NoticeRow.application_id.is_not(None)
