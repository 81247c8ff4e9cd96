"""Reading self-payments, and how much of the firm's share is proven: what must be so before public money moves."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select

from common.auth import Principal
from common.db import Transaction
from common.portions import Portion
from common.web import Page, PageRequest, View, page_of
from funding.coverages import commands as coverages
from funding.self_payments.domain import HoldReason, SelfPaymentState, SelfPaymentUnknown, proven_won
from funding.self_payments.store import SelfPaymentRow
from funding.visibility import seen_by

__all__ = [
    "SelfPayView",
    "SelfPaymentState",
    "SelfPaymentView",
    "get_payment",
    "get_self_pay",
    "list_payments",
    "payments_of_project",
]


class SelfPaymentView(View):
    """One payment; `hold_reason` says why it did not count as the firm's own money."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    amount_won: int
    paid_on: date
    bank_reference: str
    evidence_sha256: str
    state: SelfPaymentState
    hold_reason: HoldReason | None
    recorded_at: datetime
    verified_at: datetime | None
    reviewed_at: datetime | None
    version: int


class SelfPayView(View):
    """The firm's share: what is due, what is proven, what waits for somebody. Public money moves only when `proven`."""

    project_id: UUID
    self_pay_won: int
    proven_won: int
    held_won: int
    unverified_won: int
    proven: bool


async def list_payments(
    tx: Transaction, page: PageRequest, *, by: Principal, project_id: UUID | None, state: SelfPaymentState | None
) -> Page[SelfPaymentView]:
    """Payments, oldest first."""
    statement = select(*SelfPaymentRow.__table__.columns).where(_visible(by))
    if project_id is not None:
        statement = statement.where(SelfPaymentRow.project_id == project_id)
    if state is not None:
        statement = statement.where(SelfPaymentRow.state == state.value)
    return await page_of(SelfPaymentView, tx, statement, page, by=[SelfPaymentRow.id])


async def get_payment(tx: Transaction, payment_id: UUID, *, by: Principal) -> SelfPaymentView:
    """One payment, if it is the caller's to see."""
    statement = select(*SelfPaymentRow.__table__.columns).where(SelfPaymentRow.id == payment_id, _visible(by))
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        raise SelfPaymentUnknown
    return SelfPaymentView.model_validate(row)


async def payments_of_project(
    tx: Transaction, project_id: UUID, portion: Portion, *, by: Principal
) -> list[SelfPaymentView]:
    """A part of what a firm has shown to have paid for one project, oldest first."""
    statement = select(*SelfPaymentRow.__table__.columns).where(SelfPaymentRow.project_id == project_id, _visible(by))
    rows = await tx.execute(portion.of(statement.order_by(SelfPaymentRow.id)))
    return [SelfPaymentView.model_validate(row) for row in rows]


async def get_self_pay(tx: Transaction, project_id: UUID, *, by: Principal) -> SelfPayView:
    """How much of a project's self-pay is proven (rule F-04)."""
    share = await coverages.self_pay_share(tx, project_id, by=by)
    statement = select(SelfPaymentRow.state, SelfPaymentRow.amount_won).where(SelfPaymentRow.project_id == project_id)
    amounts = [(SelfPaymentState(row.state), row.amount_won) for row in await tx.execute(statement)]
    proven = proven_won(amounts)
    return SelfPayView(
        project_id=project_id,
        self_pay_won=share.amount_won,
        proven_won=proven,
        held_won=sum(won for state, won in amounts if state is SelfPaymentState.HELD),
        unverified_won=sum(won for state, won in amounts if state is SelfPaymentState.RECORDED),
        proven=proven >= share.amount_won,
    )


def _visible(by: Principal) -> ColumnElement[bool]:
    return seen_by(by, SelfPaymentRow.company_id, SelfPaymentRow.municipality_code)
