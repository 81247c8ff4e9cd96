"""Requests for a ranking in PostgreSQL: one under way per call, taken by one worker at a time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, insert, select, text, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.selections.domain.requests import RankingRequest, RequestState
from applicant.selections.domain.stages import Refusal, Requester
from applicant.tables import Tables
from common.db import Transaction

_OPEN = "state = 'REQUESTED'"


class RankingRequestRow(Tables):
    """One per time that an operator asked for a ranking; a call has one under way at most."""

    __tablename__ = "ranking_request"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("selection.call_id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str | None]
    correlation_id: Mapped[str]
    requested_at: Mapped[datetime]
    state: Mapped[str]
    number: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    refused_code: Mapped[str | None]
    refused_ko: Mapped[str | None]
    refused_en: Mapped[str | None]

    __table_args__ = (
        ForeignKeyConstraint(["call_id", "number"], ["ranking.call_id", "ranking.number"]),
        CheckConstraint("state IN ('REQUESTED', 'PROPOSED', 'REFUSED')", name="state"),
        CheckConstraint(
            "(state = 'REQUESTED') = (ended_at IS NULL) AND (state = 'PROPOSED') = (number IS NOT NULL)", name="ended"
        ),
        CheckConstraint(
            "(state = 'REFUSED') = (refused_code IS NOT NULL)"
            " AND (refused_code IS NULL) = (refused_ko IS NULL) AND (refused_code IS NULL) = (refused_en IS NULL)",
            name="refused",
        ),
        Index("ranking_request_open_idx", "call_id", unique=True, postgresql_where=text(_OPEN)),
        Index("ranking_request_call_id_id_idx", "call_id", "id"),
    )


async def add_request(tx: Transaction, request: RankingRequest) -> None:
    """Store that a ranking is asked for; the caller holds the call's selection and has found none under way."""
    proposer = request.proposer
    await tx.execute(
        insert(RankingRequestRow).values(
            id=request.id,
            call_id=request.call_id,
            issuer=proposer.issuer,
            subject=proposer.subject,
            role=proposer.role,
            tenant=proposer.tenant,
            correlation_id=request.correlation_id,
            requested_at=request.requested_at,
            state=request.state.value,
        )
    )


async def find_under_way(tx: Transaction, call_id: UUID) -> RankingRequest | None:
    """A call's request that is not at its end."""
    statement = select(*_COLUMNS).where(RankingRequestRow.call_id == call_id, text(_OPEN))
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _request(row)


async def all_under_way(tx: Transaction) -> list[RankingRequest]:
    """Every request that is not at its end, the oldest first."""
    statement = select(*_COLUMNS).where(text(_OPEN)).order_by(RankingRequestRow.id)
    return [_request(row) for row in (await tx.execute(statement)).mappings()]


async def take_request(tx: Transaction, id_: UUID) -> RankingRequest | None:
    """One that is under way, held until the transaction ends; none when another worker is at it or it has ended."""
    statement = select(*_COLUMNS).where(RankingRequestRow.id == id_, text(_OPEN))
    row = (await tx.execute(statement.with_for_update(skip_locked=True))).mappings().one_or_none()
    return None if row is None else _request(row)


async def save_request(tx: Transaction, request: RankingRequest) -> None:
    """Write one that is held."""
    refusal = request.refusal
    await tx.execute(
        update(RankingRequestRow)
        .where(RankingRequestRow.id == request.id)
        .values(
            state=request.state.value,
            number=request.number,
            ended_at=request.ended_at,
            refused_code=refusal and refusal.code,
            refused_ko=refusal and refusal.ko,
            refused_en=refusal and refusal.en,
        )
    )


def _request(row: RowMapping) -> RankingRequest:
    refusal = None
    if row["refused_code"] is not None:
        refusal = Refusal(row["refused_code"], row["refused_ko"], row["refused_en"])
    return RankingRequest(
        id=row["id"],
        call_id=row["call_id"],
        proposer=Requester(row["issuer"], row["subject"], row["role"], row["tenant"]),
        correlation_id=row["correlation_id"],
        requested_at=row["requested_at"],
        state=RequestState(row["state"]),
        number=row["number"],
        ended_at=row["ended_at"],
        refusal=refusal,
    )


_COLUMNS = tuple(RankingRequestRow.__table__.columns)
