"""Places, outcomes and what funding told to be left, in PostgreSQL.

`place` bounds the places taken by a CHECK, so that no code can take more than there are; whoever changes a line's
counter holds its row.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, bindparam, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update
from sqlalchemy.engine import RowMapping
from sqlalchemy.orm import Mapped, mapped_column

from applicant.selections.domain.budgets import Balance, Shortage
from applicant.selections.domain.places import Places, Reserve, Skipped
from applicant.selections.domain.ranking import Line, Outcome, Placement
from applicant.selections.store.rankings import OUTCOMES, RankedCaseRow
from applicant.selections.store.reinstatements import ReinstatementRow
from applicant.tables import Tables
from common.db import Transaction

FIRST = 0
"""The order of a reinstated reserve: before all that were ranked, and among themselves by when."""


class PlaceRow(Tables):
    """The counter of one type's places in one municipality; `vacated` of them wait for a reserve."""

    __tablename__ = "place"

    call_id: Mapped[UUID] = mapped_column(ForeignKey("selection.call_id"), primary_key=True)
    type_code: Mapped[str] = mapped_column(primary_key=True)
    municipality_code: Mapped[str] = mapped_column(primary_key=True)
    seats: Mapped[int]
    taken: Mapped[int]
    vacated: Mapped[int]

    __table_args__ = (
        CheckConstraint("taken >= 0 AND taken <= seats", name="taken"),
        CheckConstraint("vacated >= 0 AND taken + vacated <= seats", name="vacated"),
    )


class CaseOutcomeRow(Tables):
    """What was decided for a case, and what became of it since."""

    __tablename__ = "case_outcome"

    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id"), primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("selection.call_id"))
    ranking_id: Mapped[UUID] = mapped_column(ForeignKey("ranking.id"))
    type_code: Mapped[str]
    municipality_code: Mapped[str]
    outcome: Mapped[str]
    reserve_order: Mapped[int | None]
    project_id: Mapped[UUID | None] = mapped_column(ForeignKey("project.id"))
    promoted_at: Mapped[datetime | None]
    passed_over: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint(f"outcome IN ({OUTCOMES})", name="outcome"),
        CheckConstraint("(outcome = 'SELECTED') = (project_id IS NOT NULL)", name="project"),
        Index("case_outcome_line_idx", "call_id", "type_code", "municipality_code"),
    )


class KnownBalanceRow(Tables):
    """What funding told last about one of its lines."""

    __tablename__ = "known_balance"

    budget_line_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    municipality_code: Mapped[str | None]
    fiscal_year: Mapped[int]
    track: Mapped[str]
    left_won: Mapped[int]
    line_version: Mapped[int]

    __table_args__ = (Index("known_balance_budget_idx", "fiscal_year", "track"),)


async def open_places(tx: Transaction, call_id: UUID, places: Iterable[Places]) -> None:
    """Start the counters of a call's lines."""
    rows = [{"call_id": call_id, **_columns(each)} for each in places]
    if rows:
        await tx.execute(insert(PlaceRow), rows)


async def find_place(tx: Transaction, call_id: UUID, line: Line) -> Places | None:
    """One line's counter, held until the transaction ends; none where the call gave the line no seat."""
    statement = (
        select(*PlaceRow.__table__.columns)
        .where(
            PlaceRow.call_id == call_id,
            PlaceRow.type_code == line.type_code,
            PlaceRow.municipality_code == line.municipality_code,
        )
        .with_for_update()
    )
    row = (await tx.execute(statement)).mappings().one_or_none()
    return None if row is None else _places(row)


async def lock_place(tx: Transaction, call_id: UUID, line: Line) -> Places:
    """The counter of a line that has seats."""
    found = await find_place(tx, call_id, line)
    if found is None:
        message = f"call {call_id} has no place in {line}"
        raise LookupError(message)
    return found


