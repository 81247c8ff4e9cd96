"""One source's claim: ORDERED -> PAID (the firm says so) -> CONFIRMED by that source's own treasury, or RELIEVED.

What the treasury does not find goes back to ORDERED. Nothing is closed by who pays: recovered money that lies in
somebody else's account is the fault that audits found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text
from contracts.types import Source, Won

_WHOLE_BP = 10_000


class Origin(StrEnum):
    """What ordered it."""

    SETTLEMENT = "SETTLEMENT"
    RECOVERY = "RECOVERY"


class RepaymentState(StrEnum):
    """How far it has come."""

    ORDERED = "ORDERED"
    PAID = "PAID"
    CONFIRMED = "CONFIRMED"
    RELIEVED = "RELIEVED"


class RepaymentUnknown(NotFound):
    """No such repayment, or another tenant's."""

    code = "repayment-unknown"
    title = Text("반납 건을 찾을 수 없습니다", "No such repayment")
    detail = Text("반납 번호를 확인해 주세요.", "Check the repayment's id.")


class RepaymentHasChanged(StaleVersion):
    """Somebody acted on it after the caller had read it."""

    code = "repayment-has-changed"
    title = Text("반납 건이 그 사이에 바뀌었습니다", "The repayment has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class RepaymentDecided(RuleRefused):
    """Each step is taken once, in its turn."""

    code = "repayment-decided"
    title = Text("지금 할 수 없는 처리입니다", "It is not at this step")
    detail = Text(
        "반납 건의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The repayment is {state}. Nothing was changed."
    )


class RepaymentOwnPayment(RuleRefused):
    """Who said that it was paid does not also confirm it."""

    code = "repayment-own-payment"
    title = Text("본인이 등록한 반납입니다", "You recorded this payment yourself")
    detail = Text(
        "다른 사람이 확인해야 합니다. 바뀐 것은 없습니다.", "Another person confirms it. Nothing was changed."
    )


class RepaymentNotYours(NotPermitted):
    """Each treasury confirms what came to it."""

    code = "repayment-not-yours"
    title = Text("다른 기관의 금고로 반납되는 건입니다", "It goes to another body's treasury")
    detail = Text(
        "{source} 재원의 반납은 그 재원을 맡은 기관만 확인합니다. 바뀐 것은 없습니다.",
        "Only who answers for {source} confirms it. Nothing was changed.",
    )


class RepaymentInFuture(InvalidInput):
    """A payment is recorded after it was made."""

    code = "repayment-in-future"
    title = Text("납부일이 미래입니다", "The payment is in the future")
    detail = Text(
        "납부일은 오늘까지여야 합니다. 저장된 것은 없습니다.", "It must be today or before. Nothing was stored."
    )


class RepaymentReferenceTaken(RuleRefused):
    """One transfer of the bank pays one claim."""

    code = "repayment-reference-taken"
    title = Text("이미 등록된 은행 거래입니다", "This bank transfer is recorded already")
    detail = Text(
        "은행 거래번호가 다른 반납에 등록되어 있습니다. 저장된 것은 없습니다.",
        "The bank's reference stands at another repayment. Nothing was stored.",
    )


@dataclass(frozen=True, slots=True)
class LateCut:
    """From so many months late on, the next subsidy may be cut by up to so much (rule F-10)."""

    from_months: int
    up_to_bp: int


@dataclass(frozen=True, slots=True)
class LateCharge:
    """More than so many days after the due day, so much of the surcharge is added."""

    over_days: int
    charge_bp: int


@dataclass(frozen=True, slots=True)
class GroundRule:
    """What may be decided on one ground at most."""

    ground: str
    surcharge_max_bp: int
    debar_max_months: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingRules:
    """A version of what law and authority say about settlements and clawbacks, each value with its source."""

    version: str
    valid_from: date
    note: str
    report_months: int
    report_source: str
    late_cuts: tuple[LateCut, ...]
    late_cuts_source: str
    refund_days: int
    refund_source: str
    opinion_days: int
    opinion_source: str
    payment_days: int
    payment_source: str
    objection_days: int
    objection_source: str
    surcharge_free_won: int
    surcharge_free_source: str
    late_charges: tuple[LateCharge, ...]
    late_charges_source: str
    grounds: tuple[GroundRule, ...]

    def late_cut_bp(self, months: int) -> int:
        """How much of the next subsidy a report that is so many months late may cost at most (rule F-10)."""
        return max((each.up_to_bp for each in self.late_cuts if months >= each.from_months), default=0)

    def late_charge_won(self, surcharge_won: int, due_on: date, paid_on: date) -> Won:
        """What is added to a surcharge that was paid late."""
        days = (paid_on - due_on).days
        rate_bp = max((each.charge_bp for each in self.late_charges if days > each.over_days), default=0)
        return Won(surcharge_won * rate_bp // _WHOLE_BP)

    def ground(self, ground: str) -> GroundRule:
        """The limits of one ground."""
        return {each.ground: each for each in self.grounds}[ground]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one source asks back: a part of what it paid, what that earned, and a surcharge."""

    source: Source
    principal_won: Won
    interest_won: Won
    surcharge_won: Won

    @property
    def total_won(self) -> Won:
        """All of it."""
        return Won(self.principal_won + self.interest_won + self.surcharge_won)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repayment:
    """One claim on its way to its treasury."""

    id: UUID
    origin: Origin
    origin_id: UUID
    project_id: UUID
    source: Source
    company_id: UUID
    municipality_code: str
    budget_line_id: UUID
    principal_won: Won
    interest_won: Won
    surcharge_won: Won
    late_won: Won
    rule_version: str
    due_on: date
    state: RepaymentState
    order_id: UUID
    ordered_by: str
    ordered_at: datetime
    paid_on: date | None = None
    bank_reference: str | None = None
    evidence_sha256: str | None = None
    paid_by: str | None = None
    paid_at: datetime | None = None
    receipt_reference: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    resolution_id: UUID | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Payment:
    """What the firm says of its transfer."""

    paid_on: date
    bank_reference: str
    evidence_sha256: str


def share_out(total_won: int, weights: Mapping[Source, int]) -> dict[Source, Won]:
    """Divide an amount by weights to the won: largest remainders first, ties in the order of the weights."""
    whole = sum(weights.values())
    if not whole:
        return {source: Won(0) for source in weights}
    shares = {source: total_won * weight // whole for source, weight in weights.items()}
    left = total_won - sum(shares.values())
    by_remainder = sorted(weights, key=lambda source: -(total_won * weights[source] % whole))
    for source in by_remainder[:left]:
        shares[source] += 1
    return {source: Won(amount_won) for source, amount_won in shares.items()}


def months_late(due_on: date, on: date) -> int:
    """Whole months that have passed since a due day."""
    months = (on.year - due_on.year) * 12 + on.month - due_on.month
    return max(0, months - (on.day < due_on.day))


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it has no such day."""
    year, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + year, month + 1, 1)
    next_first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), next_first - timedelta(days=1))


