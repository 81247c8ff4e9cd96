"""The tables of release lines and gates. A line's counters are moved by triggers alone."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import Source, Won
from funding.releases.domain.refusals import ReleaseLineUnknown
from funding.releases.domain.release import ReleaseLine
from funding.releases.domain.terms import Gate, ReleaseMode
from funding.tables import Tables


class ReleaseLineRow(Tables):
    """CHECKs keep open, paid and lapsed won within the commitment (F-05), and returned ones within what was paid."""

    __tablename__ = "release_line"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "source"], ["coverage_line.project_id", "coverage_line.source"]),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[UUID]
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str]
    budget_line_id: Mapped[UUID] = mapped_column(ForeignKey("budget_line.id"), index=True)
    mode: Mapped[str]
    terms_version: Mapped[str]
    committed_won: Mapped[int]
    open_won: Mapped[int] = mapped_column(server_default=text("0"))
    paid_won: Mapped[int] = mapped_column(server_default=text("0"))
    lapsed_won: Mapped[int] = mapped_column(server_default=text("0"))
    returned_won: Mapped[int] = mapped_column(server_default=text("0"))


class ReleaseLapseRow(Tables):
    """What a line gave up, once; a trigger compares it with the ledger and moves the line's counter."""

    __tablename__ = "release_lapse"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "source"], ["release_line.project_id", "release_line.source"]),
    )

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    amount_won: Mapped[int]
    transfer_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transfer.id"), unique=True)
    lapsed_at: Mapped[datetime]


class ReleaseGateRow(Tables):
    """What funding has heard of a project, with the event that told it."""

    __tablename__ = "release_gate"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("coverage.project_id"), primary_key=True)
    gate: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]
    opened_at: Mapped[datetime]


_AMOUNTS = ("committed_won", "open_won", "paid_won", "lapsed_won", "returned_won")


async def lock_project(tx: Transaction, project_id: UUID) -> None:
    """Wait until nobody else asks for, orders or holds this project's money; taken before any row of it."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"releases/{project_id}", 0))))


async def add(tx: Transaction, lines: Sequence[ReleaseLine]) -> None:
    """Open the lines of a project; opening them again changes nothing."""
    drawn = {"open_won", "paid_won", "lapsed_won", "returned_won"}
    names = [each.name for each in fields(ReleaseLine) if each.name not in drawn]
    rows = [{name: getattr(line, name) for name in names} for line in lines]
    await tx.execute(insert(ReleaseLineRow).values(rows).on_conflict_do_nothing())


async def get(tx: Transaction, project_id: UUID, source: Source) -> ReleaseLine:
    """One line as it is now; raises ReleaseLineUnknown."""
    found = [line for line in await of_project(tx, project_id) if line.source is source]
    if not found:
        raise ReleaseLineUnknown
    return found[0]


async def of_project(tx: Transaction, project_id: UUID) -> list[ReleaseLine]:
    """The public sources of a project in force."""
    statement = select(*ReleaseLineRow.__table__.columns).where(ReleaseLineRow.project_id == project_id)
    rows = (await tx.execute(statement.order_by(ReleaseLineRow.source))).mappings()
    return [
        ReleaseLine(
            **{
                **row,
                "source": Source(row["source"]),
                "mode": ReleaseMode(row["mode"]),
                **{name: Won(row[name]) for name in _AMOUNTS},
            }
        )
        for row in rows
    ]


async def open_gate(tx: Transaction, project_id: UUID, gate: Gate, *, event_id: UUID, now: datetime) -> bool:
    """Note that a project has passed a gate; False if that was known."""
    values = {"project_id": project_id, "gate": gate, "event_id": event_id, "opened_at": now}
    added = await tx.execute(
        insert(ReleaseGateRow).values(**values).on_conflict_do_nothing().returning(ReleaseGateRow.gate)
    )
    return added.one_or_none() is not None


async def has_passed(tx: Transaction, project_id: UUID, gate: Gate) -> bool:
    """Whether funding has heard that the project passed this gate."""
    statement = select(ReleaseGateRow.gate).where(ReleaseGateRow.project_id == project_id, ReleaseGateRow.gate == gate)
    return (await tx.execute(statement)).one_or_none() is not None


async def add_lapse(tx: Transaction, line: ReleaseLine, amount_won: Won, transfer_id: UUID, *, now: datetime) -> None:
    """Note what a line gives up, whose transfer is posted; from here on it releases nothing."""
    values = {
        "project_id": line.project_id,
        "source": line.source,
        "amount_won": amount_won,
        "transfer_id": transfer_id,
        "lapsed_at": now,
    }
    await tx.execute(insert(ReleaseLapseRow).values(**values))
