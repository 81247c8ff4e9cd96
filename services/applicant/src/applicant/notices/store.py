"""Notices in PostgreSQL. A claimed one is leased, so that a dead worker loses nothing; a sent one stays as it is."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.notices.domain import Notice, NoticeKind, NoticeNotFound, NoticeState, Problem, Recipient
from applicant.tables import Tables
from common.db import Transaction


class NoticeRow(Tables):
    """The words that left, for whom, and how the delivery went; the address is not here.

    The id is made of reason and recipient, so that the primary key keeps a second notice of the same away.
    """

    __tablename__ = "notice"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    kind: Mapped[str]
    recipient: Mapped[str]
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("company.id"))
    application_id: Mapped[UUID | None]
    project_id: Mapped[UUID | None]
    municipality_code: Mapped[str | None]
    budget_line_id: Mapped[UUID | None]
    subject: Mapped[str]
    body: Mapped[str]
    queued_at: Mapped[datetime]
    state: Mapped[str]
    attempts: Mapped[int]
    problem: Mapped[str | None]
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[datetime | None]
    sent_to: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            "recipient IN ('COMPANY', 'OPERATOR', 'PROVINCE', 'MUNICIPALITY')"
            " AND (recipient = 'MUNICIPALITY') = (municipality_code IS NOT NULL)",
            name="recipient",
        ),
        CheckConstraint(
            "(application_id IS NULL) = (company_id IS NULL) AND (application_id IS NULL) <> (budget_line_id IS NULL)",
            name="about",
        ),
        CheckConstraint(
            "state IN ('QUEUED', 'FAILED', 'SENT', 'GIVEN_UP') AND (state = 'SENT') = (sent_at IS NOT NULL)",
            name="state",
        ),
        Index("notice_waiting_idx", "next_attempt_at", "id", postgresql_where=text("state IN ('QUEUED', 'FAILED')")),
        Index("notice_company_id_queued_at_id_idx", "company_id", "queued_at", "id"),
        Index("notice_queued_at_id_idx", "queued_at", "id"),
        Index("notice_application_id_idx", "application_id"),
        Index(
            "notice_municipality_code_queued_at_id_idx",
            "municipality_code",
            "queued_at",
            "id",
            postgresql_where=text("municipality_code IS NOT NULL"),
        ),
    )


# Leases and retries run in real time, on the database's clock: workers' clocks differ, programme time stands still.
_CLAIM = text(
    """
    UPDATE notice SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => :lease_seconds)
    WHERE id IN (
        SELECT id FROM notice WHERE state IN ('QUEUED', 'FAILED') AND next_attempt_at <= now()
        ORDER BY next_attempt_at, id LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING *
    """
)
_SETTLE = text(
    """
    UPDATE notice SET state = :state, problem = :problem, sent_at = :sent_at, sent_to = :sent_to,
                      next_attempt_at = now() + make_interval(secs => :wait_seconds)
    WHERE id = :id AND next_attempt_at = :leased_until AND state IN ('QUEUED', 'FAILED')
    """
).bindparams(
    bindparam("sent_at", type_=NoticeRow.sent_at.type),
    bindparam("sent_to", type_=NoticeRow.sent_to.type),
    bindparam("leased_until", type_=NoticeRow.next_attempt_at.type),
)
_LEAVE = text(
    """
    UPDATE notice SET attempts = attempts - 1, next_attempt_at = now() + make_interval(secs => :wait_seconds)
    WHERE id = :id AND next_attempt_at = :leased_until AND state IN ('QUEUED', 'FAILED')
    """
).bindparams(bindparam("leased_until", type_=NoticeRow.next_attempt_at.type))
_REQUEUE = text(
    """
    UPDATE notice SET state = 'QUEUED', attempts = 0, problem = NULL, next_attempt_at = now()
    WHERE id = :id AND state = 'GIVEN_UP'
    """
)
# A new address is for what was given up over the old one, and for what is under way to it: such a delivery's lease is
# over with the moment that it ran to, so that how it ended is not kept, and the letter leaves anew. What was tried at
# the old address is not counted at the new one. In one statement, since what is under way may be given up while this
# waits for its row. What nobody seems to have claimed is taken hold of as well: so this waits for a claim that is not
# committed and has read the old address, and no claim reads it meanwhile.
_REQUEUE_UNADDRESSED = text(
    """
    UPDATE notice SET state = 'QUEUED', attempts = 0, problem = NULL, next_attempt_at = now()
    WHERE company_id = :company_id AND recipient = 'COMPANY'
        AND (state = 'GIVEN_UP' AND problem IN ('NO_ADDRESS', 'ADDRESS_REFUSED')
             OR state IN ('QUEUED', 'FAILED'))
    """
)
_REQUEUE_UNDELIVERED = text(
    """
    UPDATE notice SET state = 'QUEUED', attempts = 0, problem = NULL, next_attempt_at = now()
    WHERE recipient = :recipient AND municipality_code IS NOT DISTINCT FROM :municipality_code
        AND (state = 'GIVEN_UP' AND problem IN ('NO_ADDRESS', 'ADDRESS_REFUSED')
             OR state IN ('QUEUED', 'FAILED'))
    """
).bindparams(bindparam("municipality_code", type_=NoticeRow.municipality_code.type))

_REQUEUE_STOOD_IN_FOR = text(
    """
    UPDATE notice SET state = 'QUEUED', attempts = 0, problem = NULL, next_attempt_at = now()
    WHERE recipient = 'MUNICIPALITY' AND municipality_code <> ALL (:with_mailbox)
        AND (state = 'GIVEN_UP' AND problem IN ('NO_ADDRESS', 'ADDRESS_REFUSED')
             OR state IN ('QUEUED', 'FAILED'))
    """
).bindparams(bindparam("with_mailbox", type_=ARRAY(Text)))


async def add(tx: Transaction, notices: Sequence[Notice]) -> None:
    """Queue notices; what was queued for the same reason before stays the one."""
    if notices:
        await tx.execute(insert_or_skip(NoticeRow).on_conflict_do_nothing(), [_columns(each) for each in notices])


async def claim(tx: Transaction, *, most: int, lease_seconds: float) -> list[tuple[Notice, datetime]]:
    """Lease what waits to be delivered, until the moment beside it, which proves the lease; its attempt counts now."""
    rows = await tx.execute(_CLAIM, {"most": most, "lease_seconds": lease_seconds})
    claimed = [(_notice(row), row["next_attempt_at"]) for row in rows.mappings()]
    return sorted(claimed, key=lambda each: (each[0].queued_at, each[0].id))


async def settle(tx: Transaction, notice: Notice, *, leased_until: datetime, wait_seconds: float) -> bool:
    """Keep how an attempt ended; whether it was, since its lease may have ended, or passed to another, meanwhile."""
    values = {
        "id": notice.id,
        "leased_until": leased_until,
        "state": notice.state.value,
        "problem": None if notice.problem is None else notice.problem.value,
        "sent_at": notice.sent_at,
        "sent_to": None if notice.sent_to is None else notice.sent_to.value,
        "wait_seconds": wait_seconds,
    }
    return bool((await tx.execute(_SETTLE, values)).rowcount)


async def leave(tx: Transaction, notice: Notice, *, leased_until: datetime, wait_seconds: float) -> None:
    """Give a claimed notice back as it was: nobody was asked to deliver it."""
    await tx.execute(_LEAVE, {"id": notice.id, "leased_until": leased_until, "wait_seconds": wait_seconds})


async def get(tx: Transaction, id_: UUID, *, lock: bool = False) -> Notice:
    """One notice; raises NoticeNotFound."""
    statement = select(*NoticeRow.__table__.columns).where(NoticeRow.id == id_)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    if row is None:
        raise NoticeNotFound
    return _notice(row)


async def requeue(tx: Transaction, notice: Notice) -> None:
    """Let a notice that is held and was given up be delivered again, at once."""
    await tx.execute(_REQUEUE, {"id": notice.id})


async def requeue_unaddressed(tx: Transaction, company_id: UUID) -> None:
    """Let a firm's notices leave that were given up for want of a good address, or are under way to the old one."""
    await tx.execute(_REQUEUE_UNADDRESSED, {"company_id": company_id})


async def requeue_undelivered(tx: Transaction, recipient: Recipient, municipality_code: str | None) -> None:
    """Let an office's notices leave that were given up over its address, or are under way to the old one."""
    await tx.execute(_REQUEUE_UNDELIVERED, {"recipient": recipient.value, "municipality_code": municipality_code})


async def requeue_stood_in_for(tx: Transaction, with_mailbox: Collection[str]) -> None:
    """Let what stands with the Technopark for municipalities without a mailbox leave in the same way."""
    await tx.execute(_REQUEUE_STOOD_IN_FOR, {"with_mailbox": sorted(with_mailbox)})


def _columns(notice: Notice) -> dict[str, object]:
    return {field.name: getattr(notice, field.name) for field in fields(notice)} | {
        "kind": notice.kind.value,
        "recipient": notice.recipient.value,
        "state": notice.state.value,
        "sent_to": None if notice.sent_to is None else notice.sent_to.value,
    }


def _notice(row: RowMapping) -> Notice:
    columns = {field.name: row[field.name] for field in fields(Notice)}
    return Notice(
        **columns
        | {
            "kind": NoticeKind(row["kind"]),
            "recipient": Recipient(row["recipient"]),
            "state": NoticeState(row["state"]),
            "problem": None if row["problem"] is None else Problem(row["problem"]),
            "sent_to": None if row["sent_to"] is None else Recipient(row["sent_to"]),
        }
    )
