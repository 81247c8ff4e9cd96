"""Decisions in stages in PostgreSQL: what was asked for, and how many cases have been told, best first."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, insert, select, text, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.selections.domain.budgets import NeedWon
from applicant.selections.domain.ranking import Outcome
from applicant.selections.domain.stages import (
    Decision,
    DecisionState,
    Refusal,
    Requester,
)
from applicant.selections.store.rankings import RankedCaseRow, RankingRow
from applicant.tables import Tables
from common.db import Transaction

_OPEN = "state IN ('REQUESTED', 'DECIDED')"


class SelectionDecisionRow(Tables):
    """One per time that an approver asked for a decision; a call has one under way at most."""

    __tablename__ = "selection_decision"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("selection.call_id"))
    number: Mapped[int]
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    tenant: Mapped[str | None]
    correlation_id: Mapped[str]
    requested_at: Mapped[datetime]
    cases: Mapped[int]
    told: Mapped[int]
    state: Mapped[str]
    evidence: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    refused_code: Mapped[str | None]
    refused_ko: Mapped[str | None]
    refused_en: Mapped[str | None]

    __table_args__ = (
        ForeignKeyConstraint(["call_id", "number"], ["ranking.call_id", "ranking.number"]),
        CheckConstraint(
            "CASE state WHEN 'REQUESTED' THEN told = 0 AND ended_at IS NULL"
            " WHEN 'DECIDED' THEN told < cases AND ended_at IS NULL"
            " WHEN 'TOLD' THEN told = cases AND ended_at IS NOT NULL"
            " WHEN 'REFUSED' THEN told = 0 AND ended_at IS NOT NULL ELSE false END",
            name="state",
        ),
        CheckConstraint(
            "(state IN ('DECIDED', 'TOLD')) = (decided_at IS NOT NULL) AND (decided_at IS NULL) = (evidence IS NULL)",
            name="decided",
        ),
        CheckConstraint(
            "(state = 'REFUSED') = (refused_code IS NOT NULL)"
            " AND (refused_code IS NULL) = (refused_ko IS NULL) AND (refused_code IS NULL) = (refused_en IS NULL)",
            name="refused",
        ),
        CheckConstraint("told >= 0 AND cases >= 1", name="told"),
        Index("selection_decision_open_idx", "call_id", unique=True, postgresql_where=text(_OPEN)),
        Index("selection_decision_call_id_id_idx", "call_id", "id"),
    )


async def add_decision(tx: Transaction, decision: Decision) -> None:
    """Store that a decision is asked for; the caller holds the call's selection and has found none under way."""
    approver = decision.approver
    await tx.execute(
        insert(SelectionDecisionRow).values(
            id=decision.id,
            call_id=decision.call_id,
            number=decision.number,
            issuer=approver.issuer,
            subject=approver.subject,
            role=approver.role,
            tenant=approver.tenant,
            correlation_id=decision.correlation_id,
            requested_at=decision.requested_at,
            cases=decision.cases,
            told=decision.told,
            state=decision.state.value,
        )
    )


async def find_under_way(tx: Transaction, call_id: UUID) -> Decision | None:
    """A call's decision that is not at its end."""
    statement = select(*_COLUMNS).where(SelectionDecisionRow.call_id == call_id, text(_OPEN))
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _decision(row)


async def all_under_way(tx: Transaction) -> list[Decision]:
    """Every decision that is not at its end, the oldest first."""
    statement = select(*_COLUMNS).where(text(_OPEN)).order_by(SelectionDecisionRow.id)
    return [_decision(row) for row in (await tx.execute(statement)).mappings()]


async def take_decision(tx: Transaction, id_: UUID) -> Decision | None:
    """One that is under way, held until the transaction ends; none when another worker is at it or it has ended."""
    statement = select(*_COLUMNS).where(SelectionDecisionRow.id == id_, text(_OPEN))
    row = (await tx.execute(statement.with_for_update(skip_locked=True))).mappings().one_or_none()
    return None if row is None else _decision(row)


async def save_decision(tx: Transaction, decision: Decision) -> None:
    """Write one that is held."""
    refusal = decision.refusal
    await tx.execute(
        update(SelectionDecisionRow)
        .where(SelectionDecisionRow.id == decision.id)
        .values(
            told=decision.told,
            state=decision.state.value,
            evidence=decision.evidence,
            decided_at=decision.decided_at,
            ended_at=decision.ended_at,
            refused_code=refusal and refusal.code,
            refused_ko=refusal and refusal.ko,
            refused_en=refusal and refusal.en,
        )
    )


async def untold_needs(tx: Transaction) -> Mapping[UUID, list[NeedWon]]:
    """What the selected cases that are not told yet, and so have no project, will draw on the budgets, by call."""
    statement = (
        select(SelectionDecisionRow.call_id, RankedCaseRow.need_won)
        .join(
            RankingRow,
            (RankingRow.call_id == SelectionDecisionRow.call_id) & (RankingRow.number == SelectionDecisionRow.number),
        )
        .join(RankedCaseRow, RankedCaseRow.ranking_id == RankingRow.id)
        .where(
            SelectionDecisionRow.state == DecisionState.DECIDED.value,
            RankedCaseRow.position > SelectionDecisionRow.told,
            RankedCaseRow.outcome == Outcome.SELECTED.value,
        )
    )
    needs: dict[UUID, list[NeedWon]] = {}
    for row in await tx.execute(statement):
        needs.setdefault(row.call_id, []).append(row.need_won)
    return needs


def _decision(row: RowMapping) -> Decision:
    refusal = None
    if row["refused_code"] is not None:
        refusal = Refusal(row["refused_code"], row["refused_ko"], row["refused_en"])
    return Decision(
        id=row["id"],
        call_id=row["call_id"],
        number=row["number"],
        approver=Requester(row["issuer"], row["subject"], row["role"], row["tenant"]),
        correlation_id=row["correlation_id"],
        requested_at=row["requested_at"],
        cases=row["cases"],
        told=row["told"],
        state=DecisionState(row["state"]),
        evidence=row["evidence"],
        decided_at=row["decided_at"],
        ended_at=row["ended_at"],
        refusal=refusal,
    )


_COLUMNS = tuple(SelectionDecisionRow.__table__.columns)
