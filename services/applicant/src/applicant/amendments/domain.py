"""An amendment of an agreement in force: REQUESTED -> AGREED by all three parties -> APPROVED | REFUSED, or WITHDRAWN.

It is asked for within the window of the rules, counted by the Korean calendar from the day of its cause. What was
committed (the cost and every source's share), the firm, the plant's municipality and the type are not its to change.
What was signed first is edition 1; each approved amendment is the next edition, and none is ever rewritten.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.errors import InvalidInput, NotFound, NotPermitted, RuleRefused, StaleVersion, Text

FIRST_EDITION = 1
LONGEST_ROLL_DAYS = 30
"""No run of holidays moves a last day further."""
_MONTHS = 12


class AmendmentState(StrEnum):
    REQUESTED = "REQUESTED"
    AGREED = "AGREED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class Cause(StrEnum):
    """Why the agreement has to change; only a supplier that failed is replaced."""

    DESIGN_CHANGE = "DESIGN_CHANGE"
    PRICE_CHANGE = "PRICE_CHANGE"
    SUPPLIER_FAILURE = "SUPPLIER_FAILURE"
    DELAY = "DELAY"


class Verdict(StrEnum):
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


PARTIES = frozenset({"ADOPTER", "SUPPLIER", "OPERATOR"})
_OPEN = frozenset({AmendmentState.REQUESTED, AmendmentState.AGREED})


@dataclass(frozen=True, slots=True)
class AmendmentRules:
    """A version of the windows, in force from a day on."""

    version: str
    valid_from: date
    note: str
    days_after_cause: int
    months_before_end: int
    agreement_months: int
    extension_months_max: int
    window_source: str
    term_source: str


@dataclass(frozen=True, slots=True)
class AgreementTerms:
    """What an amendment may change of an agreement."""

    plan_sha256: str
    supplier_business_number: str
    supplier_contract_won: int
    ends_on: date


@dataclass(frozen=True, slots=True)
class Amended:
    """The agreement that is to change, and its terms in force with their edition."""

    project_id: UUID
    application_id: UUID
    company_id: UUID
    business_number: str
    call_id: UUID
    type_code: str
    municipality_code: str
    total_cost_won: int
    first_ends_on: date
    terms: AgreementTerms
    edition: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants changed; a term that is not named stays. The last three may not change."""

    plan_sha256: str | None
    supplier_business_number: str | None
    supplier_contract_won: int | None
    ends_on: date | None
    total_cost_won: int | None
    type_code: str | None
    municipality_code: str | None


@dataclass(frozen=True, slots=True)
class Why:
    """The cause with its day, the reason in the party's own words, and the hashes of its evidence."""

    cause: Cause
    cause_on: date
    reason: str
    evidence_sha256: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """One amendment; people are issuer and subject."""

    id: UUID
    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    municipality_code: str
    terms_before: AgreementTerms
    terms_after: AgreementTerms
    total_cost_won: int
    why: Why
    requested_by: str
    requested_party: str
    requested_at: datetime
    rule_version: str
    state: AmendmentState = AmendmentState.REQUESTED
    edition: int | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    version: int = 1


class AmendmentNotFound(NotFound):
    code = "amendment-not-found"
    title = Text("협약변경 건을 찾을 수 없습니다", "There is no such amendment")
    detail = Text("협약변경 번호를 확인해 주세요.", "Check the amendment's id.")


