"""Builds as their parties, their municipalities and the programme's staff see them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, select

from applicant.builds.domain import BuildNotFound, BuildState, Cause, ChangeKind, ChangeState, FaultParty
from applicant.builds.store import BuildChangeRow, BuildRow
from applicant.companies import queries as companies
from common.auth import Principal
from common.db import Transaction
from common.web import Page, PageRequest, View, paginate

__all__ = ["BuildNotFound", "BuildState", "BuildView", "is_visible", "list_builds", "view_build"]


class BuildChangeView(View):
    """A proposal to suspend, resume or terminate, and what was decided; who it was stays in the journal."""

    id: UUID
    kind: ChangeKind
    cause: Cause
    fault_party: FaultParty | None
    evidence: list[str]
    state: ChangeState
    proposed_at: datetime
    decided_at: datetime | None


class BuildView(View):
    """A build with all that was proposed for it, oldest first."""

    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    supplier_business_number: str
    state: BuildState
    began_at: datetime
    completed_at: datetime | None
    terminated_at: datetime | None
    changes: list[BuildChangeView]
    version: int


async def list_builds(
    tx: Transaction, page: PageRequest, *, by: Principal, call_id: UUID | None, state: BuildState | None
) -> Page[BuildView]:
    """Builds by project, oldest first: each party its own, a municipality its area's, the staff all."""
    statement = select(*BuildRow.__table__.columns).where(_visible(by))
    if call_id is not None:
        statement = statement.where(BuildRow.call_id == call_id)
    if state is not None:
        statement = statement.where(BuildRow.state == state.value)
    rows, turns = await paginate(tx, statement, page, by=[BuildRow.project_id])
    return Page[BuildView](items=await _views(tx, [row._mapping for row in rows]), **turns)  # noqa: SLF001  documented access


async def view_build(tx: Transaction, project_id: UUID, *, by: Principal) -> BuildView:
    """One project's build, if it is the caller's to see."""
    statement = select(*BuildRow.__table__.columns).where(BuildRow.project_id == project_id, _visible(by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise BuildNotFound
    (view,) = await _views(tx, [row])
    return view


async def is_visible(tx: Transaction, project_id: UUID, *, by: Principal) -> bool:
    """Whether a build, and all that belongs to it, is the caller's to see."""
    statement = select(BuildRow.project_id).where(BuildRow.project_id == project_id, _visible(by))
    return (await tx.execute(statement)).one_or_none() is not None


async def _views(tx: Transaction, rows: Sequence[RowMapping]) -> list[BuildView]:
    changes: dict[UUID, list[BuildChangeView]] = defaultdict(list)
    proposed = (
        select(*BuildChangeRow.__table__.columns)
        .where(BuildChangeRow.project_id.in_([row["project_id"] for row in rows]))
        .order_by(BuildChangeRow.id)
    )
    for row in await tx.execute(proposed):
        changes[row.project_id].append(BuildChangeView.model_validate(row))
    return [BuildView.model_validate({**row, "changes": changes[row["project_id"]]}) for row in rows]


def _visible(by: Principal) -> ColumnElement[bool]:
    return companies.seen_by(by, BuildRow.company_id, BuildRow.municipality_code, BuildRow.supplier_business_number)
