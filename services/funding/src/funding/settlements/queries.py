"""Reading settlements: a company its own, a municipality its area's, an accountant the own packs, the province all."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.roles import Role
from contracts.types import Source
from funding.settlements.domain import Query, SettlementState, SettlementUnknown
from funding.settlements.store import SettlementLineRow, SettlementRow
from funding.visibility import seen_by

__all__ = ["SettlementState", "SettlementView", "get_settlement", "list_settlements", "settlement_of_project"]


class SettlementLineView(View):
    """One source: its share of the agreed cost, what it paid, what it owes in truth, and what goes back (rule F-09).

    The firm's own share has no payments here: what it spent itself is its fixed amount.
    """

    source: Source
    share_won: int
    paid_won: int
    fixed_won: int
    interest_won: int
    refund_won: int
    lapsed_won: int


class SettlementView(View):
    """The settlement of one project; its lines are there once the amounts are fixed.

    `late_cut_max_bp` is what the next subsidy may be cut by at most for a late report (rule F-10).
    """

    id: UUID
    project_id: UUID
    call_id: UUID
    company_id: UUID
    municipality_code: str
    total_cost_won: int
    rule_version: str
    due_on: date
    state: SettlementState
    spent_won: int | None
    interest_won: int | None
    report_sha256: str | None
    late_months: int | None
    late_cut_max_bp: int | None
    query: Query | None
    lines: list[SettlementLineView]
    opened_at: datetime
    submitted_at: datetime | None
    attested_at: datetime | None
    fixed_at: datetime | None
    closed_at: datetime | None
    version: int


async def list_settlements(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    project_id: UUID | None,
    state: SettlementState | None,
    due_until: date | None,
) -> Page[SettlementView]:
    """Settlements, oldest first; `due_until` shows the reports that are still out and due by that day."""
    statement = select(*SettlementRow.__table__.columns).where(_visible(by))
    if project_id is not None:
        statement = statement.where(SettlementRow.project_id == project_id)
    if state is not None:
        statement = statement.where(SettlementRow.state == state.value)
    if due_until is not None:
        statement = statement.where(SettlementRow.due_on <= due_until, SettlementRow.submitted_at.is_(None))
    rows, turns = await paginate(tx, statement, page, by=[SettlementRow.id])
    items = await _views(tx, [row._mapping for row in rows])  # noqa: SLF001  documented access
    return Page[SettlementView](items=items, **turns)


async def get_settlement(tx: Transaction, settlement_id: UUID, *, by: Principal) -> SettlementView:
    """One settlement, if it is the caller's to see."""
    statement = select(*SettlementRow.__table__.columns).where(SettlementRow.id == settlement_id, _visible(by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise SettlementUnknown
    (view,) = await _views(tx, [row])
    return view


async def settlement_of_project(tx: Transaction, project_id: UUID, *, by: Principal) -> SettlementView:
    """One project's settlement; raises SettlementUnknown."""
    statement = select(*SettlementRow.__table__.columns).where(SettlementRow.project_id == project_id, _visible(by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise SettlementUnknown
    (view,) = await _views(tx, [row])
    return view


async def _views(tx: Transaction, rows: Sequence[RowMapping]) -> list[SettlementView]:
    lines: dict[UUID, list[SettlementLineView]] = defaultdict(list)
    wanted = (
        select(*SettlementLineRow.__table__.columns)
        .where(SettlementLineRow.settlement_id.in_([row["id"] for row in rows]))
        .order_by(SettlementLineRow.settlement_id, SettlementLineRow.position)
    )
    for line in await tx.execute(wanted):
        lines[line.settlement_id].append(SettlementLineView.model_validate(line))
    return [SettlementView.model_validate({**row, "lines": lines[row["id"]]}) for row in rows]


def _visible(by: Principal) -> ColumnElement[bool]:
    if by.role == Role.ACCOUNTANT:
        return SettlementRow.accountant == by.subject
    return seen_by(by, SettlementRow.company_id, SettlementRow.municipality_code)
