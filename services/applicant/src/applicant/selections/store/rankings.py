"""Rankings and the decision in PostgreSQL.

A ranking's cases are a snapshot that nobody changes; a trigger keeps it. The row of `selection` is the lock under which
a call's places change hands.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.selections.domain.decision import Ranking, RankingHasChanged, RankingNotFound, RankingState
from applicant.selections.domain.ranking import Case, Outcome, Placement, Reason
from applicant.tables import Tables
from common.db import Transaction
from common.versions import save_next_row

OUTCOMES = ", ".join(f"'{outcome}'" for outcome in Outcome)


class RankingRow(Tables):
    __tablename__ = "ranking"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"))
    number: Mapped[int]
    state: Mapped[str]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    left_won: Mapped[dict[str, Any]]
    version: Mapped[int]

    __table_args__ = (
        UniqueConstraint("call_id", "number"),
        CheckConstraint("state IN ('PROPOSED', 'SUPERSEDED', 'DECIDED')", name="state"),
        Index("ranking_decided_idx", "call_id", unique=True, postgresql_where=text("state = 'DECIDED'")),
    )


class RankedCaseRow(Tables):
    """Every number that decided a case's place, and why it came out so."""

    __tablename__ = "ranked_case"

    ranking_id: Mapped[UUID] = mapped_column(ForeignKey("ranking.id"), primary_key=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    company_id: Mapped[UUID]
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    total_cost_won: Mapped[int]
    need_won: Mapped[dict[str, Any]]
    score: Mapped[int]
    bonus: Mapped[int]
    site_score: Mapped[int]
    sheet_scores: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    dropped_scores: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    first_timer: Mapped[bool]
    submitted_at: Mapped[datetime]
    position: Mapped[int]
    place: Mapped[int]
    outcome: Mapped[str]
    reserve_order: Mapped[int | None]
    reason_code: Mapped[str]
    reason_ko: Mapped[str]
    reason_en: Mapped[str]

    __table_args__ = (
        CheckConstraint(f"outcome IN ({OUTCOMES})", name="outcome"),
        CheckConstraint("(outcome = 'RESERVE') = (reserve_order IS NOT NULL)", name="reserve_order"),
        Index("ranked_case_position_idx", "ranking_id", "position", unique=True),
    )


class SelectionRow(Tables):
    """One per call from its first ranking on; decided once."""

    __tablename__ = "selection"

    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.id"), primary_key=True)
    ranking_id: Mapped[UUID | None] = mapped_column(ForeignKey("ranking.id"))
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "(ranking_id IS NULL) = (decided_at IS NULL) AND (ranking_id IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
    )


async def lock_selection(tx: Transaction, call_id: UUID) -> UUID | None:
    """Hold a call's rankings and places until the transaction ends; returns the decided ranking, if there is one."""
    await tx.execute(insert_or_skip(SelectionRow).values(call_id=call_id).on_conflict_do_nothing())
    held = select(SelectionRow.ranking_id).where(SelectionRow.call_id == call_id).with_for_update()
    return (await tx.execute(held)).scalar_one()


async def record_decision(tx: Transaction, ranking: Ranking, *, by: str, at: datetime) -> None:
    """Note who decided a call, on which ranking."""
    await tx.execute(
        update(SelectionRow)
        .where(SelectionRow.call_id == ranking.call_id)
        .values(ranking_id=ranking.id, decided_by=by, decided_at=at)
    )


async def deciders(tx: Transaction, ranking_id: UUID) -> frozenset[str]:
    """Who proposed a ranking and who decided it."""
    statement = (
        select(RankingRow.proposed_by, SelectionRow.decided_by)
        .join(SelectionRow, SelectionRow.ranking_id == RankingRow.id)
        .where(RankingRow.id == ranking_id)
    )
    row = (await tx.execute(statement)).one_or_none()
    return frozenset(person for person in (row or ()) if person)


async def next_number(tx: Transaction, call_id: UUID) -> int:
    """The number of the next ranking of a call that is held."""
    found = await tx.execute(select(func.count()).where(RankingRow.call_id == call_id))
    return found.scalar_one() + 1


async def supersede(tx: Transaction, call_id: UUID) -> None:
    """Let no earlier proposal of a call be decided any more."""
    await tx.execute(
        update(RankingRow)
        .where(RankingRow.call_id == call_id, RankingRow.state == RankingState.PROPOSED)
        .values(state=RankingState.SUPERSEDED.value, version=RankingRow.version + 1)
    )


async def add_ranking(tx: Transaction, ranking: Ranking, placements: Sequence[Placement]) -> None:
    """Store a proposal with the snapshot of all its cases."""
    await tx.execute(
        insert(RankingRow).values(
            id=ranking.id,
            call_id=ranking.call_id,
            number=ranking.number,
            state=ranking.state.value,
            proposed_by=ranking.proposed_by,
            proposed_at=ranking.proposed_at,
            left_won=dict(ranking.left_won),
            version=ranking.version,
        )
    )
    for first in range(0, len(placements), _CASES_AT_ONCE):
        rows = [
            {"ranking_id": ranking.id, "position": first + place, **_columns(placement)}
            for place, placement in enumerate(placements[first : first + _CASES_AT_ONCE], start=1)
        ]
        await tx.execute(_ADD_CASES, {"rows": msgspec.json.encode(rows).decode()})


