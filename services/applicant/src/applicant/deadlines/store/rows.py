"""Deadlines in PostgreSQL. A trigger keeps what was opened: only its state, and how often it was told, ever change."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, insert, select, text, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.deadlines.domain import RUNNING, Deadline, DeadlineKind, DeadlineState, Duty, Subject
from applicant.tables import Tables
from common.db import Transaction

_RUNNING = [state.value for state in sorted(RUNNING)]


class LegalDeadlineRow(Tables):
    """No foreign keys: its subject is a thing of any kind, which whoever opens the deadline holds."""

    __tablename__ = "legal_deadline"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID]
    kind: Mapped[str]
    application_id: Mapped[UUID]
    project_id: Mapped[UUID | None]
    company_id: Mapped[UUID]
    call_id: Mapped[UUID]
    municipality_code: Mapped[str]
    supplier_business_number: Mapped[str | None]
    duty: Mapped[str]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    rule: Mapped[str]
    rule_version: Mapped[str]
    source_note: Mapped[str]
    state: Mapped[str]
    settled_at: Mapped[datetime | None]
    work_at: Mapped[datetime]
    alerted_days: Mapped[int | None]
    escalations: Mapped[int]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    retry_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('OPEN', 'OVERDUE', 'MET', 'MISSED', 'LAPSED', 'DROPPED')"
            " AND (state IN ('OPEN', 'OVERDUE')) = (settled_at IS NULL)",
            name="state",
        ),
        CheckConstraint("duty IN ('FIRM', 'OPERATOR', 'PROVINCE', 'MUNICIPALITY')", name="duty"),
        Index(
            "legal_deadline_running_idx",
            "subject_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('OPEN', 'OVERDUE')"),
        ),
        Index("legal_deadline_work_at_idx", "work_at", postgresql_where=text("state IN ('OPEN', 'OVERDUE')")),
        Index("legal_deadline_due_at_id_idx", "due_at", "id"),
        Index("legal_deadline_company_id_due_at_id_idx", "company_id", "due_at", "id"),
        Index("legal_deadline_municipality_code_due_at_id_idx", "municipality_code", "due_at", "id"),
        Index("legal_deadline_application_id_idx", "application_id"),
        Index("legal_deadline_project_id_idx", "project_id", postgresql_where=text("project_id IS NOT NULL")),
    )


# Retries run in real time, on the database's clock: programme time may stand still.
_POSTPONE = text(
    """
    UPDATE legal_deadline
    SET attempts = attempts + 1,
        retry_at = now() + make_interval(secs => least(
            CAST(:longest_seconds AS float8),
            CAST(:first_seconds AS float8) * power(CAST(2 AS float8), least(attempts, 20))
        ))
    WHERE id = :id AND settled_at IS NULL
    """
)


async def add(tx: Transaction, deadlines: Sequence[Deadline]) -> None:
    """Store new deadlines; one kind runs once at a time for one subject."""
    await tx.execute(insert(LegalDeadlineRow), [_columns(each) for each in deadlines])


async def get(tx: Transaction, id_: UUID, *, lock: bool = False) -> Deadline:
    """One deadline by its id; with `lock` it stays as read until commit."""
    statement = select(*LegalDeadlineRow.__table__.columns).where(LegalDeadlineRow.id == id_)
    return _deadline((await tx.execute(statement.with_for_update() if lock else statement)).mappings().one())


async def find(tx: Transaction, subject_id: UUID, kind: DeadlineKind) -> Deadline | None:
    """The latest deadline of one kind of a subject; whoever changes it holds the subject."""
    statement = (
        select(*LegalDeadlineRow.__table__.columns)
        .where(LegalDeadlineRow.subject_id == subject_id, LegalDeadlineRow.kind == kind.value)
        .order_by(LegalDeadlineRow.opened_at.desc(), LegalDeadlineRow.id.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _deadline(row)


async def settle(
    tx: Transaction, subject_id: UUID, kinds: Iterable[DeadlineKind], state: DeadlineState, *, at: datetime
) -> None:
    """Close the running deadlines of these kinds of a subject."""
    await tx.execute(
        update(LegalDeadlineRow)
        .where(
            LegalDeadlineRow.subject_id == subject_id,
            LegalDeadlineRow.kind.in_([kind.value for kind in kinds]),
            LegalDeadlineRow.state.in_(_RUNNING),
        )
        .values(state=state.value, settled_at=at)
    )


async def save_look(tx: Transaction, deadline: Deadline) -> None:
    """Keep what looking at a deadline that is held came to."""
    await tx.execute(
        update(LegalDeadlineRow)
        .where(LegalDeadlineRow.id == deadline.id)
        .values(
            state=deadline.state.value,
            settled_at=deadline.settled_at,
            work_at=deadline.work_at,
            alerted_days=deadline.alerted_days,
            escalations=deadline.escalations,
        )
    )


async def due(tx: Transaction, *, now: datetime, most: int) -> list[UUID]:
    """The deadlines that have to be looked at, the oldest first; one that could not be worked waits in real time."""
    rows = await tx.execute(
        select(LegalDeadlineRow.id)
        .where(
            LegalDeadlineRow.state.in_(_RUNNING),
            LegalDeadlineRow.work_at <= now,
            text("(retry_at IS NULL OR retry_at <= now())"),
        )
        .order_by(LegalDeadlineRow.work_at, LegalDeadlineRow.id)
        .limit(most)
    )
    return list(rows.scalars())


async def postpone(tx: Transaction, id_: UUID, *, first_seconds: float, longest_seconds: float) -> None:
    """Let a deadline that could not be worked wait twice as long as the last time: it must not keep the others."""
    await tx.execute(_POSTPONE, {"id": id_, "first_seconds": first_seconds, "longest_seconds": longest_seconds})


def _columns(deadline: Deadline) -> dict[str, Any]:
    subject = deadline.subject
    return {
        "id": deadline.id,
        "subject_id": subject.id,
        "kind": deadline.kind.value,
        "application_id": subject.application_id,
        "project_id": subject.project_id,
        "company_id": subject.company_id,
        "call_id": subject.call_id,
        "municipality_code": subject.municipality_code,
        "supplier_business_number": subject.supplier_business_number,
        "duty": deadline.duty.value,
        "opened_at": deadline.opened_at,
        "due_at": deadline.due_at,
        "rule": deadline.rule,
        "rule_version": deadline.rule_version,
        "source_note": deadline.source_note,
        "state": deadline.state.value,
        "settled_at": deadline.settled_at,
        "work_at": deadline.work_at,
        "alerted_days": deadline.alerted_days,
        "escalations": deadline.escalations,
    }


def _deadline(row: RowMapping) -> Deadline:
    subject = Subject(
        id=row["subject_id"],
        application_id=row["application_id"],
        company_id=row["company_id"],
        call_id=row["call_id"],
        municipality_code=row["municipality_code"],
        project_id=row["project_id"],
        supplier_business_number=row["supplier_business_number"],
    )
    return Deadline(
        id=row["id"],
        subject=subject,
        kind=DeadlineKind(row["kind"]),
        duty=Duty(row["duty"]),
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        rule=row["rule"],
        rule_version=row["rule_version"],
        source_note=row["source_note"],
        work_at=row["work_at"],
        state=DeadlineState(row["state"]),
        settled_at=row["settled_at"],
        alerted_days=row["alerted_days"],
        escalations=row["escalations"],
    )
