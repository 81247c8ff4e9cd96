"""Whether the firm paid its own share itself (rule F-04): a payment by somebody else is held until it is reviewed.

RECORDED -> VERIFIED | HELD, HELD -> VERIFIED | REJECTED by another person than the one who looked first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, RuleRefused, StaleVersion, Text
from contracts.types import Won


class SelfPaymentState(StrEnum):
    """What is known of a payment; only what is VERIFIED counts."""

    RECORDED = "RECORDED"
    VERIFIED = "VERIFIED"
    HELD = "HELD"
    REJECTED = "REJECTED"


class Payer(StrEnum):
    """Whose money it was, as the bank's own document says."""

    ADOPTER = "ADOPTER"
    SUPPLIER = "SUPPLIER"
    OTHER = "OTHER"


class HoldReason(StrEnum):
    """Why a payment does not count as the firm's own."""

    NOT_FROM_OWN_ACCOUNT = "NOT_FROM_OWN_ACCOUNT"
    PAID_BY_SUPPLIER = "PAID_BY_SUPPLIER"
    PAID_BY_ANOTHER = "PAID_BY_ANOTHER"


class Review(StrEnum):
    """What a second person decides about a held payment."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"


_HELD_FOR = {Payer.SUPPLIER: HoldReason.PAID_BY_SUPPLIER, Payer.OTHER: HoldReason.PAID_BY_ANOTHER}


class SelfPaymentUnknown(NotFound):
    """No such payment, or another tenant's."""

    code = "self-payment-unknown"
    title = Text("자부담 납부 내역을 찾을 수 없습니다", "No such self-payment")
    detail = Text("납부 내역 번호를 확인해 주세요.", "Check the payment's id.")


class SelfPaymentHasChanged(StaleVersion):
    """Somebody decided about it after the caller had read it."""

    code = "self-payment-has-changed"
    title = Text("자부담 납부 내역이 그 사이에 바뀌었습니다", "The self-payment has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class SelfPaymentExists(RuleRefused):
    """One transfer of the bank proves one payment, once."""

    code = "self-payment-exists"
    title = Text("이미 등록된 은행 거래입니다", "This bank transfer is recorded already")
    detail = Text(
        "은행 거래번호가 이미 등록되어 있습니다. 저장된 것은 없습니다.",
        "The bank's reference is recorded already. Nothing was stored.",
    )


class SelfPayAccountMissing(RuleRefused):
    """The firm names its self-pay account by covering its share; before, there is nothing to compare with."""

    code = "self-pay-account-missing"
    title = Text("자부담 계좌가 등록되지 않았습니다", "The self-pay account is not registered")
    detail = Text(
        "협약의 자부담 재원을 먼저 확정해 주세요. 저장된 것은 없습니다.",
        "Cover the agreement's self-pay share first. Nothing was stored.",
    )


class SelfPaymentInFuture(InvalidInput):
    """A payment is proven after it was made."""

    code = "self-payment-in-future"
    title = Text("납부일이 미래입니다", "The payment is in the future")
    detail = Text(
        "납부일은 오늘까지여야 합니다. 저장된 것은 없습니다.", "It must be today or before. Nothing was stored."
    )


class SelfPaymentDecided(RuleRefused):
    """Each step is decided once."""

    code = "self-payment-decided"
    title = Text("이미 판단한 납부 내역입니다", "This was decided already")
    detail = Text(
        "납부 내역의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The payment is {state}. Nothing was changed."
    )


class SelfPaymentOwnReview(RuleRefused):
    """Who recorded it cannot verify it, and who looked first cannot also review."""

    code = "self-payment-own-review"
    title = Text("본인이 등록했거나 확인한 건은 판단할 수 없습니다", "You recorded or verified it yourself")
    detail = Text(
        "다른 담당자가 검토해야 합니다. 바뀐 것은 없습니다.", "Another person must decide. Nothing was changed."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPayment:
    """One payment of the firm's share, with the bank's document by its hash."""

    id: UUID
    project_id: UUID
    company_id: UUID
    municipality_code: str
    amount_won: Won
    paid_on: date
    from_account: str
    bank_reference: str
    evidence_sha256: str
    state: SelfPaymentState
    hold_reason: HoldReason | None
    recorded_by: str
    recorded_at: datetime
    verified_by: str | None
    verified_at: datetime | None
    reviewed_by: str | None
    reviewed_at: datetime | None
    version: int


def compare_account(from_account: str, own_account: str | None) -> HoldReason | None:
    """A payment from another account than the registered one is held, whoever sent it."""
    if own_account is None:
        raise SelfPayAccountMissing
    return None if from_account.strip() == own_account.strip() else HoldReason.NOT_FROM_OWN_ACCOUNT


def check_version(payment: SelfPayment, read_version: int) -> None:
    """Refuse a decision on a version that is no longer the current one."""
    if payment.version != read_version:
        raise SelfPaymentHasChanged(current_version=payment.version)


def verify(payment: SelfPayment, payer: Payer, *, by: str, now: datetime) -> SelfPayment:
    """The operator says whose money the bank's document shows; anybody's but the firm's is held."""
    if payment.verified_at is not None or payment.state not in {SelfPaymentState.RECORDED, SelfPaymentState.HELD}:
        raise SelfPaymentDecided(state=payment.state)
    if payment.recorded_by == by:
        raise SelfPaymentOwnReview
    hold_reason = _HELD_FOR.get(payer, payment.hold_reason)
    state = SelfPaymentState.VERIFIED if hold_reason is None else SelfPaymentState.HELD
    return replace(payment, state=state, hold_reason=hold_reason, verified_by=by, verified_at=now)


def review(payment: SelfPayment, decision: Review, *, by: str, now: datetime) -> SelfPayment:
    """A second person settles what is held; the reason why it was held stays."""
    if payment.state is not SelfPaymentState.HELD or payment.verified_at is None:
        raise SelfPaymentDecided(state=payment.state)
    if by in {payment.recorded_by, payment.verified_by}:
        raise SelfPaymentOwnReview
    state = SelfPaymentState.VERIFIED if decision is Review.ACCEPT else SelfPaymentState.REJECTED
    return replace(payment, state=state, reviewed_by=by, reviewed_at=now)


def proven_won(amounts: Iterable[tuple[SelfPaymentState, int]]) -> int:
    """What counts: verified payments only."""
    return sum(amount_won for state, amount_won in amounts if state is SelfPaymentState.VERIFIED)
