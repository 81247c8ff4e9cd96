"""Queueing notices with what they tell of, delivering them, and what people may do about a delivery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from applicant.companies import commands as company_commands
from applicant.companies import queries as companies
from applicant.mailboxes import commands as mailboxes
from applicant.mailboxes.queries import name_of
from applicant.notices import domain, store
from applicant.notices.domain import Notice, NoticeKind, NoticeState, Patience, Problem, Recipient, Wanted
from common import journal
from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from contracts.funding import BudgetLapseWarned
from contracts.types import MUNICIPALITIES

__all__ = [
    "Fallbacks",
    "Letter",
    "Notice",
    "NoticeKind",
    "Patience",
    "Problem",
    "Recipient",
    "Wanted",
    "change_contact",
    "claim_letters",
    "confirm_mailbox",
    "fail_letter",
    "leave_letter",
    "queue",
    "retry_notice",
    "retry_office_notice",
    "sent_letter",
    "warn_of_lapse",
]

_OFFICE = {Recipient.OPERATOR: mailboxes.TECHNOPARK, Recipient.PROVINCE: mailboxes.PROVINCE}
_RECIPIENT = {office: recipient for recipient, office in _OFFICE.items()}


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed notice with the address it goes to, if there is one: whose mailbox that is, and what it says there."""

    notice: Notice
    leased_until: datetime
    address: str | None
    sent_to: Recipient
    body: str

    @property
    def key(self) -> str:
        """What the mail port takes once: this notice at this address.

        When the address changes after an attempt whose end nobody knows, the letter to the new one is another: it is
        better to be told twice than to be recorded as told.
        """
        return str(uuid5(self.notice.id, self.address or ""))


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """Where the notices of the Technopark and of the province go until they have said so themselves."""

    operator: str
    province: str


async def queue(tx: Transaction, wanted: Sequence[Wanted], *, now: datetime) -> None:
    """Queue notices in the transaction of what they tell of; of one reason comes one a recipient."""
    await store.add(tx, [domain.notice_of(each, now=now) for each in wanted])


async def claim_letters(tx: Transaction, *, most: int, lease_seconds: float, fallbacks: Fallbacks) -> list[Letter]:
    """Lease what waits, with its addresses: a firm's own contact, or the mailbox that an office has confirmed."""
    claimed = await store.claim(tx, most=most, lease_seconds=lease_seconds)
    notices = [notice for notice, _ in claimed]
    contacts = await companies.contacts_of(tx, [each.company_id for each in notices if each.company_id is not None])
    offices = {each.municipality_code for each in notices if each.municipality_code is not None}
    boxes = {mailboxes.TECHNOPARK: fallbacks.operator, mailboxes.PROVINCE: fallbacks.province}
    if any(each.recipient is not Recipient.COMPANY for each in notices):
        boxes |= await mailboxes.addresses_of(tx, {*offices, mailboxes.TECHNOPARK, mailboxes.PROVINCE})
    return [_letter(notice, leased_until, contacts, boxes) for notice, leased_until in claimed]


def _letter(notice: Notice, leased_until: datetime, contacts: Mapping[UUID, str], boxes: Mapping[str, str]) -> Letter:
    if notice.recipient is Recipient.COMPANY:
        address = None if notice.company_id is None else contacts.get(notice.company_id)
        return Letter(notice, leased_until, address, notice.recipient, notice.body)
    office = _OFFICE.get(notice.recipient) or notice.municipality_code or mailboxes.TECHNOPARK
    if office in boxes:
        return Letter(notice, leased_until, boxes[office], notice.recipient, notice.body)
    body = domain.in_place_of(notice, name_of(office))
    return Letter(notice, leased_until, boxes[mailboxes.TECHNOPARK], Recipient.OPERATOR, body)


async def sent_letter(tx: Transaction, letter: Letter, *, now: datetime) -> None:
    """Keep that a notice was delivered, and to whose mailbox."""
    sent = replace(letter.notice, state=NoticeState.SENT, problem=None, sent_at=now, sent_to=letter.sent_to)
    await store.settle(tx, sent, leased_until=letter.leased_until, wait_seconds=0.0)


async def fail_letter(tx: Transaction, letter: Letter, problem: Problem, patience: Patience) -> NoticeState:
    """Keep why an attempt failed: it is tried again later, or given up; or not, when its address has changed since."""
    failed = domain.after_failure(letter.notice, problem, patience)
    wait_seconds = domain.wait_seconds(failed, patience)
    kept = await store.settle(tx, failed, leased_until=letter.leased_until, wait_seconds=wait_seconds)
    return failed.state if kept else letter.notice.state


