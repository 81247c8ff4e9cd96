"""Calls, cases and projects as later features ask for them."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, func, select

from common.db import Transaction
from metrics.progress.store import CallRow, CallSeatRow, CaseProgressRow, CommitmentRow, ProjectProgressRow


async def confirmed_projects(tx: Transaction) -> set[UUID]:
    """For a later feature: the projects that the progress of their calls counts as confirmed."""
    row = ProjectProgressRow
    return set((await tx.execute(select(row.project_id).where(row.state == "CONFIRMED"))).scalars())


def every_case(
    *, fiscal_year: int | None, call_id: UUID | None, municipality_code: str | None
) -> Select[*tuple[Any, ...]]:
    """For a later feature: each case the caller sees with its project and funding's answer, for row after row."""
    one, project = CaseProgressRow, ProjectProgressRow
    columns = (
        one.application_id,
        one.call_id,
        CallRow.track,
        CallRow.fiscal_year,
        one.type_code,
        one.municipality_code,
        one.state,
        one.changed_at,
        project.project_id,
        project.state.label("project_state"),
        project.promoted,
        CommitmentRow.state.label("money_state"),
        CommitmentRow.total_cost_won,
    )
    statement = (
        select(*columns)
        .outerjoin(CallRow, CallRow.call_id == one.call_id)
        .outerjoin(project, project.application_id == one.application_id)
        .outerjoin(CommitmentRow, CommitmentRow.project_id == project.project_id)
        .order_by(one.application_id)
    )
    for column, wanted in (
        (CallRow.fiscal_year, fiscal_year),
        (one.call_id, call_id),
        (one.municipality_code, municipality_code),
    ):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return statement


def published_calls(call_id: UUID | None = None) -> Select[*tuple[Any, ...]]:
    """For a later feature: published calls with the sum of their seats, the latest window first, or one of them."""
    seats = (
        select(CallSeatRow.call_id, func.sum(CallSeatRow.seats).cast(BigInteger).label("seats"))
        .group_by(CallSeatRow.call_id)
        .subquery("seats")
    )
    statement = (
        select(*CallRow.__table__.columns, func.coalesce(seats.c.seats, 0).label("seats"))
        .outerjoin(seats, seats.c.call_id == CallRow.call_id)
        .order_by(CallRow.opens_at.desc(), CallRow.call_id)
    )
    return statement if call_id is None else statement.where(CallRow.call_id == call_id)


def count_of_calls() -> Select[*tuple[Any, ...]]:
    """For a later feature: how many calls were published."""
    return select(func.count()).select_from(CallRow)