async def get_ranking(tx: Transaction, call_id: UUID, number: int) -> Ranking:
    """One ranking of a call; raises RankingNotFound."""
    statement = select(*RankingRow.__table__.columns).where(RankingRow.call_id == call_id, RankingRow.number == number)
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise RankingNotFound
    return _ranking(row)


async def find_decided(tx: Transaction, call_id: UUID) -> Ranking | None:
    """The ranking that a call's selection was decided on."""
    statement = select(*RankingRow.__table__.columns).where(
        RankingRow.call_id == call_id, RankingRow.state == RankingState.DECIDED.value
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _ranking(row)


async def save_ranking(tx: Transaction, ranking: Ranking) -> Ranking:
    """Write a ranking as its next version; raises RankingHasChanged when somebody else was first."""
    row = await save_next_row(tx, RankingRow, ranking.id, ranking.version, {"state": ranking.state.value})
    if row is None:
        current = await get_ranking(tx, ranking.call_id, ranking.number)
        raise RankingHasChanged(current_version=current.version)
    return _ranking(row)


async def count_cases(tx: Transaction, ranking_id: UUID) -> int:
    """How many cases a ranking has."""
    # Positions are 1 to n.
    statement = select(func.max(RankedCaseRow.position)).where(RankedCaseRow.ranking_id == ranking_id)
    return (await tx.execute(statement)).scalar_one() or 0


async def get_placements(
    tx: Transaction, ranking_id: UUID, *, after: int = 0, most: int | None = None
) -> list[Placement]:
    """The snapshot of a ranking, best case first: all of it, or so many cases after a position."""
    found: list[Placement] = []
    statement = (
        select(*RankedCaseRow.__table__.columns)
        .where(RankedCaseRow.ranking_id == ranking_id)
        .order_by(RankedCaseRow.position)
        .limit(_READ_AT_ONCE if most is None else most)
    )
    while True:
        # Positions are 1 to n, so what has been found says where to go on.
        page = await tx.execute(statement.where(RankedCaseRow.position > after + len(found)))
        before = len(found)
        found += [_placement(row) for row in page.mappings()]
        if most is not None or len(found) - before < _READ_AT_ONCE:
            return found


# A statement has three seconds, however many cases a call has.
_READ_AT_ONCE = 5_000
# One parameter for many rows: a row of twenty would cost more to send than to store.
_CASES_AT_ONCE = 1_000
_ADD_CASES = text(
    "INSERT INTO ranked_case SELECT * FROM jsonb_populate_recordset(NULL::ranked_case, CAST(:rows AS jsonb))"
)


def _columns(placement: Placement) -> dict[str, object]:
    case = placement.case
    return {
        "application_id": case.application_id,
        "company_id": case.company_id,
        "type_code": case.type_code,
        "municipality_code": case.municipality_code,
        "total_cost_won": case.total_cost_won,
        "need_won": dict(case.need_won),
        "score": case.score,
        "bonus": case.bonus,
        "site_score": case.site_score,
        "sheet_scores": list(case.sheet_scores),
        "dropped_scores": list(case.dropped_scores),
        "first_timer": case.first_timer,
        "submitted_at": case.submitted_at,
        "place": placement.place,
        "outcome": placement.outcome.value,
        "reserve_order": placement.reserve_order,
        "reason_code": placement.reason.code,
        "reason_ko": placement.reason.ko,
        "reason_en": placement.reason.en,
    }


def _placement(row: RowMapping) -> Placement:
    case = Case(
        application_id=row["application_id"],
        company_id=row["company_id"],
        type_code=row["type_code"],
        municipality_code=row["municipality_code"],
        total_cost_won=row["total_cost_won"],
        need_won=row["need_won"],
        score=row["score"],
        bonus=row["bonus"],
        site_score=row["site_score"],
        sheet_scores=tuple(row["sheet_scores"]),
        dropped_scores=tuple(row["dropped_scores"]),
        first_timer=row["first_timer"],
        submitted_at=row["submitted_at"],
    )
    reason = Reason(row["reason_code"], row["reason_ko"], row["reason_en"])
    return Placement(case, row["place"], Outcome(row["outcome"]), row["reserve_order"], reason)


def _ranking(row: RowMapping) -> Ranking:
    return Ranking(
        id=row["id"],
        call_id=row["call_id"],
        number=row["number"],
        state=RankingState(row["state"]),
        proposed_by=row["proposed_by"],
        proposed_at=row["proposed_at"],
        left_won=row["left_won"],
        version=row["version"],
    )