async def leave_letter(tx: Transaction, letter: Letter, patience: Patience) -> None:
    """Put a notice back that nobody was asked to deliver, without counting the attempt."""
    wait_seconds = patience.first_wait_seconds
    await store.leave(tx, letter.notice, leased_until=letter.leased_until, wait_seconds=wait_seconds)


async def retry_notice(tx: Transaction, notice_id: UUID, *, by: Principal, now: datetime) -> None:
    """Set the delivery of a case's notice going again that was given up."""
    notice = await store.get(tx, notice_id, lock=True)
    if notice.application_id is None:
        raise domain.NoticeNotFound
    await _retry(tx, notice, by=by, now=now)


async def retry_office_notice(tx: Transaction, notice_id: UUID, *, by: Principal, now: datetime) -> None:
    """Set the delivery of a notice to an office going again that was given up."""
    notice = await store.get(tx, notice_id, lock=True)
    if notice.recipient is Recipient.COMPANY:
        raise domain.NoticeNotFound
    await _retry(tx, notice, by=by, now=now)


async def _retry(tx: Transaction, notice: Notice, *, by: Principal, now: datetime) -> None:
    again = domain.again(notice)
    await store.requeue(tx, again)
    about = (
        f"budget-line/{again.budget_line_id}" if again.application_id is None else f"application/{again.application_id}"
    )
    await journal.record(
        tx,
        chain=about,
        decision="notice-retried",
        by=by,
        at=now,
        facts={"notice_id": str(again.id), "kind": again.kind.value},
    )


async def change_contact(
    tx: Transaction, company_id: UUID, email: str, *, read_version: int, by: Principal, now: datetime
) -> companies.Company:
    """Change where a firm's notices go; those that found no address, or are under way to the old one, leave at once.

    What was tried at the old address is not counted at the new one. A letter that the old address has taken is told: it
    went where the firm wanted it then. One whose end is not known yet is not, whatever becomes of it.
    """
    changed = await company_commands.change_contact(tx, company_id, email, read_version=read_version, by=by, now=now)
    await store.requeue_unaddressed(tx, company_id)
    return changed


async def confirm_mailbox(
    tx: Transaction, mailbox_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """An office's second person confirms where its notices go; those that its old address refused, or that are under
    way to it, leave at once, as a firm's do.
    """
    confirmed = await mailboxes.confirm_mailbox(tx, mailbox_id, read_version=read_version, by=by, now=now)
    recipient = _RECIPIENT.get(confirmed.office, Recipient.MUNICIPALITY)
    place = confirmed.office if recipient is Recipient.MUNICIPALITY else None
    async with as_service(tx):
        await store.requeue_undelivered(tx, recipient, place)
        if confirmed.office == mailboxes.TECHNOPARK:
            # It stands in for the municipalities that have none: what its old address refused of theirs leaves too.
            with_mailbox = await mailboxes.addresses_of(tx, {str(each.code) for each in MUNICIPALITIES})
            await store.requeue_stood_in_for(tx, with_mailbox.keys())


async def warn_of_lapse(tx: Transaction, told: BudgetLapseWarned, *, now: datetime) -> None:
    """Tell those whose money lapses, and the province: once a line, year and stage, however often it is heard."""
    carried_over = told.last_day.year != told.fiscal_year
    stage = f"{told.last_day.year}/{told.stage_days}" if carried_over else f"{told.stage_days}"
    place = name_of(told.municipality_code or mailboxes.PROVINCE)
    facts = {
        "source": told.source,
        "place_ko": place.ko,
        "place_en": place.en,
        "track": told.track,
        "fiscal_year": told.fiscal_year,
        "budget_line_id": told.budget_line_id,
        "days_left": told.days_left,
        "last_day": told.last_day.isoformat(),
        "uncommitted_won": told.uncommitted_won,
        "unpaid_won": told.unpaid_won,
        "carried_won": told.carried_won,
        "lapsing_won": told.lapsing_won,
        "carried_over": carried_over,
        "rule": f"lapse/{told.rule_version}, D-{told.stage_days}",
    }
    recipients = [Recipient.PROVINCE]
    if told.municipality_code is not None:
        recipients.append(Recipient.MUNICIPALITY)
    wanted = [
        Wanted(
            reason=f"lapse/{told.budget_line_id}/{stage}",
            kind=NoticeKind.MONEY_LAPSES,
            recipient=recipient,
            municipality_code=told.municipality_code if recipient is Recipient.MUNICIPALITY else None,
            budget_line_id=told.budget_line_id,
            facts=facts,
        )
        for recipient in recipients
    ]
    await queue(tx, wanted, now=now)
