"""Reading coverages: a municipality sees its area's, a company its own, the province and the auditor see all."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.types import Source
from funding.coverages.domain import CoverageState, CoverageUnknown
from funding.coverages.store import CoverageLineRow, CoverageRow
from funding.visibility import seen_by

__all__ = ["CoverageState", "CoverageView", "get_coverage", "list_coverages"]


class CoverageLineView(View):
    """One source's share, and when it was covered by which document."""

    source: Source
    municipality_code: str | None
    budget_line_id: UUID | None
    amount_won: int
    reference: str | None
    evidence_sha256: str | None
    covered_at: datetime | None


class CoverageView(View):
    """The shares of a signed agreement; GRANTED once it is in force."""

    project_id: UUID
    commitment_id: UUID
    call_id: UUID
    company_id: UUID
    municipality_code: str
    state: CoverageState
    lines: list[CoverageLineView]
    opened_at: datetime
    completed_at: datetime | None
    granted_at: datetime | None
    version: int


async def list_coverages(
    tx: Transaction, page: PageRequest, *, by: Principal, call_id: UUID | None, state: CoverageState | None
) -> Page[CoverageView]:
    """Coverages by project, oldest first."""
    statement = select(*CoverageRow.__table__.columns).where(_visible(by))
    if call_id is not None:
        statement = statement.where(CoverageRow.call_id == call_id)
    if state is not None:
        statement = statement.where(CoverageRow.state == state.value)
    rows, turns = await paginate(tx, statement, page, by=[CoverageRow.project_id])
    return Page[CoverageView](items=await _views(tx, [row._mapping for row in rows]), **turns)  # noqa: SLF001  documented access


async def get_coverage(tx: Transaction, project_id: UUID, *, by: Principal) -> CoverageView:
    """One project's coverage, if it is the caller's to see."""
    statement = select(*CoverageRow.__table__.columns).where(CoverageRow.project_id == project_id, _visible(by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise CoverageUnknown
    (view,) = await _views(tx, [row])
    return view


async def _views(tx: Transaction, rows: Sequence[RowMapping]) -> list[CoverageView]:
    lines: dict[UUID, list[CoverageLineView]] = defaultdict(list)
    wanted = (
        select(*CoverageLineRow.__table__.columns)
        .where(CoverageLineRow.project_id.in_([row["project_id"] for row in rows]))
        .order_by(CoverageLineRow.project_id, CoverageLineRow.position)
    )
    for line in await tx.execute(wanted):
        lines[line.project_id].append(CoverageLineView.model_validate(line))
    return [CoverageView.model_validate({**row, "lines": lines[row["project_id"]]}) for row in rows]


def _visible(by: Principal) -> ColumnElement[bool]:
    return seen_by(by, CoverageRow.company_id, CoverageRow.municipality_code)
