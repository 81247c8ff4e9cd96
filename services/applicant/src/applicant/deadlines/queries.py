"""Legal deadlines as those see them whom they concern: a firm its own, a municipality its area's, the staff all."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from operator import eq, le
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.sql.operators import in_op

from applicant.companies import queries as companies
from applicant.deadlines import domain
from applicant.deadlines.domain import DeadlineKind, DeadlineState, Duty
from applicant.deadlines.store import calendar
from applicant.deadlines.store.rows import LegalDeadlineRow
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, narrowed, paginate

__all__ = [
    "CaseDeadline",
    "DeadlineKind",
    "DeadlineState",
    "DeadlineView",
    "Duty",
    "ListedDeadline",
    "deadlines_of_application",
    "deadlines_of_projects",
    "list_deadlines",
]


class DeadlineView(View):
    """A legal deadline: what must have happened before `due_at`, by which rule."""

    kind: DeadlineKind
    due_at: datetime
    rule: str
    rule_version: str
    source_note: str
    state: DeadlineState
    settled_at: datetime | None


class ListedDeadline(DeadlineView):
    """A deadline with its case. Days are counted in Korea: 0 on the last day, negative when it is over."""

    id: UUID
    application_id: UUID
    project_id: UUID | None
    company_id: UUID
    call_id: UUID
    municipality_code: str
    duty: Duty
    opened_at: datetime
    last_day: date
    days_left: int
    working_days_left: int
    escalations: int = Field(description="How often the offices were told that it is overdue.")
    next_step_at: datetime | None = Field(description="When it is told of or worked next; null once it is closed.")


class CaseDeadline(DeadlineView):
    """The same with whose duty it is and what of the case it is for: for those who examine it."""

    id: UUID
    project_id: UUID | None
    duty: Duty
    opened_at: datetime


async def list_deadlines(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    now: datetime,
    state: Collection[DeadlineState],
    kind: DeadlineKind | None,
    call_id: UUID | None,
    last_day: date | None,
    waits_for_worker: bool,
) -> Page[ListedDeadline]:
    """Deadlines by due date, the most urgent first; those that run unless other states are asked for."""
    row = LegalDeadlineRow
    wanted = [each.value for each in (state or domain.RUNNING)]
    conditions = narrowed(
        (row.state, in_op, wanted),
        (row.kind, eq, kind and kind.value),
        (row.call_id, eq, call_id),
        (row.due_at, le, last_day and domain.end_of(last_day)),
        (row.work_at, le, now if waits_for_worker else None),
    )
    if waits_for_worker:
        conditions = [*conditions, row.settled_at.is_(None)]
    statement = select(*row.__table__.columns).where(_visible(by), *conditions)
    found, turns = await paginate(tx, statement, page, by=[row.due_at, row.id])
    items = [_listed(each._mapping, now) for each in found]  # noqa: SLF001  SQLAlchemy's documented access
    return Page[ListedDeadline](items=items, **turns)


async def deadlines_of_application(
    tx: Transaction, application_id: UUID, portion: Portion, *, by: Principal
) -> list[CaseDeadline]:
    """A part of the deadlines of one application and its project, in the order they were opened."""
    row = LegalDeadlineRow
    statement = select(*row.__table__.columns).where(row.application_id == application_id, _visible(by))
    rows = await tx.execute(portion.of(statement.order_by(row.opened_at, row.id)))
    return [CaseDeadline.model_validate(each) for each in rows]


async def deadlines_of_projects(tx: Transaction, project_ids: Sequence[UUID]) -> dict[UUID, list[DeadlineView]]:
    """All deadlines of these projects, in the order they were opened."""
    found: dict[UUID, list[DeadlineView]] = defaultdict(list)
    statement = (
        select(*LegalDeadlineRow.__table__.columns)
        .where(LegalDeadlineRow.project_id.in_(project_ids))
        .order_by(LegalDeadlineRow.opened_at, LegalDeadlineRow.id)
    )
    for row in await tx.execute(statement):
        found[row.project_id].append(DeadlineView.model_validate(row))
    return found


def _listed(row: RowMapping, now: datetime) -> ListedDeadline:
    due_at = row["due_at"]
    counted = {
        "last_day": domain.last_day_before(due_at),
        "days_left": domain.days_left(due_at, now),
        "working_days_left": domain.working_days_left(due_at, now, calendar.is_working_day),
        "next_step_at": row["work_at"] if row["settled_at"] is None else None,
    }
    return ListedDeadline.model_validate({**row, **counted})


def _visible(by: Principal) -> ColumnElement[bool]:
    return companies.seen_by(
        by, LegalDeadlineRow.company_id, LegalDeadlineRow.municipality_code, LegalDeadlineRow.supplier_business_number
    )