async def lock_vacated(tx: Transaction, call_id: UUID) -> list[Places]:
    """The counters of a call with places that wait for a reserve, held until the transaction ends."""
    statement = (
        select(*PlaceRow.__table__.columns)
        .where(PlaceRow.call_id == call_id, PlaceRow.vacated > 0)
        .order_by(PlaceRow.type_code, PlaceRow.municipality_code)
        .with_for_update()
    )
    return [_places(row) for row in (await tx.execute(statement)).mappings()]


async def save_places(tx: Transaction, call_id: UUID, places: Places) -> None:
    """Write a counter that is held."""
    await tx.execute(
        update(PlaceRow)
        .where(
            PlaceRow.call_id == call_id,
            PlaceRow.type_code == places.line.type_code,
            PlaceRow.municipality_code == places.line.municipality_code,
        )
        .values(taken=places.taken, vacated=places.vacated)
    )


async def calls_with_places(tx: Transaction) -> list[UUID]:
    """The calls whose places have been given."""
    statement = select(PlaceRow.call_id).distinct().order_by(PlaceRow.call_id)
    return list((await tx.execute(statement)).scalars())


async def add_outcomes(
    tx: Transaction,
    call_id: UUID,
    ranking_id: UUID,
    decided: Sequence[tuple[Placement, UUID | None]],
) -> None:
    """Store what was decided for each case, with its project if it is selected."""
    rows = [
        {
            "application_id": placement.case.application_id,
            "call_id": call_id,
            "ranking_id": ranking_id,
            "type_code": placement.case.type_code,
            "municipality_code": placement.case.municipality_code,
            "outcome": placement.outcome.value,
            "reserve_order": placement.reserve_order,
            "project_id": project_id,
        }
        for placement, project_id in decided
    ]
    await tx.execute(insert(CaseOutcomeRow), rows)


async def add_withdrawn_outcome(tx: Transaction, call_id: UUID, ranking_id: UUID, placement: Placement) -> None:
    """Store what was decided for a case whose firm took it back before it was told: it has no place and no project."""
    selected = placement.outcome is Outcome.SELECTED
    await tx.execute(
        insert(CaseOutcomeRow).values(
            application_id=placement.case.application_id,
            call_id=call_id,
            ranking_id=ranking_id,
            type_code=placement.case.type_code,
            municipality_code=placement.case.municipality_code,
            outcome=(Outcome.NOT_SELECTED if selected else placement.outcome).value,
            reserve_order=placement.reserve_order,
        )
    )


async def waiting_reserves(tx: Transaction, call_id: UUID, lines: Iterable[Line]) -> list[Reserve]:
    """The reserves of some lines that wait for a place, in their order."""
    wanted = [(line.type_code, line.municipality_code) for line in lines]
    statement = (
        select(
            CaseOutcomeRow.application_id,
            CaseOutcomeRow.type_code,
            CaseOutcomeRow.municipality_code,
            CaseOutcomeRow.reserve_order,
            CaseOutcomeRow.passed_over,
            RankedCaseRow.position,
            func.coalesce(ReinstatementRow.company_id, RankedCaseRow.company_id).label("company_id"),
            func.coalesce(ReinstatementRow.total_cost_won, RankedCaseRow.total_cost_won).label("total_cost_won"),
            func.coalesce(ReinstatementRow.need_won, RankedCaseRow.need_won).label("need_won"),
        )
        .outerjoin(
            RankedCaseRow,
            (RankedCaseRow.ranking_id == CaseOutcomeRow.ranking_id)
            & (RankedCaseRow.application_id == CaseOutcomeRow.application_id),
        )
        .outerjoin(ReinstatementRow, ReinstatementRow.application_id == CaseOutcomeRow.application_id)
        .where(
            CaseOutcomeRow.call_id == call_id,
            CaseOutcomeRow.outcome == Outcome.RESERVE.value,
            tuple_(CaseOutcomeRow.type_code, CaseOutcomeRow.municipality_code).in_(wanted),
        )
        .order_by(CaseOutcomeRow.reserve_order, ReinstatementRow.reinstated_at, CaseOutcomeRow.application_id)
    )
    return [
        Reserve(
            line=Line(row.type_code, row.municipality_code),
            application_id=row.application_id,
            company_id=row.company_id,
            total_cost_won=row.total_cost_won,
            reserve_order=row.reserve_order,
            need_won=row.need_won,
            rank=FIRST if row.reserve_order == FIRST else row.position,
            passed_over_for=row.passed_over["budget"] if row.passed_over else None,
        )
        for row in await tx.execute(statement)
    ]


