"""The table of releases, one row per saga, and its approvals. `attempts` and what follows belong to the worker."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Select, func, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import Source, Won
from funding.releases.domain.refusals import ReleaseHasChanged, ReleaseUnknown
from funding.releases.domain.release import Approval, Body, Payee, Release, ReleaseState, VoidReason
from funding.releases.domain.terms import Gate, ReleaseMode
from funding.tables import Tables


class ReleaseRow(Tables):
    """Triggers allow the saga's steps and no others; what was asked for never changes."""

    __tablename__ = "release"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "source"], ["release_line.project_id", "release_line.source"]),
        Index("release_project_id_source_idx", "project_id", "source"),
        Index("release_due_idx", "next_attempt_at", postgresql_where=text("state IN ('ORDERED', 'CONFIRMED')")),
        Index("release_waiting_idx", "requested_at", postgresql_where=text("state IN ('RESERVED', 'APPROVED')")),
        Index(
            "release_one_tranche_idx",
            *("project_id", "source", "gate"),
            unique=True,
            postgresql_where=text("mode = 'TRANCHE' AND state <> 'VOIDED'"),
        ),
        Index(
            "release_one_invoice_idx",
            *("invoice_number", "source"),
            unique=True,
            postgresql_where=text("mode = 'DRAW' AND state <> 'VOIDED'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    source: Mapped[str]
    call_id: Mapped[UUID]
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str] = mapped_column(index=True)
    budget_line_id: Mapped[UUID]
    mode: Mapped[str]
    terms_version: Mapped[str]
    gate: Mapped[str]
    amount_won: Mapped[int]
    payee: Mapped[str]
    payee_account: Mapped[str]
    supplier_business_number: Mapped[str | None]
    invoice_number: Mapped[str | None]
    invoice_sha256: Mapped[str | None]
    province_approvals_due: Mapped[int]
    municipality_approvals_due: Mapped[int]
    state: Mapped[str]
    reservation_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transfer.id"), unique=True)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    ordered_by: Mapped[str | None]
    ordered_at: Mapped[datetime | None]
    standing_id: Mapped[UUID | None] = mapped_column(ForeignKey("standing.id"))
    bank_transaction: Mapped[str | None] = mapped_column(unique=True)
    confirmed_at: Mapped[datetime | None]
    posted_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]
    resolution_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime | None]
    give_up_at: Mapped[datetime | None]
    unclear_since: Mapped[datetime | None]
    version: Mapped[int]


class ReleaseApprovalRow(Tables):
    """One officer's yes, never changed; `approver` is issuer and subject, and leaves in no answer."""

    __tablename__ = "release_approval"

    release_id: Mapped[UUID] = mapped_column(ForeignKey("release.id"), primary_key=True)
    approver: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    approved_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Claim:
    """An order that this worker may now bring to the bank, or ask it about; `attempt` counts from 1."""

    release_id: UUID
    amount_won: Won
    payee_account: str
    attempt: int


_EARLY = (ReleaseState.RESERVED, ReleaseState.APPROVED)
_MOST_LINES = 1_000
_FIELDS = tuple(each.name for each in fields(Release))
_COLUMNS = [ReleaseRow.__table__.columns[name] for name in _FIELDS]
_DECIDED = (
    *("state", "approved_at", "ordered_by", "ordered_at", "standing_id"),
    *("bank_transaction", "confirmed_at"),
    *("posted_at", "voided_at", "void_reason", "resolution_id"),
)


# Leases and waits are in real time, which is PostgreSQL's own: workers' clocks may differ.
_AT_ONCE = text("now()")
_CLAIM = text("""
    UPDATE release SET attempts = attempts + 1, next_attempt_at = now() + make_interval(secs => :lease_seconds),
                       give_up_at = coalesce(give_up_at, now() + make_interval(secs => :give_up_seconds))
     WHERE id IN (SELECT id FROM release WHERE state = 'ORDERED' AND next_attempt_at <= now()
                   ORDER BY next_attempt_at LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING id, amount_won, payee_account, attempts
""")
_POSTPONE = text("""
    UPDATE release SET next_attempt_at = now() + make_interval(secs => :wait_seconds)
     WHERE id = :release_id AND state = 'ORDERED' AND next_attempt_at < 'infinity'
    RETURNING give_up_at <= now() AND unclear_since IS NULL
""")
_MARK_UNCLEAR = text("UPDATE release SET unclear_since = now() WHERE id = :release_id")


async def is_taken(
    tx: Transaction, project_id: UUID, source: Source, *, gate: Gate | None, invoice_number: str | None
) -> bool:
    """Whether the gate's tranche or the invoice has a release already; an invoice of another project counts too."""
    if invoice_number is not None:
        await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"invoice/{invoice_number}", 0))))
        same = (ReleaseRow.invoice_number == invoice_number) & (
            (ReleaseRow.project_id != project_id) | (ReleaseRow.source == source)
        )
    else:
        same = (
            (ReleaseRow.project_id == project_id)
            & (ReleaseRow.source == source)
            & (ReleaseRow.gate == gate)
            & (ReleaseRow.mode == ReleaseMode.TRANCHE)
        )
    statement = select(ReleaseRow.id).where(same, ReleaseRow.state != ReleaseState.VOIDED).limit(1)
    return (await tx.execute(statement)).one_or_none() is not None


async def add(tx: Transaction, release: Release) -> None:
    """Store a new release, whose amount its line counts as open from here on."""
    await tx.execute(insert(ReleaseRow).values(**{name: getattr(release, name) for name in _FIELDS}))


