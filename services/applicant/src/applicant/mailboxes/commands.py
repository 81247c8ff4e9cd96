"""An office says where its notices go: one of its people proposes, another confirms. The address is nowhere else."""

from datetime import datetime
from uuid import UUID

from applicant.companies.commands import checked_contact_email
from applicant.mailboxes import domain, store
from applicant.mailboxes.domain import PROVINCE, TECHNOPARK, Mailbox, MailboxState
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from contracts.roles import MUNICIPALITY_ROLES, Role

__all__ = ["PROVINCE", "TECHNOPARK", "addresses_of", "confirm_mailbox", "propose_mailbox"]

_CONFIRM_ONLY = frozenset({Role.MUNICIPALITY_APPROVER, Role.PROVINCE_APPROVER})

addresses_of = store.addresses_of
"""By office, the confirmed address that its notices go to."""


async def propose_mailbox(tx: Transaction, address: str, *, by: Principal, now: datetime) -> UUID:
    """Propose where the notices of one's own office go; a proposal that waited gives way to this one."""
    office = domain.office_of(by.role, by.tenant)
    # Who confirms never proposes: row security knows whose a mailbox is, and not which of the two steps is taken.
    if office is None or by.role in _CONFIRM_ONLY:
        raise domain.MailboxNotYours
    mailbox = Mailbox(
        id=new_id(),
        office=office,
        address=checked_contact_email(address),
        state=MailboxState.PROPOSED,
        proposed_by=by.person,
        proposed_at=now,
    )
    await store.replace_those(tx, office, MailboxState.PROPOSED, at=now)
    await store.add(tx, mailbox)
    await _journal(tx, mailbox, "mailbox-proposed", by=by, now=now)
    return mailbox.id


async def confirm_mailbox(
    tx: Transaction, mailbox_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> Mailbox:
    """The second person's yes: from now on the office's notices go there, and to the one before no more."""
    mailbox = await store.get_locked(tx, mailbox_id)
    if mailbox.office != domain.office_of(by.role, by.tenant):
        raise domain.MailboxUnknown if by.role in MUNICIPALITY_ROLES else domain.MailboxNotYours
    confirmed = domain.confirm(mailbox, read_version=read_version, by=by.person, now=now)
    await store.replace_those(tx, mailbox.office, MailboxState.CONFIRMED, at=now)
    await store.save_confirmed(tx, confirmed)
    await _journal(tx, confirmed, "mailbox-confirmed", by=by, now=now)
    return confirmed


async def _journal(tx: Transaction, mailbox: Mailbox, decision: str, *, by: Principal, now: datetime) -> None:
    await journal.record(
        tx,
        chain=f"office/{mailbox.office}",
        decision=decision,
        by=by,
        at=now,
        facts={"mailbox_id": str(mailbox.id), "state": mailbox.state.value},
    )
