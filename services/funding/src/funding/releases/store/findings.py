"""The table of findings, and the flag in a release that keeps the worker from it while one is proposed."""

from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from funding.releases.domain.findings import Finding, FindingReason, FindingState, FoundOutcome
from funding.releases.domain.refusals import FindingExists, FindingHasChanged, FindingUnknown
from funding.releases.domain.release import ReleaseState
from funding.releases.store.releases import ReleaseRow
from funding.tables import Tables


class ReleaseFindingRow(Tables):
    """CHECKs want two people; `asked_until` is when whoever asked the bank last has surely ended (real time)."""

    __tablename__ = "release_finding"
    __table_args__ = (
        Index(
            "release_finding_one_idx",
            "release_id",
            unique=True,
            postgresql_where=text("state IN ('PROPOSED', 'CONFIRMED')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    release_id: Mapped[UUID] = mapped_column(ForeignKey("release.id"))
    outcome: Mapped[str]
    bank_transaction: Mapped[str | None]
    reason: Mapped[str]
    evidence_sha256: Mapped[str]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    asked_until: Mapped[datetime]
    version: Mapped[int]


_NAMES = tuple(each.name for each in fields(Finding))
_COLUMNS = [ReleaseFindingRow.__table__.columns[name] for name in _NAMES]
_ASKED_UNTIL = select(ReleaseRow.next_attempt_at)
_REST = text("UPDATE release SET next_attempt_at = 'infinity' WHERE id = :release_id")
_GO_ON = text("UPDATE release SET next_attempt_at = now() WHERE id = :release_id AND state = 'ORDERED'")
_AT_REST = text("SELECT asked_until <= now() FROM release_finding WHERE id = :finding_id")


async def add(tx: Transaction, finding: Finding) -> None:
    """Store a proposal on a release that this transaction has locked, and have the worker leave it alone."""
    asked_until = (await tx.execute(_ASKED_UNTIL.where(ReleaseRow.id == finding.release_id))).scalar_one()
    values = {name: getattr(finding, name) for name in _NAMES} | {"asked_until": asked_until}
    added = await tx.execute(
        insert(ReleaseFindingRow).values(**values).on_conflict_do_nothing().returning(ReleaseFindingRow.id)
    )
    if added.one_or_none() is None:
        raise FindingExists
    await tx.execute(_REST, {"release_id": finding.release_id})


async def is_unclear(tx: Transaction, release_id: UUID) -> bool:
    """Whether people are asked to look at it."""
    statement = select(ReleaseRow.unclear_since.is_not(None)).where(ReleaseRow.id == release_id)
    return bool((await tx.execute(statement)).scalar_one())


async def is_paid_by(tx: Transaction, bank_transaction: str) -> bool:
    """Whether a payment of the bank is another release's already."""
    taken = select(exists().where(ReleaseRow.bank_transaction == bank_transaction))
    return bool((await tx.execute(taken)).scalar_one())


async def release_of(tx: Transaction, finding_id: UUID) -> UUID:
    """What it is about; raises FindingUnknown."""
    statement = select(ReleaseFindingRow.release_id).where(ReleaseFindingRow.id == finding_id)
    found: UUID | None = (await tx.execute(statement)).scalar_one_or_none()
    if found is None:
        raise FindingUnknown
    return found


async def get_locked(tx: Transaction, finding_id: UUID) -> Finding:
    """One finding that stays as read until commit, whose release this transaction has locked."""
    statement = select(*_COLUMNS).where(ReleaseFindingRow.id == finding_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one()
    typed = {
        "outcome": FoundOutcome(row["outcome"]),
        "reason": FindingReason(row["reason"]),
        "state": FindingState(row["state"]),
    }
    return Finding(**{**row, **typed})


async def proposed_about(tx: Transaction, release_id: UUID) -> UUID | None:
    """The finding about a release that nobody has decided."""
    statement = select(ReleaseFindingRow.id).where(
        ReleaseFindingRow.release_id == release_id, ReleaseFindingRow.state == FindingState.PROPOSED
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def overtaken(tx: Transaction) -> UUID | None:
    """A release that has moved on while a finding about it waits to be decided."""
    statement = (
        select(ReleaseFindingRow.release_id)
        .join(ReleaseRow, ReleaseRow.id == ReleaseFindingRow.release_id)
        .where(ReleaseFindingRow.state == FindingState.PROPOSED, ReleaseRow.state != ReleaseState.ORDERED)
        .limit(1)
    )
    return (await tx.execute(statement)).scalar_one_or_none()


async def is_at_rest(tx: Transaction, finding_id: UUID) -> bool:
    """Whether whoever asked the bank last, before the finding, has surely ended."""
    return bool((await tx.execute(_AT_REST, {"finding_id": finding_id})).scalar_one())


async def save(tx: Transaction, finding: Finding) -> None:
    """Store the decision; raises FindingHasChanged when somebody else was first."""
    values = {"state": finding.state, "decided_by": finding.decided_by, "decided_at": finding.decided_at}
    if not await save_next(tx, ReleaseFindingRow, finding.id, finding.version, values):
        raise FindingHasChanged(current_version=finding.version + 1)


async def go_on(tx: Transaction, release_id: UUID) -> None:
    """The worker may ask the bank again."""
    await tx.execute(_GO_ON, {"release_id": release_id})
