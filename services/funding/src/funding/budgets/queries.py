"""Reading budget lines: a municipality sees its own, the province, the technopark and the auditor see all."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, case, select, true

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.roles import MUNICIPALITY_ROLES
from contracts.types import Source
from funding.budgets.domain import BudgetLineUnknown, LegalRegime, LineState
from funding.budgets.store import BudgetLineRow


class BudgetLineView(View):
    """One budget line. `left_won` is what may still be committed: nothing before the line is confirmed."""

    id: UUID
    source: Source
    track: str
    fiscal_year: int
    municipality_code: str | None
    amount_won: int
    committed_won: int
    left_won: int
    legal_regime: LegalRegime
    funder: str
    state: LineState
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str | None
    confirmed_at: datetime | None
    version: int


_LINES = select(
    *BudgetLineRow.__table__.columns,
    case(
        (BudgetLineRow.state == LineState.CONFIRMED, BudgetLineRow.amount_won - BudgetLineRow.committed_won), else_=0
    ).label("left_won"),
)


async def get_line(tx: Transaction, line_id: UUID, *, by: Principal) -> BudgetLineView:
    """One line, or BudgetLineUnknown when it is not the caller's to see."""
    row = (await tx.execute(_LINES.where(BudgetLineRow.id == line_id, _visible(by)))).one_or_none()
    if row is None:
        raise BudgetLineUnknown(budget_line_id=line_id)
    return BudgetLineView.model_validate(row)


async def list_lines(
    tx: Transaction,
    *,
    by: Principal,
    page: PageRequest,
    track: str | None,
    fiscal_year: int | None,
    source: Source | None,
    municipality_code: str | None,
    state: LineState | None,
) -> Page[BudgetLineView]:
    """The lines the caller may see, oldest first."""
    statement = _LINES.where(_visible(by))
    filters = {
        BudgetLineRow.track: track,
        BudgetLineRow.fiscal_year: fiscal_year,
        BudgetLineRow.source: source,
        BudgetLineRow.municipality_code: municipality_code,
        BudgetLineRow.state: state,
    }
    for column, wanted in filters.items():
        if wanted is not None:
            statement = statement.where(column == wanted)
    rows, following = await paginate(tx, statement, page, by=[BudgetLineRow.id])
    return Page(items=[BudgetLineView.model_validate(row) for row in rows], next=following)


def _visible(by: Principal) -> ColumnElement[bool]:
    return BudgetLineRow.municipality_code == by.tenant if by.role in MUNICIPALITY_ROLES else true()
