"""Screening rounds and their register checks. A claimed check is leased, so that a dead worker loses nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from applicant.applications.domain.registers import Register
from applicant.applications.domain.rules import Finding
from applicant.applications.domain.screening import (
    CheckState,
    NotScreenedYet,
    Screening,
    ScreeningState,
    Waiting,
)
from applicant.tables import Tables
from common.db import Transaction
from common.event import new_id


class ScreeningRow(Tables):
    __tablename__ = "screening"

    application_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    rule_version: Mapped[str]
    started_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    findings: Mapped[list[Any]] = mapped_column(JSONB)

    __table_args__ = (
        ForeignKeyConstraint(["application_id"], ["application.id"]),
        CheckConstraint("state IN ('CHECKING', 'CHECKED', 'DECIDED')", name="state"),
        CheckConstraint("(state = 'CHECKING') = (checked_at IS NULL)", name="checked_at"),
    )


class RegisterCheckRow(Tables):
    """`attempts` grows with every claim and fences it: a late answer of an expired lease finds another number."""

    __tablename__ = "register_check"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    application_id: Mapped[UUID]
    round: Mapped[int]
    register: Mapped[str]
    business_number: Mapped[str]
    corporate_number: Mapped[str | None]
    asked_on: Mapped[date]
    state: Mapped[str]
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    problem: Mapped[str | None]
    answer: Mapped[dict[str, Any] | None]
    answer_sha256: Mapped[str | None]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["application_id", "round"], ["screening.application_id", "screening.round"]),
        CheckConstraint("state IN ('PENDING', 'ANSWERED', 'DROPPED')", name="state"),
        CheckConstraint("register IN ('TAX_OFFICE', 'SME_STATUS', 'DEBARMENT', 'SUPPLIER_DEBARMENT')", name="register"),
        CheckConstraint("(state = 'ANSWERED') = (answer IS NOT NULL)", name="answer"),
        UniqueConstraint("application_id", "round", "register"),
        Index("register_check_pending_idx", "next_attempt_at", postgresql_where=text("state = 'PENDING'")),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """What one register is asked: numbers only, never a name (rule R-10)."""

    register: Register
    business_number: str
    corporate_number: str | None
    asked_on: date


@dataclass(frozen=True, slots=True)
class Claim:
    """A pending check leased to one worker; `attempt` proves the lease when the answer is written."""

    check_id: UUID
    application_id: UUID
    round: int
    attempt: int
    question: Question


@dataclass(frozen=True, slots=True)
class Answer:
    """What a register said, as kept for evidence."""

    content: Mapping[str, Any]
    sha256: str


# Leases and retries run in real time, on the database's clock: workers' clocks differ, programme time stands still.
_CLAIM = text(
    """
    UPDATE register_check SET attempts = attempts + 1, leased_until = now() + make_interval(secs => :lease_seconds)
    WHERE id IN (
        SELECT id FROM register_check
        WHERE state = 'PENDING' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until <= now())
        ORDER BY next_attempt_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING id, application_id, round, register, business_number, corporate_number, asked_on, attempts
    """
)
_POSTPONE = text(
    """
    UPDATE register_check
    SET leased_until = NULL, problem = :problem, next_attempt_at = now() + make_interval(secs => :wait_seconds)
    WHERE id = :check_id AND state = 'PENDING' AND attempts = :attempt
    """
)


async def add_round(
    tx: Transaction, application_id: UUID, *, rule_version: str, now: datetime, questions: tuple[Question, ...]
) -> int:
    """Begin the next round: drop what earlier ones still wait for, and queue this one's checks."""
    await drop_pending(tx, application_id)
    last = await tx.execute(select(func.max(ScreeningRow.round)).where(ScreeningRow.application_id == application_id))
    number = (last.scalar_one() or 0) + 1
    await tx.execute(
        insert(ScreeningRow).values(
            application_id=application_id,
            round=number,
            state=ScreeningState.CHECKING.value,
            rule_version=rule_version,
            started_at=now,
            findings=[],
        )
    )
    checks = [
        {
            "id": new_id(),
            "application_id": application_id,
            "round": number,
            "state": CheckState.PENDING.value,
            "attempts": 0,
            "register": question.register.value,
            "business_number": question.business_number,
            "corporate_number": question.corporate_number,
            "asked_on": question.asked_on,
        }
        for question in questions
    ]
    await tx.execute(insert(RegisterCheckRow).values(next_attempt_at=text("now()")), checks)
    return number


