"""The table of questions to the tax office. A claimed one is leased, so that a dead worker loses nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, Index, func, select, text, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from applicant.standings.domain import Answered, KeptAnswer, Known, StandingCheck, StandingCheckState
from applicant.tables import Tables
from common.db import Transaction
from contracts.standings import Purpose, TaxAnswer


class StandingCheckRow(Tables):
    """`attempts` grows with every claim and fences it: a late answer of an expired lease finds another number."""

    __tablename__ = "standing_check"
    __table_args__ = (
        Index("standing_check_pending_idx", "next_attempt_at", postgresql_where=text("state = 'PENDING'")),
        Index(
            "standing_check_one_agreement_idx",
            "project_id",
            unique=True,
            postgresql_where=text("purpose = 'AGREEMENT' AND state = 'PENDING'"),
        ),
        Index("standing_check_number_idx", "project_id", "number", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("project.id"), index=True)
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str]
    business_number: Mapped[str]
    number: Mapped[int | None]
    rule_version: Mapped[str]
    state: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    problem: Mapped[str | None]
    about: Mapped[date | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    answer_sha256: Mapped[str | None]
    answered_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Claim:
    """A question leased to one worker; `attempt` proves the lease when the answer is written."""

    check_id: UUID
    purpose: Purpose
    project_id: UUID
    company_id: UUID
    business_number: str
    rule_version: str
    attempt: int


_NAMES = tuple(each.name for each in fields(StandingCheck))

# Leases and retries run in real time, on the database's clock: workers' clocks differ, programme time stands still.
_CLAIM = text(
    """
    UPDATE standing_check SET attempts = attempts + 1, leased_until = now() + make_interval(secs => :lease_seconds)
    WHERE id IN (
        SELECT id FROM standing_check
        WHERE state = 'PENDING' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until <= now())
        ORDER BY next_attempt_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING id, purpose, project_id, company_id, business_number, rule_version, attempts
    """
)
_POSTPONE = text(
    """
    UPDATE standing_check
    SET leased_until = NULL, problem = :problem, next_attempt_at = now() + make_interval(secs => :wait_seconds)
    WHERE id = :check_id AND state = 'PENDING' AND attempts = :attempt
    """
)


async def next_number(tx: Transaction, project_id: UUID) -> int:
    """What the project's next question before its agreement is called; of two who ask at once, one finds it taken."""
    statement = select(func.max(StandingCheckRow.number)).where(StandingCheckRow.project_id == project_id)
    last: int | None = (await tx.execute(statement)).scalar_one()
    return (last or 0) + 1


async def add(tx: Transaction, check: StandingCheck) -> bool:
    """Store a question, due at once; False if it is there already, or another waits: that one stays as it is."""
    values = {name: getattr(check, name) for name in _NAMES}
    statement = insert(StandingCheckRow).values(**values, next_attempt_at=text("now()")).on_conflict_do_nothing()
    return (await tx.execute(statement.returning(StandingCheckRow.id))).one_or_none() is not None


async def answer_locked(tx: Transaction, check_id: UUID) -> KeptAnswer | None:
    """What was answered to a question, None while it waits; locked, so that what is told of it is told in order."""
    row = StandingCheckRow
    statement = select(row.answer, row.about, row.answered_at, row.answer_sha256).where(
        row.id == check_id, row.state == StandingCheckState.ANSWERED
    )
    found = (await tx.execute(statement.with_for_update())).one_or_none()
    if found is None:
        return None
    return KeptAnswer(msgspec.convert(found.answer, TaxAnswer), found.about, found.answered_at, found.answer_sha256)


async def claim_checks(tx: Transaction, *, most: int, lease_seconds: float) -> tuple[Claim, ...]:
    """Lease due questions; rows that another worker is claiming are skipped, not waited for."""
    return tuple(
        Claim(
            row.id,
            Purpose(row.purpose),
            row.project_id,
            row.company_id,
            row.business_number,
            row.rule_version,
            row.attempts,
        )
        for row in await tx.execute(_CLAIM, {"most": most, "lease_seconds": lease_seconds})
    )


async def postpone_check(tx: Transaction, claim: Claim, *, problem: str, wait_seconds: float) -> None:
    """Give the lease back with the reason, to be tried again later."""
    values = {"check_id": claim.check_id, "attempt": claim.attempt, "problem": problem, "wait_seconds": wait_seconds}
    await tx.execute(_POSTPONE, values)


async def answer_check(
    tx: Transaction, claim: Claim, content: Mapping[str, Any], *, sha256: str, about: date, now: datetime
) -> bool:
    """Keep the answer, unless the lease has passed to somebody else meanwhile."""
    answered = await tx.execute(
        update(StandingCheckRow)
        .where(
            StandingCheckRow.id == claim.check_id,
            StandingCheckRow.state == StandingCheckState.PENDING,
            StandingCheckRow.attempts == claim.attempt,
        )
        .values(
            state=StandingCheckState.ANSWERED,
            leased_until=None,
            problem=None,
            about=about,
            answer=dict(content),
            answer_sha256=sha256,
            answered_at=now,
        )
        .returning(StandingCheckRow.id)
    )
    return answered.one_or_none() is not None


async def last_for_agreement(tx: Transaction, project_id: UUID) -> Known | None:
    """The newest answer to the questions before a project's agreement."""
    row = StandingCheckRow
    statement = select(row.id, row.answer, row.about, row.rule_version, row.answer_sha256).where(
        row.project_id == project_id, row.number.is_not(None), row.state == StandingCheckState.ANSWERED
    )
    found = (await tx.execute(statement.order_by(row.number.desc()).limit(1))).one_or_none()
    if found is None:
        return None
    answered = Answered(msgspec.convert(found.answer, TaxAnswer), found.about, found.rule_version)
    return Known(found.id, answered, found.answer_sha256)
