"""The tables of settlements: one per completed project, with a line per source once the amounts are fixed."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Select, exists, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from contracts.types import Won
from funding.repayments.queries import unconfirmed_of
from funding.settlements.domain import (
    Query,
    Settlement,
    SettlementHasChanged,
    SettlementLine,
    SettlementState,
    SettlementUnknown,
)
from funding.tables import Tables


class SettlementRow(Tables):
    """CHECKs keep its three people apart, a trigger its steps; it is not closed while a treasury waits."""

    __tablename__ = "settlement"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("coverage.project_id"), unique=True)
    call_id: Mapped[UUID]
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str] = mapped_column(index=True)
    total_cost_won: Mapped[int]
    rule_version: Mapped[str]
    opened_at: Mapped[datetime]
    due_on: Mapped[date]
    state: Mapped[str]
    spent_won: Mapped[int | None]
    interest_won: Mapped[int | None]
    report_sha256: Mapped[str | None]
    submitted_by: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    late_months: Mapped[int | None]
    late_cut_max_bp: Mapped[int | None]
    accountant: Mapped[str | None]
    query: Mapped[str | None]
    attested_by: Mapped[str | None]
    attested_at: Mapped[datetime | None]
    attestation_sha256: Mapped[str | None]
    fixed_by: Mapped[str | None]
    fixed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int]


class SettlementLineRow(Tables):
    """A CHECK repeats rule F-09 on each."""

    __tablename__ = "settlement_line"

    settlement_id: Mapped[UUID] = mapped_column(ForeignKey("settlement.id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    share_won: Mapped[int]
    paid_won: Mapped[int]
    fixed_won: Mapped[int]
    interest_won: Mapped[int]
    refund_won: Mapped[int]
    lapsed_won: Mapped[int]


_COLUMNS = SettlementRow.__table__.columns
_FIXED_AT_ONCE = frozenset(
    (
        *("id", "project_id", "call_id", "company_id", "municipality_code", "total_cost_won"),
        *("rule_version", "opened_at", "due_on", "version"),
    )
)
_AMOUNTS = ("total_cost_won", "spent_won", "interest_won")


async def add(tx: Transaction, settlement: Settlement) -> bool:
    """Open a settlement; False if the project has one already."""
    values = {each.name: getattr(settlement, each.name) for each in fields(settlement)}
    added = await tx.execute(
        insert(SettlementRow).values(**values).on_conflict_do_nothing().returning(SettlementRow.id)
    )
    return added.one_or_none() is not None


async def project_of(tx: Transaction, settlement_id: UUID) -> UUID:
    """Whose books they are; raises SettlementUnknown."""
    statement = select(SettlementRow.project_id).where(SettlementRow.id == settlement_id)
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    if found is None:
        raise SettlementUnknown
    return found


async def get_locked(tx: Transaction, settlement_id: UUID) -> Settlement:
    """One that stays as read until commit; raises SettlementUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(SettlementRow.id == settlement_id).with_for_update())
    if not found:
        raise SettlementUnknown
    return found[0]


async def lock_paid_back(tx: Transaction) -> Settlement | None:
    """One that is fixed and whose treasuries all have their own, which no other worker holds."""
    statement = (
        select(*_COLUMNS)
        .where(SettlementRow.state == SettlementState.FIXED, ~exists(unconfirmed_of(SettlementRow.id)))
        .order_by(SettlementRow.fixed_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = await _read(tx, statement)
    return found[0] if found else None


async def add_lines(tx: Transaction, settlement_id: UUID, lines: Sequence[SettlementLine]) -> None:
    """Store the figures by source, which never change."""
    values = [
        {
            "settlement_id": settlement_id,
            "position": position,
            "refund_won": line.refund_won,
            **{each.name: getattr(line, each.name) for each in fields(line)},
        }
        for position, line in enumerate(lines, start=1)
    ]
    await tx.execute(plain_insert(SettlementLineRow).values(values))


async def save(tx: Transaction, settlement: Settlement) -> None:
    """Store a step as the next version; raises SettlementHasChanged when somebody else was first."""
    values = {
        each.name: getattr(settlement, each.name) for each in fields(settlement) if each.name not in _FIXED_AT_ONCE
    }
    if not await save_next(tx, SettlementRow, settlement.id, settlement.version, values):
        raise SettlementHasChanged(current_version=settlement.version + 1)


async def _read(tx: Transaction, statement: Select[Any]) -> list[Settlement]:
    return [
        Settlement(
            **{
                **row,
                "state": SettlementState(row["state"]),
                "query": None if row["query"] is None else Query(row["query"]),
                **{name: None if row[name] is None else Won(row[name]) for name in _AMOUNTS},
            }
        )
        for row in (await tx.execute(statement)).mappings()
    ]
