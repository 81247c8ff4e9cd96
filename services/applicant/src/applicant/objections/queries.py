"""Objections as their firm, its municipality and the staff see them."""

from datetime import datetime
from operator import eq
from uuid import UUID

from sqlalchemy import ColumnElement, select

from applicant.companies import queries as companies
from applicant.objections.domain import (
    Against,
    Consequence,
    Objection,
    ObjectionNotFound,
    ObjectionState,
    Recommendation,
)
from applicant.objections.store import ObjectionRow, objection_from
from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, narrowed, paginate
from contracts.roles import COMPANY_ROLES

__all__ = [
    "ObjectionState",
    "ObjectionView",
    "list_objections",
    "objection_view",
    "objections_of_application",
    "view_objection",
]


class ObjectionView(View):
    """One objection; what the operator found and recommends is shown to its firm once it is decided."""

    id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    against: Against
    statement: str
    evidence_sha256: list[str]
    filed_at: datetime
    due_at: datetime
    state: ObjectionState
    recommendation: Recommendation | None
    findings: str | None
    prepared_at: datetime | None
    consequence: Consequence | None
    reason: str | None
    decided_at: datetime | None
    version: int


async def list_objections(
    tx: Transaction, page: PageRequest, *, by: Principal, state: ObjectionState | None, call_id: UUID | None
) -> Page[ObjectionView]:
    """Objections, oldest first: a firm its own, a municipality its area's, the staff all."""
    row = ObjectionRow
    conditions = narrowed((row.state, eq, state and state.value), (row.call_id, eq, call_id))
    statement = select(*row.__table__.columns).where(_visible(by), *conditions)
    rows, turns = await paginate(tx, statement, page, by=[row.id])
    items = [objection_view(objection_from(each._mapping), by=by) for each in rows]  # noqa: SLF001  documented access
    return Page[ObjectionView](items=items, **turns)


async def view_objection(tx: Transaction, objection_id: UUID, *, by: Principal) -> ObjectionView:
    """One objection, if it is the caller's to see."""
    statement = select(*ObjectionRow.__table__.columns).where(ObjectionRow.id == objection_id, _visible(by))
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise ObjectionNotFound
    return objection_view(objection_from(row), by=by)


async def objections_of_application(
    tx: Transaction, application_id: UUID, portion: Portion, *, by: Principal
) -> list[ObjectionView]:
    """A part of what was objected to of one application, oldest first."""
    row = ObjectionRow
    statement = select(*row.__table__.columns).where(row.application_id == application_id, _visible(by))
    rows = (await tx.execute(portion.of(statement.order_by(row.id)))).mappings()
    return [objection_view(objection_from(each), by=by) for each in rows]


def objection_view(objection: Objection, *, by: Principal) -> ObjectionView:
    """An objection as this caller reads it."""
    view = ObjectionView.model_validate(objection)
    if by.role in COMPANY_ROLES and objection.decided_at is None:
        return view.model_copy(update={"recommendation": None, "findings": None, "prepared_at": None})
    return view


def _visible(by: Principal) -> ColumnElement[bool]:
    return companies.seen_by(by, ObjectionRow.company_id, ObjectionRow.municipality_code)
