"""Notices as the firm that gets them and the staff see them; nobody is shown an address here."""

from datetime import datetime
from operator import eq
from uuid import UUID

from sqlalchemy import ColumnElement, select, true

from applicant.companies import queries as companies
from applicant.notices.domain import NoticeKind, NoticeNotFound, NoticeState, Problem, Recipient
from applicant.notices.store import NoticeRow
from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, narrowed, page_of
from contracts.roles import COMPANY_ROLES

__all__ = ["NoticeKind", "NoticeState", "NoticeView", "list_notices", "view_notice"]


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


async def list_notices(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    state: NoticeState | None,
    kind: NoticeKind | None,
    application_id: UUID | None,
) -> Page[NoticeView]:
    """Notices, oldest first: a firm those it got, the staff all."""
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


def _visible(by: Principal) -> ColumnElement[bool]:
    if by.role in COMPANY_ROLES:
        own = NoticeRow.company_id == companies.own_company_id(by)
        return own & (NoticeRow.recipient == Recipient.COMPANY.value)
    return true()
