"""Reading commitments: a municipality sees its area's, a company its own, the province and the auditor see all."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select

from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate
from contracts.types import Source
from funding.commitments.domain import BUDGET_RULE, CommitmentState, CommitmentUnknown
from funding.commitments.store import CommitmentRow, CommitmentShareRow
from funding.visibility import seen_by


class ShareView(View):
    """What one source pays, or would have paid had the commitment not been refused."""

    source: Source
    municipality_code: str | None
    budget_line_id: UUID | None
    amount_won: int


class RefusalView(View):
    """Why nothing was committed: the rule, and the first source that lacked money."""

    rule: str
    short_source: Source
    needed_won: int
    left_won: int


class CommitmentView(View):
    """The decision on one project, with every share. `turn` is its place in the order in which its call was answered.

    It has none where the selection itself had asked, as all did before requests had turns.
    """

    project_id: UUID
    commitment_id: UUID
    application_id: UUID
    call_id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    fiscal_year: int
    track: str
    total_cost_won: int
    cap_won: int
    split_rule_version: str
    nominal_burden_bp: int
    effective_burden_bp: int
    state: CommitmentState
    shares: list[ShareView]
    refusal: RefusalView | None
    decided_at: datetime
    released_at: datetime | None
    transfer_id: UUID | None
    memorandum_id: UUID | None
    reversal_id: UUID | None
    turn: int | None
    version: int


_COMMITMENTS = select(*CommitmentRow.__table__.columns)


async def get_commitment(tx: Transaction, project_id: UUID, *, by: Principal) -> CommitmentView:
    """The decision on one project, or CommitmentUnknown when it is not the caller's to see."""
    row = (await tx.execute(_COMMITMENTS.where(CommitmentRow.project_id == project_id, _visible(by)))).one_or_none()
    if row is None:
        raise CommitmentUnknown(project_id=project_id)
    shares = await _shares(tx, [project_id])
    return _view(row, shares[project_id])


async def list_commitments(
    tx: Transaction,
    *,
    by: Principal,
    page: PageRequest,
    call_id: UUID | None,
    municipality_code: str | None,
    fiscal_year: int | None,
    track: str | None,
    state: CommitmentState | None,
) -> Page[CommitmentView]:
    """The decisions the caller may see, by project id."""
    statement = _COMMITMENTS.where(_visible(by))
    filters = {
        CommitmentRow.call_id: call_id,
        CommitmentRow.municipality_code: municipality_code,
        CommitmentRow.fiscal_year: fiscal_year,
        CommitmentRow.track: track,
        CommitmentRow.state: state,
    }
    for column, wanted in filters.items():
        if wanted is not None:
            statement = statement.where(column == wanted)
    rows, turns = await paginate(tx, statement, page, by=[CommitmentRow.project_id])
    shares = await _shares(tx, [row.project_id for row in rows])
    return Page(items=[_view(row, shares[row.project_id]) for row in rows], **turns)


async def _shares(tx: Transaction, project_ids: Sequence[UUID]) -> dict[UUID, list[ShareView]]:
    rows = await tx.execute(
        select(*CommitmentShareRow.__table__.columns)
        .where(CommitmentShareRow.project_id.in_(project_ids))
        .order_by(CommitmentShareRow.project_id, CommitmentShareRow.position)
    )
    found: dict[UUID, list[ShareView]] = defaultdict(list)
    for row in rows:
        found[row.project_id].append(ShareView.model_validate(row))
    return found


def _view(row: Row[Any], shares: list[ShareView]) -> CommitmentView:
    columns = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's documented access by column name
    refusal = {name: columns.pop(name) for name in ("short_source", "needed_won", "left_won")}
    return CommitmentView(
        **columns,
        commitment_id=columns["id"],
        shares=shares,
        refusal=None if refusal["short_source"] is None else RefusalView(rule=BUDGET_RULE, **refusal),
    )


def _visible(by: Principal) -> ColumnElement[bool]:
    return seen_by(by, CommitmentRow.company_id, CommitmentRow.municipality_code)