def check_version(repayment: Repayment, read_version: int) -> None:
    """Refuse to act on a version that is no longer the current one."""
    if repayment.version != read_version:
        raise RepaymentHasChanged(current_version=repayment.version)


def pay(repayment: Repayment, payment: Payment, *, late_won: Won, by: str, now: datetime, today: date) -> Repayment:
    """The firm has paid, and what its surcharge costs more for being late is known."""
    if repayment.state is not RepaymentState.ORDERED:
        raise RepaymentDecided(state=repayment.state)
    if payment.paid_on > today:
        raise RepaymentInFuture(field="/paid_on")
    return replace(
        repayment,
        state=RepaymentState.PAID,
        late_won=late_won,
        paid_on=payment.paid_on,
        bank_reference=payment.bank_reference,
        evidence_sha256=payment.evidence_sha256,
        paid_by=by,
        paid_at=now,
    )


def check_may_end(repayment: Repayment, by: str) -> None:
    """Only what is paid is confirmed or denied, and not by who said that it was paid."""
    if repayment.state is not RepaymentState.PAID:
        raise RepaymentDecided(state=repayment.state)
    if repayment.paid_by == by:
        raise RepaymentOwnPayment


def deny(repayment: Repayment, *, by: str) -> Repayment:
    """The treasury does not find the payment: it is due again."""
    check_may_end(repayment, by)
    return replace(
        repayment,
        state=RepaymentState.ORDERED,
        late_won=Won(0),
        paid_on=None,
        bank_reference=None,
        evidence_sha256=None,
        paid_by=None,
        paid_at=None,
    )


def confirm(repayment: Repayment, receipt_reference: str, resolution_id: UUID, *, by: str, now: datetime) -> Repayment:
    """The treasury has it."""
    check_may_end(repayment, by)
    return replace(
        repayment,
        state=RepaymentState.CONFIRMED,
        receipt_reference=receipt_reference,
        ended_by=by,
        ended_at=now,
        resolution_id=resolution_id,
    )


def relieve(repayment: Repayment, resolution_id: UUID, *, by: str, now: datetime) -> Repayment:
    """An objection was upheld: nothing is owed."""
    if repayment.state not in {RepaymentState.ORDERED, RepaymentState.PAID}:
        raise RepaymentDecided(state=repayment.state)
    return replace(
        repayment,
        state=RepaymentState.RELIEVED,
        late_won=Won(0),
        ended_by=by,
        ended_at=now,
        resolution_id=resolution_id,
    )


def all_ended(repayments: Sequence[Repayment]) -> bool:
    """Whether every treasury has its own."""
    return all(each.state is RepaymentState.CONFIRMED for each in repayments)
