"""The table of repayments, and the versions of the rules about closing projects, with the days that count in Korea."""

from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import holidays
import msgspec
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Select, UniqueConstraint, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from common.clock import KST
from common.data_files import json_files
from common.db import Transaction
from common.versions import save_next
from contracts.types import Source, Won
from funding.repayments.domain import (
    ClosingRules,
    Origin,
    Repayment,
    RepaymentHasChanged,
    RepaymentReferenceTaken,
    RepaymentState,
    RepaymentUnknown,
)
from funding.tables import Tables

_SATURDAY = 5
_HOLIDAYS = holidays.country_holidays("KR")
_RULES = {
    each.version: each
    for each in (
        msgspec.json.decode(content, type=ClosingRules) for content in json_files("funding", "closing_rules").values()
    )
}


class RepaymentRow(Tables):
    """Triggers want the ledger to say the same, and the line to be at rest and to have paid so much."""

    __tablename__ = "repayment"
    __table_args__ = (
        UniqueConstraint("origin_id", "source"),
        ForeignKeyConstraint(["project_id", "source"], ["release_line.project_id", "release_line.source"]),
        Index("repayment_project_id_source_idx", "project_id", "source"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    origin: Mapped[str]
    origin_id: Mapped[UUID]
    project_id: Mapped[UUID]
    source: Mapped[str]
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str] = mapped_column(index=True)
    budget_line_id: Mapped[UUID]
    principal_won: Mapped[int]
    interest_won: Mapped[int]
    surcharge_won: Mapped[int]
    late_won: Mapped[int]
    rule_version: Mapped[str]
    due_on: Mapped[date]
    state: Mapped[str]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transfer.id"), unique=True)
    ordered_by: Mapped[str]
    ordered_at: Mapped[datetime]
    paid_on: Mapped[date | None]
    bank_reference: Mapped[str | None] = mapped_column(unique=True)
    evidence_sha256: Mapped[str | None]
    paid_by: Mapped[str | None]
    paid_at: Mapped[datetime | None]
    receipt_reference: Mapped[str | None]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    resolution_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    version: Mapped[int]


_COLUMNS = RepaymentRow.__table__.columns
_STEPS = (
    *("state", "late_won", "paid_on", "bank_reference", "evidence_sha256", "paid_by", "paid_at"),
    *("receipt_reference", "ended_by", "ended_at", "resolution_id"),
)


def is_working_day(day: date) -> bool:
    """Whether a period may end on this day."""
    return day.weekday() < _SATURDAY and day not in _HOLIDAYS


def last_working(day: date) -> date:
    """A last day that is a holiday rolls over."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def rules_in_force(at: datetime) -> ClosingRules:
    """The newest version that is in force on this day."""
    day = at.astimezone(KST).date()
    return max((each for each in _RULES.values() if each.valid_from <= day), key=lambda each: each.valid_from)


def rules_of(version: str) -> ClosingRules:
    """The version under which a case was opened."""
    return _RULES[version]


async def add(tx: Transaction, repayment: Repayment) -> None:
    """Store a new claim, whose order the ledger has."""
    values = {each.name: getattr(repayment, each.name) for each in fields(repayment)}
    await tx.execute(insert(RepaymentRow).values(**values))


async def get_locked(tx: Transaction, repayment_id: UUID) -> Repayment:
    """One that stays as read until commit; raises RepaymentUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(RepaymentRow.id == repayment_id).with_for_update())
    if not found:
        raise RepaymentUnknown
    return found[0]


async def of_origin(tx: Transaction, origin_id: UUID) -> list[Repayment]:
    """All claims that one settlement or clawback has made, locked."""
    statement = select(*_COLUMNS).where(RepaymentRow.origin_id == origin_id).order_by(RepaymentRow.source)
    return await _read(tx, statement.with_for_update())


async def check_reference(tx: Transaction, repayment: Repayment) -> None:
    """A transfer of the bank pays one claim; raises RepaymentReferenceTaken."""
    statement = select(RepaymentRow.id).where(
        RepaymentRow.bank_reference == repayment.bank_reference, RepaymentRow.id != repayment.id
    )
    if (await tx.execute(statement)).first() is not None:
        raise RepaymentReferenceTaken


async def save(tx: Transaction, repayment: Repayment) -> None:
    """Store a step as the next version; raises RepaymentHasChanged when somebody else was first."""
    values = {name: getattr(repayment, name) for name in _STEPS}
    if not await save_next(tx, RepaymentRow, repayment.id, repayment.version, values):
        raise RepaymentHasChanged(current_version=repayment.version + 1)


async def _read(tx: Transaction, statement: Select[Any]) -> list[Repayment]:
    amounts = ("principal_won", "interest_won", "surcharge_won", "late_won")
    return [
        Repayment(
            **{
                **row,
                "origin": Origin(row["origin"]),
                "source": Source(row["source"]),
                "state": RepaymentState(row["state"]),
                **{name: Won(row[name]) for name in amounts},
            }
        )
        for row in (await tx.execute(statement)).mappings()
    ]
