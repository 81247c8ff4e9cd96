"""The agreement (협약): who signs it in which turn and until when, and what puts it in force (domain.md 2.2 F).

DRAFT -> ISSUED -> SIGNED_BY_ADOPTER -> SIGNED_BY_SUPPLIER -> SIGNED_BY_OPERATOR -> EFFECTIVE, or LAPSED when adopter or
supplier did not sign in time, or WITHDRAWN with its project. What the adopter signs, the later parties sign unchanged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from common.errors import NotFound, RuleRefused, StaleVersion, Text
from contracts.types import Source


class Party(StrEnum):
    """Who signs."""

    ADOPTER = "ADOPTER"
    SUPPLIER = "SUPPLIER"
    OPERATOR = "OPERATOR"


class AgreementState(StrEnum):
    """How far an agreement has come."""

    DRAFT = "DRAFT"
    ISSUED = "ISSUED"
    SIGNED_BY_ADOPTER = "SIGNED_BY_ADOPTER"
    SIGNED_BY_SUPPLIER = "SIGNED_BY_SUPPLIER"
    SIGNED_BY_OPERATOR = "SIGNED_BY_OPERATOR"
    EFFECTIVE = "EFFECTIVE"
    LAPSED = "LAPSED"
    WITHDRAWN = "WITHDRAWN"


_TURNS = {
    Party.ADOPTER: (AgreementState.ISSUED, AgreementState.SIGNED_BY_ADOPTER),
    Party.SUPPLIER: (AgreementState.SIGNED_BY_ADOPTER, AgreementState.SIGNED_BY_SUPPLIER),
    Party.OPERATOR: (AgreementState.SIGNED_BY_SUPPLIER, AgreementState.SIGNED_BY_OPERATOR),
}
_WAITS_FOR_FIRM_OR_SUPPLIER = frozenset({AgreementState.ISSUED, AgreementState.SIGNED_BY_ADOPTER})
_OVER = frozenset({AgreementState.LAPSED, AgreementState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class AgreedShare:
    """What one source pays by this agreement."""

    source: Source
    amount_won: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What a party puts its signature under: the final plan, by its hash, and the supplier's price."""

    plan_sha256: str
    supplier_contract_won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One agreement per project; `terms` are frozen by the adopter's signature."""

    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    commitment_id: UUID
    total_cost_won: int
    shares: tuple[AgreedShare, ...]
    supplier_business_number: str
    terms: Terms | None
    state: AgreementState
    drafted_at: datetime
    effective_at: datetime | None
    version: int


class AgreementNotFound(NotFound):
    """No such agreement, or another tenant's."""

    code = "agreement-not-found"
    title = Text("협약을 찾을 수 없습니다", "There is no such agreement")
    detail = Text(
        "과제 번호를 확인해 주세요. 협약은 재원이 확정된 과제에만 있습니다.",
        "Check the project's id. Only a project whose money is committed has an agreement.",
    )


class AgreementHasChanged(StaleVersion):
    """Somebody changed the agreement after the caller had read it."""

    code = "agreement-has-changed"
    title = Text("협약이 그 사이에 바뀌었습니다", "The agreement has changed meanwhile")
    detail = Text(
        "현재 판은 {current_version}입니다. 바뀐 것은 없습니다. 다시 읽고 결정해 주세요.",
        "The current version is {current_version}. Nothing was changed. Read it again and decide.",
    )


class AgreementAlreadyIssued(RuleRefused):
    """It is issued once; the deadline counts from then."""

    code = "agreement-already-issued"
    title = Text("이미 교부된 협약입니다", "The agreement has been issued already")
    detail = Text("협약의 상태가 {state}입니다. 바뀐 것은 없습니다.", "The agreement is {state}. Nothing was changed.")


class StandingNotNeeded(RuleRefused):
    """A firm is asked about for its agreement from the issue until the programme has signed, and not otherwise."""

    code = "standing-not-needed"
    title = Text("재확인이 필요한 단계가 아닙니다", "The firm's standing is not asked for now")
    detail = Text(
        "협약의 상태가 {state}입니다. 교부된 뒤 운영기관이 서명하기 전까지만 조회합니다. 조회하지 않았습니다.",
        "The agreement is {state}; it is asked for once issued and not signed by the operator. Nothing was asked.",
    )


class NotYourTurnToSign(RuleRefused):
    """Adopter, supplier, operator: each signs once, in this order."""

    code = "not-your-turn-to-sign"
    title = Text("지금 서명할 차례가 아닙니다", "It is not your turn to sign")
    detail = Text(
        "협약의 상태가 {state}이므로 {party}이(가) 서명할 수 없습니다. 서명은 도입기업, 공급기업, 운영기관 순서입니다.",
        "The agreement is {state}, so {party} cannot sign it. Adopter, supplier and operator sign in this order.",
    )


class SigningDeadlinePassed(RuleRefused):
    """The time to sign is over; the place is given back."""

    code = "signing-deadline-passed"
    title = Text("서명 기한이 지났습니다", "The time to sign is over")
    detail = Text(
        "서명 기한은 {due_at}이었습니다. 서명은 기록되지 않았고, 선정은 포기한 것으로 처리됩니다.",
        "It had to be signed before {due_at}. No signature was recorded, and the place counts as given back.",
    )


class SupplierContractAboveCost(RuleRefused):
    """What the supplier is paid is part of the total cost."""

    code = "supplier-contract-above-cost"
    title = Text("공급계약 금액이 총사업비를 넘습니다", "The supplier's contract is above the total cost")
    detail = Text(
        "공급계약 금액 {supplier_contract_won}원이 총사업비 {total_cost_won}원보다 큽니다. 서명은 기록되지 않았습니다.",
        "The contract of {supplier_contract_won} won is above the total cost of {total_cost_won} won. No signature was"
        " recorded.",
    )


