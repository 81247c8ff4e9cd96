"""The table of self-payments. One transfer of the bank is one row, whoever records it."""

from dataclasses import fields
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Transaction
from common.versions import save_next
from contracts.types import Won
from funding.self_payments.domain import (
    HoldReason,
    SelfPayment,
    SelfPaymentExists,
    SelfPaymentHasChanged,
    SelfPaymentState,
    SelfPaymentUnknown,
)
from funding.tables import Tables


class SelfPaymentRow(Tables):
    """A CHECK keeps verifier and reviewer apart; a trigger keeps what the firm recorded."""

    __tablename__ = "self_payment"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("coverage.project_id"), index=True)
    company_id: Mapped[UUID] = mapped_column(index=True)
    municipality_code: Mapped[str] = mapped_column(index=True)
    amount_won: Mapped[int]
    paid_on: Mapped[date]
    from_account: Mapped[str]
    bank_reference: Mapped[str] = mapped_column(unique=True)
    evidence_sha256: Mapped[str]
    state: Mapped[str]
    hold_reason: Mapped[str | None]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    verified_by: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    reviewed_by: Mapped[str | None]
    reviewed_at: Mapped[datetime | None]
    version: Mapped[int]


async def add(tx: Transaction, payment: SelfPayment) -> None:
    """Store a payment; raises SelfPaymentExists when the bank's transfer is there already."""
    values = {each.name: getattr(payment, each.name) for each in fields(payment)}
    added = await tx.execute(
        insert(SelfPaymentRow).values(**values).on_conflict_do_nothing().returning(SelfPaymentRow.id)
    )
    if added.one_or_none() is None:
        raise SelfPaymentExists


async def get_locked(tx: Transaction, payment_id: UUID) -> SelfPayment:
    """One payment that stays as read until commit; raises SelfPaymentUnknown."""
    statement = select(*SelfPaymentRow.__table__.columns).where(SelfPaymentRow.id == payment_id).with_for_update()
    row = (await tx.execute(statement)).mappings().one_or_none()
    if row is None:
        raise SelfPaymentUnknown
    hold_reason = None if row["hold_reason"] is None else HoldReason(row["hold_reason"])
    typed = {"state": SelfPaymentState(row["state"]), "hold_reason": hold_reason, "amount_won": Won(row["amount_won"])}
    return SelfPayment(**{**row, **typed})


async def save(tx: Transaction, payment: SelfPayment) -> None:
    """Store a decision as the next version; raises SelfPaymentHasChanged when somebody else was first."""
    values = {
        "state": payment.state,
        "hold_reason": payment.hold_reason,
        "verified_by": payment.verified_by,
        "verified_at": payment.verified_at,
        "reviewed_by": payment.reviewed_by,
        "reviewed_at": payment.reviewed_at,
    }
    if not await save_next(tx, SelfPaymentRow, payment.id, payment.version, values):
        raise SelfPaymentHasChanged(current_version=payment.version + 1)