async def put_first(tx: Transaction, call_id: UUID, ranking_id: UUID, line: Line, application_id: UUID) -> None:
    """Put a case before all reserves of its line, whether it was ranked or never came so far."""
    first = {"outcome": Outcome.RESERVE.value, "reserve_order": FIRST}
    statement = insert_or_update(CaseOutcomeRow).values(
        application_id=application_id,
        call_id=call_id,
        ranking_id=ranking_id,
        type_code=line.type_code,
        municipality_code=line.municipality_code,
        **first,
    )
    await tx.execute(statement.on_conflict_do_update(index_elements=[CaseOutcomeRow.application_id], set_=first))


async def promote(tx: Transaction, application_id: UUID, project_id: UUID, *, at: datetime) -> None:
    """Turn a waiting reserve into a selected case with a project."""
    await tx.execute(
        update(CaseOutcomeRow)
        .where(CaseOutcomeRow.application_id == application_id, CaseOutcomeRow.outcome == Outcome.RESERVE.value)
        .values(outcome=Outcome.SELECTED.value, project_id=project_id, promoted_at=at, passed_over=None)
    )


async def record_skipped(tx: Transaction, skipped: Sequence[Skipped]) -> None:
    """Keep why reserves were passed over last."""
    rows = [{"reserve_id": each.application_id, "why": _why(each.shortage)} for each in skipped]
    if rows:
        await tx.execute(_RECORD_SKIPPED, rows)


async def learn_balances(tx: Transaction, balances: Sequence[Balance]) -> None:
    """Keep what funding told where it is newer than what is known, whatever the order in which it arrives."""
    if balances:
        rows = sorted((_balance_columns(balance) for balance in balances), key=lambda row: str(row["budget_line_id"]))
        await tx.execute(_LEARN, rows)


async def get_balances(tx: Transaction, *, fiscal_year: int, track: str) -> list[Balance]:
    """What was told of all lines of a year and track."""
    statement = select(*KnownBalanceRow.__table__.columns).where(
        KnownBalanceRow.fiscal_year == fiscal_year, KnownBalanceRow.track == track
    )
    return [Balance(**row) for row in (await tx.execute(statement)).mappings()]


def _columns(places: Places) -> dict[str, object]:
    return {
        "type_code": places.line.type_code,
        "municipality_code": places.line.municipality_code,
        "seats": places.seats,
        "taken": places.taken,
        "vacated": places.vacated,
    }


def _places(row: RowMapping) -> Places:
    return Places(Line(row["type_code"], row["municipality_code"]), row["seats"], row["taken"], row["vacated"])


def _balance_columns(balance: Balance) -> dict[str, object]:
    return {name: getattr(balance, name) for name in Balance.__dataclass_fields__}


def _why(short: Shortage) -> dict[str, object]:
    return {"budget": short.budget, "needed_won": short.needed_won, "left_won": short.left_won}


_RECORD_SKIPPED = (
    update(CaseOutcomeRow)
    .where(CaseOutcomeRow.application_id == bindparam("reserve_id"))
    .values(passed_over=bindparam("why", type_=CaseOutcomeRow.passed_over.type))
)

_told = insert_or_update(KnownBalanceRow)
_LEARN = _told.on_conflict_do_update(
    index_elements=[KnownBalanceRow.budget_line_id],
    set_={"left_won": _told.excluded.left_won, "line_version": _told.excluded.line_version},
    where=KnownBalanceRow.line_version < _told.excluded.line_version,
)
