"""Reading mailboxes: everybody of an office sees its own with the address, the programme's staff that there is one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select, true

from applicant.mailboxes import domain
from applicant.mailboxes.domain import OFFICES, MailboxState, MailboxUnknown, name_of, office_of
from applicant.mailboxes.store import OfficeMailboxRow
from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.roles import MUNICIPALITY_ROLES

__all__ = ["MailboxState", "MailboxView", "Standing", "list_mailboxes", "name_of", "standing_of", "view_mailbox"]


class MailboxView(View):
    """One mailbox of an office. `address` is shown to the office itself, and gone once another stands in its place."""

    id: UUID
    office: str
    address: str | None
    state: MailboxState
    proposed_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether an office has a mailbox in force, since when, and one that waits for its second person."""

    in_force_since: datetime | None = None
    waiting_id: UUID | None = None


async def list_mailboxes(tx: Transaction, page: PageRequest, *, by: Principal) -> Page[MailboxView]:
    """Mailboxes, oldest first: a municipality its own, the others all."""
    row = OfficeMailboxRow
    found, turns = await paginate(tx, select(*row.__table__.columns).where(_visible(by)), page, by=[row.id])
    return Page[MailboxView](items=[_view(each, by) for each in found], **turns)


async def view_mailbox(tx: Transaction, mailbox_id: UUID, *, by: Principal) -> MailboxView:
    """One mailbox, if it is the caller's to see."""
    row = OfficeMailboxRow
    statement = select(*row.__table__.columns).where(row.id == mailbox_id, _visible(by))
    found = (await tx.execute(statement)).one_or_none()
    if found is None:
        raise MailboxUnknown
    return _view(found, by)


async def standing_of(tx: Transaction, *, by: Principal) -> dict[str, Standing]:
    """By office that the caller may see, whether it has a mailbox; every such office is there."""
    row = OfficeMailboxRow
    statement = select(row.office, row.id, row.state, row.confirmed_at).where(
        row.state != MailboxState.REPLACED.value, _visible(by)
    )
    found = (await tx.execute(statement)).all()
    since = {each.office: each.confirmed_at for each in found if each.state == MailboxState.CONFIRMED.value}
    waiting = {each.office: each.id for each in found if each.state == MailboxState.PROPOSED.value}
    own = office_of(by.role, by.tenant)
    return {
        office: Standing(since.get(office), waiting.get(office))
        for office in OFFICES
        if by.role not in MUNICIPALITY_ROLES or office == own
    }


def _view(row: Row[Any], by: Principal) -> MailboxView:
    view = MailboxView.model_validate(row)
    return view if view.office == domain.office_of(by.role, by.tenant) else view.model_copy(update={"address": None})


def _visible(by: Principal) -> ColumnElement[bool]:
    return OfficeMailboxRow.office == by.tenant if by.role in MUNICIPALITY_ROLES else true()