async def drop_pending(tx: Transaction, application_id: UUID) -> None:
    """Nobody waits for these answers any more."""
    await tx.execute(
        update(RegisterCheckRow)
        .where(RegisterCheckRow.application_id == application_id, RegisterCheckRow.state == CheckState.PENDING.value)
        .values(state=CheckState.DROPPED.value)
    )


async def get_screening(tx: Transaction, application_id: UUID) -> Screening:
    """The latest round with what it still waits for; raises NotScreenedYet."""
    rounds = await tx.execute(
        select(*ScreeningRow.__table__.columns)
        .where(ScreeningRow.application_id == application_id)
        .order_by(ScreeningRow.round.desc())
        .limit(1)
    )
    row = rounds.mappings().one_or_none()
    if row is None:
        raise NotScreenedYet
    pending = await tx.execute(
        select(
            RegisterCheckRow.register,
            RegisterCheckRow.attempts,
            RegisterCheckRow.problem,
            RegisterCheckRow.next_attempt_at,
        )
        .where(
            RegisterCheckRow.application_id == application_id,
            RegisterCheckRow.round == row["round"],
            RegisterCheckRow.state == CheckState.PENDING.value,
        )
        .order_by(RegisterCheckRow.id)
    )
    return Screening(
        application_id=application_id,
        round=row["round"],
        state=ScreeningState(row["state"]),
        rule_version=row["rule_version"],
        started_at=row["started_at"],
        checked_at=row["checked_at"],
        findings=msgspec.convert(row["findings"], tuple[Finding, ...]),
        waiting_on=tuple(
            Waiting(Register(each.register), each.attempts, each.problem, each.next_attempt_at) for each in pending
        ),
    )


async def claim_checks(tx: Transaction, *, most: int, lease_seconds: float) -> tuple[Claim, ...]:
    """Lease due checks; rows that another worker is claiming are skipped, not waited for."""
    claimed = await tx.execute(_CLAIM, {"most": most, "lease_seconds": lease_seconds})
    return tuple(
        Claim(
            row.id,
            row.application_id,
            row.round,
            row.attempts,
            Question(Register(row.register), row.business_number, row.corporate_number, row.asked_on),
        )
        for row in claimed
    )


async def postpone_check(tx: Transaction, claim: Claim, *, problem: str, wait_seconds: float) -> None:
    """Give the lease back with the reason, to be tried again later."""
    values = {"check_id": claim.check_id, "attempt": claim.attempt, "problem": problem, "wait_seconds": wait_seconds}
    await tx.execute(_POSTPONE, values)


async def answer_check(tx: Transaction, claim: Claim, answer: Answer, *, now: datetime) -> bool:
    """Keep the answer, unless the lease has passed to somebody else meanwhile."""
    answered = await tx.execute(
        update(RegisterCheckRow)
        .where(
            RegisterCheckRow.id == claim.check_id,
            RegisterCheckRow.state == CheckState.PENDING.value,
            RegisterCheckRow.attempts == claim.attempt,
        )
        .values(
            state=CheckState.ANSWERED.value,
            leased_until=None,
            problem=None,
            answer=dict(answer.content),
            answer_sha256=answer.sha256,
            answered_at=now,
        )
        .returning(RegisterCheckRow.id)
    )
    return answered.one_or_none() is not None


async def get_answers(tx: Transaction, application_id: UUID, number: int) -> dict[Register, Answer]:
    """What the registers have answered in this round so far."""
    answered = await tx.execute(
        select(RegisterCheckRow.register, RegisterCheckRow.answer, RegisterCheckRow.answer_sha256).where(
            RegisterCheckRow.application_id == application_id,
            RegisterCheckRow.round == number,
            RegisterCheckRow.state == CheckState.ANSWERED.value,
        )
    )
    return {Register(row.register): Answer(row.answer, row.answer_sha256) for row in answered}


async def save_findings(tx: Transaction, screening: Screening, findings: tuple[Finding, ...], *, now: datetime) -> None:
    """The round is complete."""
    await _set_state(
        tx, screening, state=ScreeningState.CHECKED.value, findings=msgspec.to_builtins(findings), checked_at=now
    )


async def save_decided(tx: Transaction, screening: Screening) -> None:
    """The round has been decided on."""
    await _set_state(tx, screening, state=ScreeningState.DECIDED.value)


async def _set_state(tx: Transaction, screening: Screening, **values: object) -> None:
    await tx.execute(
        update(ScreeningRow)
        .where(ScreeningRow.application_id == screening.application_id, ScreeningRow.round == screening.round)
        .values(values)
    )
