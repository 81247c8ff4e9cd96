"""Queueing notices with what they tell of, delivering them, and what people may do about a delivery."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from applicant.companies import commands as company_commands
from applicant.companies import queries as companies
from applicant.notices import domain, store
from applicant.notices.domain import Notice, NoticeKind, NoticeState, Patience, Problem, Recipient, Wanted
from common import journal
from common.auth import Principal
from common.db import Transaction

__all__ = [
    "Letter",
    "Notice",
    "NoticeKind",
    "Patience",
    "Problem",
    "Recipient",
    "Wanted",
    "change_contact",
    "claim_letters",
    "fail_letter",
    "leave_letter",
    "queue",
    "retry_notice",
    "sent_letter",
]


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed notice with the address it goes to, if there is one."""

    notice: Notice
    address: str | None


async def queue(tx: Transaction, wanted: Sequence[Wanted], *, now: datetime) -> None:
    """Queue notices in the transaction of what they tell of; of one reason comes one a recipient."""
    await store.add(tx, [domain.notice_of(each, now=now) for each in wanted])


async def claim_letters(
    tx: Transaction, *, most: int, lease_seconds: float, operator: str, province: str
) -> list[Letter]:
    """Lease what waits, with its addresses: a firm's own contact, or the mailbox of an office."""
    claimed = await store.claim(tx, most=most, lease_seconds=lease_seconds)
    firms = [each.company_id for each in claimed if each.recipient is Recipient.COMPANY]
    contacts = await companies.contacts_of(tx, firms)
    offices = {Recipient.OPERATOR: operator, Recipient.PROVINCE: province}
    return [
        Letter(each, contacts.get(each.company_id) if each.recipient is Recipient.COMPANY else offices[each.recipient])
        for each in claimed
    ]


async def sent_letter(tx: Transaction, notice: Notice, *, now: datetime) -> None:
    """Keep that a notice was delivered."""
    sent = replace(notice, state=NoticeState.SENT, problem=None, sent_at=now)
    await store.settle(tx, sent, wait_seconds=0.0)


async def fail_letter(tx: Transaction, notice: Notice, problem: Problem, patience: Patience) -> NoticeState:
    """Keep why an attempt failed: it is tried again later, or given up."""
    failed = domain.after_failure(notice, problem, patience)
    await store.settle(tx, failed, wait_seconds=domain.wait_seconds(failed, patience))
    return failed.state


async def leave_letter(tx: Transaction, notice: Notice, patience: Patience) -> None:
    """Put a notice back that nobody was asked to deliver, without counting the attempt."""
    await store.leave(tx, notice, wait_seconds=patience.first_wait_seconds)


async def retry_notice(tx: Transaction, notice_id: UUID, *, by: Principal, now: datetime) -> None:
    """Set a delivery going again that was given up."""
    notice = domain.again(await store.get(tx, notice_id, lock=True))
    await store.requeue(tx, notice)
    await journal.record(
        tx,
        chain=f"application/{notice.application_id}",
        decision="notice-retried",
        by=by,
        at=now,
        facts={"notice_id": str(notice.id), "kind": notice.kind.value},
    )


async def change_contact(
    tx: Transaction, company_id: UUID, email: str, *, read_version: int, by: Principal, now: datetime
) -> companies.Company:
    """Change where a firm's notices go; those that found no address leave at once."""
    changed = await company_commands.change_contact(tx, company_id, email, read_version=read_version, by=by, now=now)
    await store.requeue_unaddressed(tx, company_id)
    return changed
