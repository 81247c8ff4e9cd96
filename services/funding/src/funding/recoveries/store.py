"""The table of clawbacks. A unique index keeps one open case per project, a trigger the steps and what was said."""

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, exists, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from contracts.types import Won
from funding.recoveries.domain import (
    Ground,
    Recovery,
    RecoveryExists,
    RecoveryHasChanged,
    RecoveryState,
    RecoveryUnknown,
)
from funding.repayments.queries import unconfirmed_of
from funding.tables import Tables


class RecoveryRow(Tables):
    """A CHECK keeps proposer, decider and who heard the objection apart."""

    __tablename__ = "recovery"
    __table_args__ = (
        Index(
            "recovery_one_open_idx",
            "project_id",
            unique=True,
            postgresql_where=text("state NOT IN ('CLOSED', 'DROPPED', 'UPHELD')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("coverage.project_id"), index=True)
    call_id: Mapped[UUID]
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str] = mapped_column(index=True)
    ground: Mapped[str]
    cause: Mapped[str | None]
    fault_party: Mapped[str | None]
    event_id: Mapped[UUID | None] = mapped_column(unique=True)
    rule_version: Mapped[str]
    state: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    noticed_by: Mapped[str | None]
    noticed_at: Mapped[datetime | None]
    opinion_until: Mapped[date | None]
    opinion_sha256: Mapped[str | None]
    opinion_at: Mapped[datetime | None]
    recover_bp: Mapped[int | None]
    interest_won: Mapped[int | None]
    surcharge_bp: Mapped[int | None]
    debar_months: Mapped[int | None]
    finding_sha256: Mapped[str | None]
    proposed_by: Mapped[str | None]
    proposed_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    objection_until: Mapped[date | None]
    objection_sha256: Mapped[str | None]
    objected_at: Mapped[datetime | None]
    heard_by: Mapped[str | None]
    heard_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]


_COLUMNS = RecoveryRow.__table__.columns
_SAID_AT_ONCE = frozenset(
    (
        *("id", "project_id", "call_id", "company_id", "municipality_code", "ground", "cause", "fault_party"),
        *("event_id", "rule_version", "opened_by", "opened_at", "version"),
    )
)


async def add(tx: Transaction, recovery: Recovery) -> None:
    """Open a case; raises RecoveryExists while the project has another one open."""
    values = {each.name: getattr(recovery, each.name) for each in fields(recovery)}
    added = await tx.execute(insert(RecoveryRow).values(**values).on_conflict_do_nothing().returning(RecoveryRow.id))
    if added.one_or_none() is None:
        raise RecoveryExists


async def is_known(tx: Transaction, event_id: UUID) -> bool:
    """Whether a termination has led to its case already."""
    statement = select(RecoveryRow.id).where(RecoveryRow.event_id == event_id)
    return (await tx.execute(statement)).first() is not None


async def project_of(tx: Transaction, recovery_id: UUID) -> UUID:
    """Whose money it is about; raises RecoveryUnknown."""
    statement = select(RecoveryRow.project_id).where(RecoveryRow.id == recovery_id)
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    if found is None:
        raise RecoveryUnknown
    return found


async def get_locked(tx: Transaction, recovery_id: UUID) -> Recovery:
    """One that stays as read until commit; raises RecoveryUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(RecoveryRow.id == recovery_id).with_for_update())
    if not found:
        raise RecoveryUnknown
    return found[0]


async def lock_paid_back(tx: Transaction, *, today: date) -> Recovery | None:
    """One whose treasuries all have their own and to which nobody may object any more; none that another one holds."""
    over = or_(
        RecoveryRow.state == RecoveryState.DISMISSED,
        (RecoveryRow.state == RecoveryState.DECIDED) & (RecoveryRow.objection_until < today),
    )
    statement = (
        select(*_COLUMNS)
        .where(over, ~exists(unconfirmed_of(RecoveryRow.id)))
        .order_by(RecoveryRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = await _read(tx, statement)
    return found[0] if found else None


async def save(tx: Transaction, recovery: Recovery) -> None:
    """Store a step as the next version; raises RecoveryHasChanged when somebody else was first."""
    values = {each.name: getattr(recovery, each.name) for each in fields(recovery) if each.name not in _SAID_AT_ONCE}
    if not await save_next(tx, RecoveryRow, recovery.id, recovery.version, values):
        raise RecoveryHasChanged(current_version=recovery.version + 1)


async def _read(tx: Transaction, statement: Select[Any]) -> list[Recovery]:
    return [
        Recovery(
            **{
                **row,
                "ground": Ground(row["ground"]),
                "state": RecoveryState(row["state"]),
                "interest_won": None if row["interest_won"] is None else Won(row["interest_won"]),
            }
        )
        for row in (await tx.execute(statement)).mappings()
    ]