class AmendmentHasChanged(StaleVersion):
    code = "amendment-has-changed"
    title = Text("협약변경 건이 그 사이에 바뀌었습니다", "The amendment has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class AgreementNotInForce(RuleRefused):
    code = "agreement-not-in-force"
    title = Text("발효된 협약이 아닙니다", "The agreement is not in force")
    detail = Text(
        "협약의 상태가 {state}입니다. 발효된 협약만 변경할 수 있습니다. 저장된 것은 없습니다.",
        "The agreement is {state}. Only one in force is amended. Nothing was stored.",
    )


class AmendmentAlreadyOpen(RuleRefused):
    code = "amendment-already-open"
    title = Text("진행 중인 협약변경이 있습니다", "An amendment is open already")
    detail = Text(
        "먼저 신청한 변경이 결정되거나 취소된 뒤에 신청해 주세요. 저장된 것은 없습니다.",
        "Ask again when the one that is open is decided or withdrawn. Nothing was stored.",
    )


class AmendmentTooLate(RuleRefused):
    """[G2]: within so many days of the cause."""

    code = "amendment-too-late"
    title = Text("변경 신청 기한이 지났습니다", "The time to ask for this amendment is over")
    detail = Text(
        "사유 발생일({cause_on})부터 {days}일 안, 곧 {last_day}까지 신청해야 했습니다. 근거: {source}."
        " 저장된 것은 없습니다.",
        "Its cause is of {cause_on}, and within {days} days, until {last_day}, it had to be asked for. By: {source}."
        " Nothing was stored.",
    )


class AgreementEndsTooSoon(RuleRefused):
    """[G2]: at least so long before the agreement ends."""

    code = "agreement-ends-too-soon"
    title = Text("협약 종료가 너무 가깝습니다", "The agreement ends too soon")
    detail = Text(
        "협약은 {ends_on}에 끝나며, 변경은 {last_day}까지 신청해야 합니다. 근거: {source}. 저장된 것은 없습니다.",
        "The agreement ends on {ends_on}, and an amendment is asked for until {last_day}. By: {source}. Nothing was"
        " stored.",
    )


class CauseInTheFuture(InvalidInput):
    code = "amendment-cause-in-the-future"
    title = Text("아직 일어나지 않은 사유입니다", "The cause is in the future")
    detail = Text("{today}까지의 날짜를 적어 주세요.", "Give {today} or an earlier day. Nothing was stored.")


class TermNotAmendable(RuleRefused):
    """What was committed, selected or decided elsewhere is no party's to change."""

    code = "term-not-amendable"
    title = Text("협약변경으로 바꿀 수 없는 항목입니다", "An amendment may not change this")
    detail = Text(
        "{term}은(는) 바꿀 수 없습니다. 총사업비와 재원별 금액은 확정된 예산이고, 유형과 시·군은 선정의 근거입니다."
        " 저장된 것은 없습니다.",
        "{term} stays: cost and shares are what was committed, type and municipality what the selection rests on."
        " Nothing was stored.",
    )


class AmendmentChangesNothing(RuleRefused):
    code = "amendment-changes-nothing"
    title = Text("바뀌는 것이 없습니다", "Nothing would change")
    detail = Text("현재 협약과 다른 항목을 적어 주세요.", "Name a term that differs from the one in force.")


class AmendedContractAboveCost(RuleRefused):
    code = "amended-contract-above-cost"
    title = Text("공급계약 금액이 총사업비를 넘습니다", "The supplier's contract would be above the total cost")
    detail = Text(
        "공급계약 금액 {supplier_contract_won}원이 총사업비 {total_cost_won}원보다 큽니다. 저장된 것은 없습니다.",
        "{supplier_contract_won} won is above the total cost of {total_cost_won} won. Nothing was stored.",
    )


class SupplierStays(RuleRefused):
    code = "amendment-supplier-stays"
    title = Text("이 사유로는 공급기업을 바꿀 수 없습니다", "The supplier does not change for this cause")
    detail = Text(
        "공급기업은 기존 공급기업이 이행할 수 없을 때(SUPPLIER_FAILURE)만 바꿀 수 있고, 도입기업 자신일 수 없습니다.",
        "Only a supplier that cannot perform (SUPPLIER_FAILURE) is replaced, and never by the firm itself. Nothing was"
        " stored.",
    )


class EndOutOfRange(RuleRefused):
    code = "amendment-end-out-of-range"
    title = Text("협약 종료일이 허용 범위를 벗어났습니다", "The new end is out of range")
    detail = Text(
        "종료일은 {today}보다 뒤, {latest}까지여야 합니다. 근거: {source}. 저장된 것은 없습니다.",
        "It lies after {today} and not after {latest}. By: {source}. Nothing was stored.",
    )


class AmendmentNotOpen(RuleRefused):
    code = "amendment-not-open"
    title = Text("지금은 할 수 없는 단계입니다", "The amendment is not at this step")
    detail = Text("협약변경의 상태가 {state}입니다. 바뀐 것은 없습니다.", "It is {state}. Nothing was changed.")


class AlreadyConsented(RuleRefused):
    code = "amendment-already-consented"
    title = Text("이미 동의했습니다", "This party has agreed already")
    detail = Text("{party}의 동의가 있습니다.", "{party} has agreed. Nothing was changed.")


class PartyDecides(NotPermitted):
    code = "amendment-party-decides"
    title = Text("당사자는 결정할 수 없습니다", "A party does not decide")
    detail = Text(
        "신청하거나 동의한 사람이 아닌 결재자가 결정합니다. 바뀐 것은 없습니다.",
        "An approver who neither asked for it nor agreed to it decides. Nothing was changed.",
    )


class NotTheRequester(NotPermitted):
    code = "amendment-of-another-party"
    title = Text("신청한 당사자만 취소할 수 있습니다", "Only who asked for it takes it back")
    detail = Text("바뀐 것은 없습니다.", "Nothing was changed.")


def months_later(day: date, months: int) -> date:
    """The same day so many months later (or earlier), or the month's last day where it has no such day."""
    year, month = divmod(day.year * _MONTHS + day.month - 1 + months, _MONTHS)
    first_of_next = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
    last = (first_of_next - date.resolution).day
    return date(year, month + 1, min(day.day, last))


def check_cause(why: Why, *, today: date) -> None:
    """A cause has happened."""
    if why.cause_on > today:
        raise CauseInTheFuture(today=today.isoformat(), field="/cause_on")


def check_window(*, why: Why, ends_on: date, last_day_after_cause: date, rules: AmendmentRules, today: date) -> None:
    """Refuse what comes too late after its cause, or too close to the end; the last day of each still counts."""
    if today > last_day_after_cause:
        raise AmendmentTooLate(
            cause_on=why.cause_on.isoformat(),
            days=rules.days_after_cause,
            last_day=last_day_after_cause.isoformat(),
            source=rules.window_source,
        )
    last_day = months_later(ends_on, -rules.months_before_end)
    if today > last_day:
        raise AgreementEndsTooSoon(
            ends_on=ends_on.isoformat(), last_day=last_day.isoformat(), source=rules.window_source
        )


def amended_terms(agreement: Amended, wish: Wish, why: Why, rules: AmendmentRules, *, today: date) -> AgreementTerms:
    """The terms as they would be; raises the rule that keeps one of them as it is."""
    kept = {
        "total_cost_won": (wish.total_cost_won, agreement.total_cost_won),
        "type_code": (wish.type_code, agreement.type_code),
        "municipality_code": (wish.municipality_code, agreement.municipality_code),
    }
    for term, (wanted, agreed) in kept.items():
        if wanted is not None and wanted != agreed:
            raise TermNotAmendable(term=term)
    before = agreement.terms
    after = AgreementTerms(
        plan_sha256=wish.plan_sha256 or before.plan_sha256,
        supplier_business_number=wish.supplier_business_number or before.supplier_business_number,
        supplier_contract_won=wish.supplier_contract_won or before.supplier_contract_won,
        ends_on=wish.ends_on or before.ends_on,
    )
    if after == before:
        raise AmendmentChangesNothing
    if after.supplier_contract_won > agreement.total_cost_won:
        raise AmendedContractAboveCost(
            supplier_contract_won=after.supplier_contract_won, total_cost_won=agreement.total_cost_won
        )
    replaced = after.supplier_business_number != before.supplier_business_number
    if replaced and (
        why.cause is not Cause.SUPPLIER_FAILURE or after.supplier_business_number == agreement.business_number
    ):
        raise SupplierStays
    latest = months_later(agreement.first_ends_on, rules.extension_months_max)
    if after.ends_on != before.ends_on and not today < after.ends_on <= latest:
        raise EndOutOfRange(today=today.isoformat(), latest=latest.isoformat(), source=rules.term_source)
    return after


def consent(amendment: Amendment, *, party: str, given: Collection[str], read_version: int) -> Amendment:
    """One party agrees to what is asked for; with the third it goes to the province."""
    _check_version(amendment, read_version)
    if amendment.state is not AmendmentState.REQUESTED:
        raise AmendmentNotOpen(state=amendment.state)
    if party in given:
        raise AlreadyConsented(party=party)
    all_agree = {party, *given} == PARTIES
    return replace(amendment, state=AmendmentState.AGREED if all_agree else AmendmentState.REQUESTED)


def decide(
    amendment: Amendment,
    verdict: Verdict,
    *,
    reason: str,
    edition: int,
    parties: Collection[str],
    read_version: int,
    by: str,
    now: datetime,
) -> Amendment:
    """The province says yes, which makes the next edition, or no; by nobody who asked or agreed."""
    _check_version(amendment, read_version)
    if amendment.state is not AmendmentState.AGREED:
        raise AmendmentNotOpen(state=amendment.state)
    if by == amendment.requested_by or by in parties:
        raise PartyDecides
    return replace(
        amendment,
        state=AmendmentState(verdict.value),
        edition=edition if verdict is Verdict.APPROVED else None,
        decided_by=by,
        decided_at=now,
        decision_reason=reason,
    )


def withdraw(amendment: Amendment, *, reason: str, party: str, read_version: int, by: str, now: datetime) -> Amendment:
    """The party that asked for it takes it back, until it is decided."""
    _check_version(amendment, read_version)
    if amendment.state not in _OPEN:
        raise AmendmentNotOpen(state=amendment.state)
    if party != amendment.requested_party:
        raise NotTheRequester
    return replace(amendment, state=AmendmentState.WITHDRAWN, decided_by=by, decided_at=now, decision_reason=reason)


def _check_version(amendment: Amendment, read_version: int) -> None:
    if amendment.version != read_version:
        raise AmendmentHasChanged(current_version=amendment.version)
