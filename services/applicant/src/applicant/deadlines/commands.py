"""Opening, settling and working legal deadlines. Whoever opens or settles one holds what it is about.

`open_deadline(tx, kind, subject, now=...)` and `settle_deadline(tx, subject_id, kind, DeadlineState.MET, at=...)` are
all that a feature needs; a kind whose passing changes a case also needs an act, named in main.py.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from applicant.deadlines import domain
from applicant.deadlines.domain import Deadline, DeadlineKind, DeadlineState, Duty, Named, Step, Subject, end_of
from applicant.deadlines.store import calendar, rows
from applicant.notices import commands as notices
from applicant.notices.commands import NoticeKind, Recipient, Wanted
from common import journal
from common.auth import Principal
from common.db import Transaction
from common.event import new_id

__all__ = [
    "Act",
    "Deadline",
    "DeadlineKind",
    "DeadlineState",
    "Duty",
    "Subject",
    "appeal_body",
    "due_deadlines",
    "end_of",
    "find_deadline",
    "last_day",
    "last_day_of",
    "open_deadline",
    "open_deadlines",
    "postpone_deadline",
    "settle_deadline",
    "settle_deadlines",
    "work_deadline",
]

Act = Callable[[Transaction, Deadline, Principal, datetime], Awaitable[bool]]
"""What becomes of a case whose deadline has passed: takes its locks, settles the deadline, or finds nothing to do."""

_RECIPIENT = {
    Duty.FIRM: Recipient.COMPANY,
    Duty.OPERATOR: Recipient.OPERATOR,
    Duty.PROVINCE: Recipient.PROVINCE,
    Duty.MUNICIPALITY: Recipient.MUNICIPALITY,
}
_FIRST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 300.0


def last_day(start: datetime, days: int) -> date:
    """The last day of a period of so many days that began at `start`, by the Korean calendar."""
    return domain.last_day_of(start, days, calendar.is_working_day)


def last_day_of(deadline: Deadline) -> date:
    """The last day on which a deadline still holds."""
    return domain.last_day_before(deadline.due_at)


def appeal_body(now: datetime) -> Named:
    """Where a firm objects, as the notices say it."""
    return calendar.rules_in_force(now).appeal_body


async def open_deadline(
    tx: Transaction, kind: DeadlineKind, subject: Subject, *, now: datetime, days: int | None = None
) -> Deadline:
    """Open one deadline; `days` where something else than the rules says how many."""
    (deadline,) = await open_deadlines(tx, kind, [subject], now=now, days=days)
    return deadline


async def open_deadlines(
    tx: Transaction, kind: DeadlineKind, subjects: Sequence[Subject], *, now: datetime, days: int | None = None
) -> list[Deadline]:
    """Open one deadline of a kind for each of many subjects."""
    rules = calendar.rules_in_force(now)
    counted = rules.deadline(kind).days if days is None else days
    if counted is None:
        message = f"how long is {kind}? its rule leaves that to what opens it"
        raise ValueError(message)
    ends_with = last_day(now, counted)
    opened = [domain.opened(new_id(), each, rules, kind, last_day=ends_with, now=now) for each in subjects]
    if opened:
        await rows.add(tx, opened)
    return opened


async def find_deadline(tx: Transaction, subject_id: UUID, kind: DeadlineKind) -> Deadline | None:
    """A subject's latest deadline of one kind."""
    return await rows.find(tx, subject_id, kind)


async def settle_deadline(
    tx: Transaction, subject_id: UUID, kind: DeadlineKind, state: DeadlineState, *, at: datetime
) -> None:
    """Close a subject's running deadline of one kind, if there is one."""
    await rows.settle(tx, subject_id, [kind], state, at=at)


async def settle_deadlines(
    tx: Transaction, subject_id: UUID, kinds: Sequence[DeadlineKind], state: DeadlineState, *, at: datetime
) -> None:
    """Close a subject's running deadlines of several kinds."""
    await rows.settle(tx, subject_id, kinds, state, at=at)


async def due_deadlines(tx: Transaction, *, now: datetime, most: int) -> list[UUID]:
    """The deadlines that have to be looked at now."""
    return await rows.due(tx, now=now, most=most)


async def work_deadline(
    tx: Transaction, id_: UUID, acts: Mapping[DeadlineKind, Act], *, by: Principal, now: datetime
) -> bool:
    """Tell of a deadline that comes near or is overdue, end a right, or act on the case; False if nothing was due."""
    seen = await rows.get(tx, id_)
    rules = calendar.rules_of(seen.rule_version)
    if domain.acts_on_its_case(seen, rules, now=now):
        # The case's own locks come first, as in every command about it.
        done = await acts[seen.kind](tx, seen, by, now)
        if not done:
            # Nothing to do about its case, and still it runs: it must not come first again and again.
            await postpone_deadline(tx, id_)
        return done
    held = await rows.get(tx, id_, lock=True)
    if held.state not in domain.RUNNING or held.work_at > now:
        return False
    step = domain.look(held, rules, now=now)
    await rows.save_look(tx, step.deadline)
    await notices.queue(tx, _alerts(step), now=now)
    if step.escalated:
        await journal.record(
            tx,
            chain=_chain(held.subject),
            decision="deadline-overdue",
            by=by,
            at=now,
            facts={
                "deadline_id": str(held.id),
                "kind": held.kind.value,
                "due_at": held.due_at.isoformat(),
                "deadline_rule": held.rule,
                "escalations": step.deadline.escalations,
            },
            rule_version=f"deadline/{held.rule_version}",
        )
    return True


async def postpone_deadline(tx: Transaction, id_: UUID) -> None:
    """Let a deadline that could not be worked wait for a while."""
    await rows.postpone(tx, id_, first_seconds=_FIRST_WAIT_SECONDS, longest_seconds=_LONGEST_WAIT_SECONDS)


def _alerts(step: Step) -> list[Wanted]:
    deadline = step.deadline
    if step.near_days is not None:
        return [_wanted(deadline, NoticeKind.DEADLINE_NEAR, _RECIPIENT[deadline.duty], f"near/{deadline.alerted_days}")]
    if not step.escalated:
        return []
    # Who is late, and who watches over them.
    late = Recipient.MUNICIPALITY if deadline.duty is Duty.MUNICIPALITY else Recipient.OPERATOR
    return [
        _wanted(deadline, NoticeKind.DEADLINE_OVERDUE, recipient, f"overdue/{deadline.escalations}")
        for recipient in (late, Recipient.PROVINCE)
    ]


def _wanted(deadline: Deadline, kind: NoticeKind, recipient: Recipient, what: str) -> Wanted:
    subject = deadline.subject
    return Wanted(
        reason=f"deadline/{deadline.id}/{what}",
        kind=kind,
        recipient=recipient,
        company_id=subject.company_id,
        application_id=subject.application_id,
        project_id=subject.project_id,
        municipality_code=subject.municipality_code if recipient is Recipient.MUNICIPALITY else None,
        facts={
            "deadline": deadline.kind.value,
            "last_day": domain.last_day_before(deadline.due_at).isoformat(),
            "rule": deadline.rule,
        },
    )


def _chain(subject: Subject) -> str:
    return f"application/{subject.application_id}" if subject.project_id is None else f"project/{subject.project_id}"