class AgreementTermsDiffer(RuleRefused):
    """A later party must sign exactly what the adopter signed."""

    code = "agreement-terms-differ"
    title = Text("도입기업이 서명한 내용과 다릅니다", "These are not the terms that the adopter signed")
    detail = Text(
        "사업계획서 해시나 공급계약 금액이 도입기업이 서명한 것과 다릅니다. 협약을 다시 읽어 주세요."
        " 서명은 기록되지 않았습니다.",
        "The plan's hash or the contract's amount differs from what the adopter signed. Read the agreement again. No"
        " signature was recorded.",
    )


class AgreementInForce(RuleRefused):
    """A project under an agreement in force is ended by termination, not given back."""

    code = "agreement-in-force"
    title = Text("발효된 협약이 있는 과제입니다", "The project's agreement is in force")
    detail = Text(
        "협약이 발효되어 선정을 포기할 수 없습니다. 협약 해지 절차를 이용해 주세요. 바뀐 것은 없습니다.",
        "The agreement is in force, so the place cannot be given back; it takes a termination. Nothing was changed.",
    )


class SharesDoNotSum(RuleRefused):
    """Funding told of shares that are not the total cost: a person must look at it, so the event is parked."""

    code = "agreed-shares-do-not-sum"
    title = Text("재원별 금액의 합이 총사업비와 다릅니다", "The shares are not the total cost")
    detail = Text(
        "과제 {project_id}의 재원별 합계는 {sum_won}원, 총사업비는 {total_cost_won}원입니다.",
        "Project {project_id}: the shares sum to {sum_won} won, the total cost is {total_cost_won} won.",
    )


class CoverageBeforeSignatures(RuleRefused):
    """Funding told of coverage for what the parties have not signed: the event is parked."""

    code = "coverage-before-signatures"
    title = Text("서명이 끝나지 않은 협약입니다", "The agreement is not signed by all")
    detail = Text(
        "과제 {project_id}의 협약 상태가 {state}인데 재원 확보 통보가 왔습니다.",
        "Project {project_id}: the agreement is {state}, and yet funding told that it is covered.",
    )


def check_shares(project_id: UUID, shares: Sequence[AgreedShare], *, total_cost_won: int) -> None:
    """The shares of an agreement are its total cost, to the won (rule F-01)."""
    sum_won = sum(share.amount_won for share in shares)
    if sum_won != total_cost_won:
        raise SharesDoNotSum(project_id=project_id, sum_won=sum_won, total_cost_won=total_cost_won)


def check_version(agreement: Agreement, read_version: int) -> None:
    """Refuse a decision on a version that is no longer the current one."""
    if agreement.version != read_version:
        raise AgreementHasChanged(current_version=agreement.version)


def check_standing_needed(agreement: Agreement) -> None:
    """The tax office is asked about a firm only while its agreement waits for signatures."""
    if agreement.state not in {*_WAITS_FOR_FIRM_OR_SUPPLIER, AgreementState.SIGNED_BY_SUPPLIER}:
        raise StandingNotNeeded(state=agreement.state)


def issue(agreement: Agreement) -> Agreement:
    """The operator sends the draft to the parties: from here they have until the deadline."""
    if agreement.state is not AgreementState.DRAFT:
        raise AgreementAlreadyIssued(state=agreement.state)
    return replace(agreement, state=AgreementState.ISSUED)


def check_turn(agreement: Agreement, *, party: Party, due_at: datetime | None, now: datetime) -> None:
    """It is this party's turn, and in time; the operator is not bound by the deadline of the other two."""
    if due_at is None or agreement.state is not _TURNS[party][0]:
        raise NotYourTurnToSign(state=agreement.state, party=party)
    if party is not Party.OPERATOR and now >= due_at:
        raise SigningDeadlinePassed(due_at=due_at.isoformat())


def sign(agreement: Agreement, *, party: Party, terms: Terms, due_at: datetime | None, now: datetime) -> Agreement:
    """One party signs in its turn, the later ones what the first one signed."""
    check_turn(agreement, party=party, due_at=due_at, now=now)
    if terms.supplier_contract_won > agreement.total_cost_won:
        raise SupplierContractAboveCost(
            supplier_contract_won=terms.supplier_contract_won, total_cost_won=agreement.total_cost_won
        )
    if party is not Party.ADOPTER and terms != agreement.terms:
        raise AgreementTermsDiffer
    return replace(agreement, state=_TURNS[party][1], terms=terms)


def cover(agreement: Agreement, *, now: datetime) -> Agreement:
    """Every source has covered its share. What has ended meanwhile stays ended: funding hears of that as well."""
    if agreement.state is AgreementState.SIGNED_BY_OPERATOR:
        return replace(agreement, state=AgreementState.EFFECTIVE, effective_at=now)
    if agreement.state is AgreementState.EFFECTIVE or agreement.state in _OVER:
        return agreement
    raise CoverageBeforeSignatures(project_id=agreement.project_id, state=agreement.state)


def lapse(agreement: Agreement, *, due_at: datetime, now: datetime) -> Agreement:
    """Adopter or supplier did not sign in time; nothing changes before the deadline or after both have signed."""
    if now < due_at or agreement.state not in _WAITS_FOR_FIRM_OR_SUPPLIER:
        return agreement
    return replace(agreement, state=AgreementState.LAPSED)


def withdraw(agreement: Agreement) -> Agreement:
    """The firm gives its place back, which it cannot do once the agreement is in force."""
    if agreement.state is AgreementState.EFFECTIVE:
        raise AgreementInForce
    return agreement if agreement.state in _OVER else replace(agreement, state=AgreementState.WITHDRAWN)
