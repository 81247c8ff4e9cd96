"""Builds and the proposals to stop, resume or end them in PostgreSQL."""

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, RowMapping, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from applicant.builds.domain import (
    Build,
    BuildHasChanged,
    BuildNotFound,
    BuildState,
    Cause,
    Change,
    ChangeKind,
    ChangeState,
    FaultParty,
)
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row


class BuildRow(Tables):
    """A trigger keeps what has ended: a termination stays, and a completed build can only be terminated."""

    __tablename__ = "build"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("agreement.project_id"), primary_key=True)
    application_id: Mapped[UUID]
    company_id: Mapped[UUID] = mapped_column(index=True)
    call_id: Mapped[UUID] = mapped_column(index=True)
    type_code: Mapped[str]
    municipality_code: Mapped[str] = mapped_column(index=True)
    supplier_business_number: Mapped[str] = mapped_column(index=True)
    state: Mapped[str]
    began_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    terminated_at: Mapped[datetime | None]
    version: Mapped[int]


class BuildChangeRow(Tables):
    """A proposal and its decision; one open proposal per build."""

    __tablename__ = "build_change"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("build.project_id"), index=True)
    kind: Mapped[str]
    cause: Mapped[str]
    fault_party: Mapped[str | None]
    evidence: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


Index(
    "build_change_open_idx",
    BuildChangeRow.project_id,
    unique=True,
    postgresql_where=BuildChangeRow.state == ChangeState.PROPOSED.value,
)


async def add(tx: Transaction, build: Build) -> None:
    """Store a new build; beginning it again changes nothing."""
    columns = {field.name: getattr(build, field.name) for field in fields(build)} | {"state": build.state.value}
    await tx.execute(insert_or_skip(BuildRow).values(**columns).on_conflict_do_nothing())


async def find(tx: Transaction, project_id: UUID, *, lock: bool = False) -> Build | None:
    """The build of a project; with `lock` it stays as read until commit."""
    statement = select(*BuildRow.__table__.columns).where(BuildRow.project_id == project_id)
    row = (await tx.execute(statement.with_for_update() if lock else statement)).mappings().one_or_none()
    return None if row is None else _build(row)


async def get(tx: Transaction, project_id: UUID, *, lock: bool = False) -> Build:
    """The build of a project; raises BuildNotFound."""
    found = await find(tx, project_id, lock=lock)
    if found is None:
        raise BuildNotFound
    return found


async def save(tx: Transaction, build: Build) -> Build:
    """Write a build as its next version; raises BuildHasChanged when somebody else was first."""
    values = {"state": build.state.value, "completed_at": build.completed_at, "terminated_at": build.terminated_at}
    row = await save_next_row(tx, BuildRow, build.project_id, build.version, values)
    if row is None:
        raise BuildHasChanged(current_version=(await get(tx, build.project_id)).version)
    return _build(row)


async def open_change(tx: Transaction, project_id: UUID) -> Change | None:
    """The proposal that waits for a decision; whoever changes it holds the build."""
    statement = select(*BuildChangeRow.__table__.columns).where(
        BuildChangeRow.project_id == project_id, BuildChangeRow.state == ChangeState.PROPOSED.value
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _change(row)


async def add_change(tx: Transaction, change: Change) -> None:
    """Store a new proposal."""
    values = {field.name: getattr(change, field.name) for field in fields(change)}
    values |= {"kind": change.kind.value, "cause": change.cause.value, "state": change.state.value}
    values |= {"evidence": list(change.evidence), "fault_party": _value(change.fault_party)}
    await tx.execute(insert(BuildChangeRow).values(**values))


async def settle_change(tx: Transaction, change: Change) -> None:
    """Write what was decided."""
    await tx.execute(
        update(BuildChangeRow)
        .where(BuildChangeRow.id == change.id, BuildChangeRow.state == ChangeState.PROPOSED.value)
        .values(
            state=change.state.value,
            fault_party=_value(change.fault_party),
            decided_by=change.decided_by,
            decided_at=change.decided_at,
        )
    )


def _value(fault_party: FaultParty | None) -> str | None:
    return None if fault_party is None else fault_party.value


def _build(row: RowMapping) -> Build:
    return Build(**{**row, "state": BuildState(row["state"])})


def _change(row: RowMapping) -> Change:
    return Change(
        **{
            **row,
            "kind": ChangeKind(row["kind"]),
            "cause": Cause(row["cause"]),
            "fault_party": None if row["fault_party"] is None else FaultParty(row["fault_party"]),
            "evidence": tuple(row["evidence"]),
            "state": ChangeState(row["state"]),
        }
    )
