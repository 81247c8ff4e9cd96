"""Mailboxes of offices in PostgreSQL: of each office one that waits and one that is in force, by partial indexes."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.mailboxes.domain import (
    Mailbox,
    MailboxHasChanged,
    MailboxProposedMeanwhile,
    MailboxState,
    MailboxUnknown,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next


class OfficeMailboxRow(Tables):
    """A trigger lets an address be wiped and never rewritten; a CHECK wants two people."""

    __tablename__ = "office_mailbox"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    office: Mapped[str]
    address: Mapped[str | None]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (
        CheckConstraint("(state = 'REPLACED') = (address IS NULL) AND (state = 'REPLACED') = (ended_at IS NOT NULL)",
                        name="address"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_people"),
        Index("office_mailbox_waiting_idx", "office", unique=True, postgresql_where=text("state = 'PROPOSED'")),
        Index("office_mailbox_in_force_idx", "office", unique=True, postgresql_where=text("state = 'CONFIRMED'")),
        Index("office_mailbox_office_id_idx", "office", "id"),
    )  # fmt: skip


_COLUMNS = OfficeMailboxRow.__table__.columns


async def add(tx: Transaction, mailbox: Mailbox) -> None:
    """Store a proposal; raises MailboxProposedMeanwhile when another of its office was a moment earlier."""
    values = {each.name: getattr(mailbox, each.name) for each in fields(mailbox)}
    added = await tx.execute(
        insert(OfficeMailboxRow).values(values).on_conflict_do_nothing().returning(OfficeMailboxRow.id)
    )
    if added.one_or_none() is None:
        raise MailboxProposedMeanwhile


async def get_locked(tx: Transaction, mailbox_id: UUID) -> Mailbox:
    """One mailbox that stays as read until commit; raises MailboxUnknown."""
    statement = select(*_COLUMNS).where(OfficeMailboxRow.id == mailbox_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise MailboxUnknown
    return _mailbox(row)


async def replace_those(tx: Transaction, office: str, state: MailboxState, *, at: datetime) -> None:
    """End an office's mailbox of this state, if there is one; its address is wiped."""
    await tx.execute(
        update(OfficeMailboxRow)
        .where(OfficeMailboxRow.office == office, OfficeMailboxRow.state == state.value)
        .values(state=MailboxState.REPLACED.value, address=None, ended_at=at, version=OfficeMailboxRow.version + 1)
    )


async def save_confirmed(tx: Transaction, mailbox: Mailbox) -> None:
    """Store the confirmation of a mailbox that is held; raises MailboxHasChanged when somebody else was first."""
    values = {
        "state": mailbox.state.value,
        "confirmed_by": mailbox.confirmed_by,
        "confirmed_at": mailbox.confirmed_at,
    }
    if not await save_next(tx, OfficeMailboxRow, mailbox.id, mailbox.version, values):
        raise MailboxHasChanged(current_version=mailbox.version + 1)


async def addresses_of(tx: Transaction, offices: Iterable[str]) -> dict[str, str]:
    """By office, the address in force; an office without one is missing."""
    statement = select(OfficeMailboxRow.office, OfficeMailboxRow.address).where(
        OfficeMailboxRow.office.in_(sorted(set(offices))), OfficeMailboxRow.state == MailboxState.CONFIRMED.value
    )
    return {row.office: row.address for row in await tx.execute(statement)}


def _mailbox(row: RowMapping) -> Mailbox:
    return Mailbox(**{**row, "state": MailboxState(row["state"])})
