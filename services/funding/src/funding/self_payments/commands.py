"""The firm records a payment of its share, the operator verifies whose money it was, a second person reviews holds."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.types import Won
from funding.coverages import commands as coverages
from funding.self_payments import domain, store
from funding.self_payments.domain import Payer, Review, SelfPayment, SelfPaymentState

__all__ = ["Payer", "Review", "record_payment", "review_payment", "verify_payment"]


async def record_payment(
    tx: Transaction,
    project_id: UUID,
    *,
    amount_won: Won,
    paid_on: date,
    from_account: str,
    bank_reference: str,
    evidence_sha256: str,
    by: Principal,
    now: datetime,
) -> UUID:
    """Record a payment of one's own share; from another account than the registered one it is held at once."""
    share = await coverages.self_pay_share(tx, project_id, by=by)
    hold_reason = domain.compare_account(from_account, share.account)
    if paid_on > now.astimezone(KST).date():
        raise domain.SelfPaymentInFuture(field="/paid_on")
    payment = SelfPayment(
        id=new_id(),
        project_id=project_id,
        company_id=share.company_id,
        municipality_code=share.municipality_code,
        amount_won=amount_won,
        paid_on=paid_on,
        from_account=from_account,
        bank_reference=bank_reference,
        evidence_sha256=evidence_sha256,
        state=SelfPaymentState.RECORDED if hold_reason is None else SelfPaymentState.HELD,
        hold_reason=hold_reason,
        recorded_by=by.person,
        recorded_at=now,
        verified_by=None,
        verified_at=None,
        reviewed_by=None,
        reviewed_at=None,
        version=1,
    )
    await store.add(tx, payment)
    facts: dict[str, JsonValue] = {"amount_won": amount_won, "paid_on": paid_on.isoformat()}
    await _journal(tx, payment, "self-payment-recorded", facts, by=by, now=now)
    return payment.id


async def verify_payment(
    tx: Transaction, payment_id: UUID, payer: Payer, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Say whose money the bank's document shows."""
    payment = await store.get_locked(tx, payment_id)
    domain.check_version(payment, read_version)
    verified = domain.verify(payment, payer, by=by.person, now=now)
    await store.save(tx, verified)
    await _journal(tx, verified, "self-payment-verified", {"payer": payer.value}, by=by, now=now)


async def review_payment(
    tx: Transaction, payment_id: UUID, decision: Review, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Settle what is held, by another person than who verified it."""
    payment = await store.get_locked(tx, payment_id)
    domain.check_version(payment, read_version)
    reviewed = domain.review(payment, decision, by=by.person, now=now)
    await store.save(tx, reviewed)
    await _journal(tx, reviewed, "self-payment-reviewed", {"review": decision.value}, by=by, now=now)


async def _journal(
    tx: Transaction,
    payment: SelfPayment,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
) -> None:
    hold_reason = None if payment.hold_reason is None else payment.hold_reason.value
    await journal.record(
        tx,
        chain=f"project/{payment.project_id}",
        decision=decision,
        by=by,
        at=now,
        rule_version="F-04",
        facts={
            "self_payment_id": str(payment.id),
            "state": payment.state.value,
            "hold_reason": hold_reason,
            **facts,
        },
        evidence=(f"bank/sha256:{payment.evidence_sha256}",),
    )