async def project_of(tx: Transaction, release_id: UUID) -> UUID:
    """Whose money it is; raises ReleaseUnknown."""
    found: UUID | None = (
        await tx.execute(select(ReleaseRow.project_id).where(ReleaseRow.id == release_id))
    ).scalar_one_or_none()
    if found is None:
        raise ReleaseUnknown
    return found


async def get(tx: Transaction, release_id: UUID) -> Release:
    """One release as it is now; raises ReleaseUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(ReleaseRow.id == release_id))
    if not found:
        raise ReleaseUnknown
    return found[0]


async def get_locked(tx: Transaction, release_id: UUID) -> Release:
    """One release that stays as read until commit; raises ReleaseUnknown."""
    found = await _read(tx, select(*_COLUMNS).where(ReleaseRow.id == release_id).with_for_update())
    if not found:
        raise ReleaseUnknown
    return found[0]


async def open_of_project(tx: Transaction, project_id: UUID) -> list[Release]:
    """The releases of a project that are not ordered yet, locked."""
    statement = select(*_COLUMNS).where(ReleaseRow.project_id == project_id, ReleaseRow.state.in_(_EARLY))
    return await _read(tx, statement.order_by(ReleaseRow.id).with_for_update())


async def lines_waiting(tx: Transaction, *, since_before: datetime) -> list[UUID]:
    """The budget lines of releases that were asked for before this moment and are not ordered yet."""
    statement = select(ReleaseRow.budget_line_id).where(
        ReleaseRow.state.in_(_EARLY), ReleaseRow.requested_at < since_before
    )
    return list((await tx.execute(statement.distinct().limit(_MOST_LINES))).scalars())


async def last_waiting(tx: Transaction, budget_line_id: UUID) -> tuple[UUID, UUID] | None:
    """The release of a line, with its project, that was asked for last and is not ordered yet."""
    statement = (
        select(ReleaseRow.id, ReleaseRow.project_id)
        .where(ReleaseRow.budget_line_id == budget_line_id, ReleaseRow.state.in_(_EARLY))
        .order_by(ReleaseRow.requested_at.desc(), ReleaseRow.id.desc())
        .limit(1)
    )
    row = (await tx.execute(statement)).one_or_none()
    return None if row is None else (row.id, row.project_id)


async def approvals_of(tx: Transaction, release_id: UUID) -> list[Approval]:
    """Who has approved a release so far."""
    statement = select(*ReleaseApprovalRow.__table__.columns).where(ReleaseApprovalRow.release_id == release_id)
    rows = await tx.execute(statement.order_by(ReleaseApprovalRow.approved_at, ReleaseApprovalRow.approver))
    return [Approval(Body(row.body), row.approver, row.approved_at) for row in rows]


async def add_approval(tx: Transaction, release_id: UUID, approval: Approval) -> None:
    """Store one officer's yes on a release that this transaction has locked."""
    values = {"body": approval.body, "approver": approval.approver, "approved_at": approval.approved_at}
    await tx.execute(insert(ReleaseApprovalRow).values(release_id=release_id, **values))


async def save(tx: Transaction, release: Release) -> None:
    """Store a step as the next version; raises ReleaseHasChanged when somebody else was first."""
    values: dict[str, Any] = {name: getattr(release, name) for name in _DECIDED}
    if release.state is ReleaseState.ORDERED:
        values["next_attempt_at"] = _AT_ONCE
    saved = await tx.execute(
        update(ReleaseRow)
        .where(ReleaseRow.id == release.id, ReleaseRow.version == release.version)
        .values(**values, version=release.version + 1)
    )
    if saved.rowcount != 1:
        raise ReleaseHasChanged(current_version=release.version + 1)


async def claim_orders(tx: Transaction, *, most: int, lease_seconds: float, give_up_seconds: float) -> list[Claim]:
    """Take orders that are due, for this worker alone until the lease ends; a worker that dies leaves them due then.

    The first claim begins the time after which an order of which nothing is known is shown to people.
    """
    values = {"most": most, "lease_seconds": lease_seconds, "give_up_seconds": give_up_seconds}
    return [
        Claim(row.id, Won(row.amount_won), row.payee_account, row.attempts) for row in await tx.execute(_CLAIM, values)
    ]


async def postpone(tx: Transaction, release_id: UUID, *, wait_seconds: float) -> bool:
    """Ask again later; True if its time is up now, so that people must look at it. It is asked all the same."""
    waited = await tx.execute(_POSTPONE, {"release_id": release_id, "wait_seconds": wait_seconds})
    return bool(waited.scalar_one_or_none())


async def mark_unclear(tx: Transaction, release_id: UUID) -> None:
    """From now on it is in the queue of people, until the bank says what became of it."""
    await tx.execute(_MARK_UNCLEAR, {"release_id": release_id})


async def lock_confirmed(tx: Transaction) -> Release | None:
    """One release that the bank has paid and the ledger does not know yet, which no other worker holds."""
    statement = (
        select(*_COLUMNS)
        .where(ReleaseRow.state == ReleaseState.CONFIRMED)
        .order_by(ReleaseRow.confirmed_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    found = await _read(tx, statement)
    return found[0] if found else None


async def _read(tx: Transaction, statement: Select[Any]) -> list[Release]:
    return [_release(row) for row in (await tx.execute(statement)).mappings()]


def _release(row: Any) -> Release:  # noqa: ANN401  a mapping of columns, each of its own type
    typed = {
        "source": Source(row["source"]),
        "mode": ReleaseMode(row["mode"]),
        "gate": Gate(row["gate"]),
        "payee": Payee(row["payee"]),
        "state": ReleaseState(row["state"]),
        "amount_won": Won(row["amount_won"]),
        "void_reason": None if row["void_reason"] is None else VoidReason(row["void_reason"]),
    }
    return Release(**{**row, **typed})
