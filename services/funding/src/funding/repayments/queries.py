"""Reading what is owed back: a municipality its area's, a company its own, the province all."""

from collections.abc import Mapping
from datetime import date, datetime
from operator import eq
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, narrowed, page_of
from contracts.types import Source
from funding.repayments.domain import Origin, RepaymentState, RepaymentUnknown
from funding.repayments.store import RepaymentRow, rules_of
from funding.visibility import seen_by

__all__ = [
    "Origin",
    "RepaymentState",
    "RepaymentView",
    "closing_rules",
    "get_repayment",
    "list_repayments",
    "repayments_of_project",
    "unconfirmed_of",
]


class RepaymentView(View):
    """What one source asks back: a part of what it paid, what that earned, a surcharge, and what lateness adds."""

    id: UUID
    origin: Origin
    origin_id: UUID
    project_id: UUID
    source: Source
    company_id: UUID
    municipality_code: str
    budget_line_id: UUID
    principal_won: int
    interest_won: int
    surcharge_won: int
    late_won: int
    rule_version: str
    due_on: date
    state: RepaymentState
    ordered_at: datetime
    paid_on: date | None
    bank_reference: str | None
    paid_at: datetime | None
    receipt_reference: str | None
    ended_at: datetime | None
    version: int


async def list_repayments(
    tx: Transaction,
    page: PageRequest,
    *,
    by: Principal,
    project_id: UUID | None,
    origin_id: UUID | None,
    state: RepaymentState | None,
) -> Page[RepaymentView]:
    """Repayments, oldest first."""
    conditions = narrowed(
        (RepaymentRow.project_id, eq, project_id),
        (RepaymentRow.origin_id, eq, origin_id),
        (RepaymentRow.state, eq, state and state.value),
    )
    statement = select(*RepaymentRow.__table__.columns).where(_visible(by), *conditions)
    return await page_of(RepaymentView, tx, statement, page, by=[RepaymentRow.id])


async def get_repayment(tx: Transaction, repayment_id: UUID, *, by: Principal) -> RepaymentView:
    """One repayment, if it is the caller's to see."""
    statement = select(*RepaymentRow.__table__.columns).where(RepaymentRow.id == repayment_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise RepaymentUnknown
    return RepaymentView.model_validate(row)


async def repayments_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[RepaymentView]:
    """A part of what one project owes back or has paid back, oldest first."""
    statement = select(*RepaymentRow.__table__.columns).where(RepaymentRow.project_id == project_id, _visible(by))
    rows = await tx.execute(portion.of(statement.order_by(RepaymentRow.id)))
    return [RepaymentView.model_validate(row) for row in rows]


def closing_rules(version: str) -> Mapping[str, Any]:
    """One version of the rules about settling and clawing back, as its file says it."""
    said: Mapping[str, Any] = msgspec.to_builtins(rules_of(version))
    return said


def unconfirmed_of(origin_id: InstrumentedAttribute[UUID]) -> Select[UUID]:
    """For a later feature: what one settlement or clawback asked back and no treasury has yet."""
    return select(RepaymentRow.id).where(
        RepaymentRow.origin_id == origin_id, RepaymentRow.state != RepaymentState.CONFIRMED
    )


def _visible(by: Principal) -> ColumnElement[bool]:
    return seen_by(by, RepaymentRow.company_id, RepaymentRow.municipality_code)
