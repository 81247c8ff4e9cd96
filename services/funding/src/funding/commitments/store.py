"""The tables of commitments: one decision per project with the shares it rests on, and who had left before it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Select, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from contracts.types import BasisPoints, Source, Won
from funding.commitments.domain import Commitment, CommitmentState, Shortage, SourceShare
from funding.tables import Tables


class CommitmentRow(Tables):
    """A refusal and a commitment are both decisions, and stay; only a release follows."""

    __tablename__ = "commitment"

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    application_id: Mapped[UUID]
    call_id: Mapped[UUID] = mapped_column(index=True)
    company_id: Mapped[UUID] = mapped_column(index=True)
    type_code: Mapped[str]
    municipality_code: Mapped[str] = mapped_column(index=True)
    fiscal_year: Mapped[int]
    track: Mapped[str]
    total_cost_won: Mapped[int]
    cap_won: Mapped[int]
    split_rule_version: Mapped[str] = mapped_column(ForeignKey("split_rule.version"))
    nominal_burden_bp: Mapped[int]
    effective_burden_bp: Mapped[int]
    state: Mapped[str]
    decided_at: Mapped[datetime]
    short_source: Mapped[str | None]
    needed_won: Mapped[int | None]
    left_won: Mapped[int | None]
    transfer_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    memorandum_id: Mapped[UUID | None] = mapped_column(ForeignKey("memorandum.id"))
    reversal_id: Mapped[UUID | None] = mapped_column(ForeignKey("ledger_transfer.id"))
    released_at: Mapped[datetime | None]
    version: Mapped[int]
    turn: Mapped[int | None]

    __table_args__ = (CheckConstraint("turn >= 1", name="turn"),)


class CommitmentShareRow(Tables):
    """What one source was asked for; it is reserved only while the commitment is COMMITTED."""

    __tablename__ = "commitment_share"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("commitment.project_id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    municipality_code: Mapped[str | None]
    budget_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("budget_line.id"), index=True)
    amount_won: Mapped[int]


class EarlyWithdrawalRow(Tables):
    """A firm gave its place back while its request for money still waited for its turn; it stays."""

    __tablename__ = "early_withdrawal"

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID]
    municipality_code: Mapped[str]
    heard_at: Mapped[datetime]


async def lock_project(tx: Transaction, project_id: UUID) -> None:
    """Wait until nobody else decides about this project: there may be no row of it to lock yet."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(project_id), 0))))


async def find(tx: Transaction, project_id: UUID) -> Commitment | None:
    """Read the decision on a project, if there is one."""
    row = (
        await tx.execute(select(*CommitmentRow.__table__.columns).where(CommitmentRow.project_id == project_id))
    ).one_or_none()
    if row is None:
        return None
    shares = await tx.execute(_shares_of(project_id))
    return Commitment(
        project_id=row.project_id,
        id=row.id,
        application_id=row.application_id,
        call_id=row.call_id,
        company_id=row.company_id,
        type_code=row.type_code,
        municipality_code=row.municipality_code,
        fiscal_year=row.fiscal_year,
        track=row.track,
        total_cost_won=Won(row.total_cost_won),
        cap_won=Won(row.cap_won),
        split_rule_version=row.split_rule_version,
        nominal_burden_bp=BasisPoints(row.nominal_burden_bp),
        effective_burden_bp=BasisPoints(row.effective_burden_bp),
        shares=tuple(SourceShare(Source(source), Won(amount_won), line_id) for source, amount_won, line_id in shares),
        state=CommitmentState(row.state),
        decided_at=row.decided_at,
        shortage=None
        if row.short_source is None
        else Shortage(Source(row.short_source), Won(row.needed_won), Won(row.left_won)),
        transfer_id=row.transfer_id,
        memorandum_id=row.memorandum_id,
        reversal_id=row.reversal_id,
        released_at=row.released_at,
        turn=row.turn,
        version=row.version,
    )


async def add(tx: Transaction, commitment: Commitment) -> None:
    """Store a decision with the shares it rests on."""
    shortage = commitment.shortage
    await tx.execute(
        insert(CommitmentRow).values(
            project_id=commitment.project_id,
            id=commitment.id,
            application_id=commitment.application_id,
            call_id=commitment.call_id,
            company_id=commitment.company_id,
            type_code=commitment.type_code,
            municipality_code=commitment.municipality_code,
            fiscal_year=commitment.fiscal_year,
            track=commitment.track,
            total_cost_won=commitment.total_cost_won,
            cap_won=commitment.cap_won,
            split_rule_version=commitment.split_rule_version,
            nominal_burden_bp=commitment.nominal_burden_bp,
            effective_burden_bp=commitment.effective_burden_bp,
            state=commitment.state,
            decided_at=commitment.decided_at,
            short_source=shortage.source if shortage else None,
            needed_won=shortage.needed_won if shortage else None,
            left_won=shortage.left_won if shortage else None,
            transfer_id=commitment.transfer_id,
            memorandum_id=commitment.memorandum_id,
            version=commitment.version,
            turn=commitment.turn,
        )
    )
    shares = [
        {
            "project_id": commitment.project_id,
            "source": share.source,
            "position": position,
            "municipality_code": commitment.municipality_code if share.source is Source.MUNICIPALITY else None,
            "budget_line_id": share.budget_line_id,
            "amount_won": share.amount_won,
        }
        for position, share in enumerate(commitment.shares, start=1)
    ]
    await tx.execute(insert(CommitmentShareRow).values(shares))


async def save_released(tx: Transaction, commitment: Commitment) -> None:
    """Store the release of a commitment whose project this transaction has locked."""
    await tx.execute(
        update(CommitmentRow)
        .where(CommitmentRow.project_id == commitment.project_id)
        .values(
            state=commitment.state,
            reversal_id=commitment.reversal_id,
            released_at=commitment.released_at,
            version=commitment.version,
        )
    )


async def note_early_withdrawal(
    tx: Transaction, project_id: UUID, *, call_id: UUID, municipality_code: str, at: datetime
) -> bool:
    """Remember that a project has left, whose money nobody has decided about; False if it was known."""
    noted = await tx.execute(
        insert_or_skip(EarlyWithdrawalRow)
        .values(project_id=project_id, call_id=call_id, municipality_code=municipality_code, heard_at=at)
        .on_conflict_do_nothing()
    )
    return noted.rowcount == 1


async def has_left(tx: Transaction, project_id: UUID) -> bool:
    """Whether a project had left before its money was decided about."""
    left = exists().where(EarlyWithdrawalRow.project_id == project_id)
    return bool((await tx.execute(select(left))).scalar_one())


def _shares_of(project_id: UUID) -> Select[str, int, UUID | None]:
    return (
        select(CommitmentShareRow.source, CommitmentShareRow.amount_won, CommitmentShareRow.budget_line_id)
        .where(CommitmentShareRow.project_id == project_id)
        .order_by(CommitmentShareRow.position)
    )
