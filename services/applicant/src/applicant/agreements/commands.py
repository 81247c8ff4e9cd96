"""What becomes of an agreement: drafted on commitment, issued, signed, covered; or lapsed, or given back.

Whoever also takes the application or the project takes them first; the agreement's own lock comes last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from applicant.agreements import domain, store
from applicant.agreements.domain import (
    AgreedShare,
    Agreement,
    AgreementInForce,
    AgreementState,
    Party,
    Terms,
)
from applicant.applications.queries import get_application
from applicant.companies import queries as companies
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import Deadline, DeadlineKind, DeadlineState, Subject
from applicant.notices import commands as notices
from applicant.notices.commands import NoticeKind, Recipient, Wanted
from applicant.standings import commands as standings
from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.errors import DomainError
from common.journal import JsonValue
from contracts.applicant import AgreementEffective, AgreementLapsed, AgreementSigned
from contracts.roles import Role
from contracts.types import Source

__all__ = [
    "AgreementInForce",
    "CommittedProject",
    "Terms",
    "against_asking_standing",
    "against_issuing",
    "against_signing",
    "ask_standing",
    "check_may_withdraw",
    "cover_agreement",
    "draft_agreement",
    "issue_agreement",
    "lapse_agreement",
    "sign_agreement",
    "signers_outside",
    "withdraw_agreement",
]

_OWN_DEADLINES = (
    DeadlineKind.AGREEMENT_ISSUE,
    DeadlineKind.AGREEMENT_SIGNATURES,
    DeadlineKind.AGREEMENT_OPERATOR_SIGNATURE,
    DeadlineKind.AGREEMENT_COVERAGE,
)
_PARTY_OF = {
    Role.COMPANY_OWNER: Party.ADOPTER,
    Role.SUPPLIER: Party.SUPPLIER,
    Role.TECHNOPARK_OPERATOR: Party.OPERATOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedProject:
    """A project whose money stands, as an agreement needs it."""

    project_id: UUID
    application_id: UUID
    company_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str
    commitment_id: UUID
    total_cost_won: int
    shares: Sequence[tuple[str, int]]


class _EventFacts(TypedDict):
    project_id: UUID
    application_id: UUID
    call_id: UUID
    type_code: str
    municipality_code: str


async def draft_agreement(tx: Transaction, project: CommittedProject, *, now: datetime) -> None:
    """Draft the agreement from the committed split and the plan's supplier; the project is held by the caller."""
    shares = tuple(AgreedShare(Source(source), amount_won) for source, amount_won in project.shares)
    domain.check_shares(project.project_id, shares, total_cost_won=project.total_cost_won)
    application = await get_application(tx, project.application_id)
    draft = Agreement(
        project_id=project.project_id,
        application_id=project.application_id,
        company_id=project.company_id,
        call_id=project.call_id,
        type_code=project.type_code,
        municipality_code=project.municipality_code,
        commitment_id=project.commitment_id,
        total_cost_won=project.total_cost_won,
        shares=shares,
        supplier_business_number=application.plan.supplier_business_number,
        terms=None,
        state=AgreementState.DRAFT,
        drafted_at=now,
        effective_at=None,
        version=1,
    )
    if await store.add(tx, draft):
        await deadlines.open_deadline(tx, DeadlineKind.AGREEMENT_ISSUE, _subject_of(draft), now=now)


async def issue_agreement(
    tx: Transaction, project_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Send the draft to the parties, which starts the time to sign."""
    agreement = await store.get(tx, project_id, lock=True)
    domain.check_version(agreement, read_version)
    issued = await store.save(tx, domain.issue(agreement))
    await deadlines.settle_deadline(tx, project_id, DeadlineKind.AGREEMENT_ISSUE, DeadlineState.MET, at=now)
    deadline = await deadlines.open_deadline(tx, DeadlineKind.AGREEMENT_SIGNATURES, _subject_of(issued), now=now)
    facts: dict[str, JsonValue] = {
        "total_cost_won": issued.total_cost_won,
        "shares": {share.source.value: share.amount_won for share in issued.shares},
        "due_at": deadline.due_at.isoformat(),
        "deadline_rule": deadline.rule,
    }
    evidence = (f"commitment/{issued.commitment_id}",)
    version = deadline.rule_version
    await _journal(tx, issued, "agreement-issued", facts, version, by=by, now=now, evidence=evidence)
    told = Wanted(
        reason=f"agreement/{project_id}/issued",
        kind=NoticeKind.AGREEMENT_ISSUED,
        recipient=Recipient.COMPANY,
        company_id=issued.company_id,
        application_id=issued.application_id,
        project_id=project_id,
        facts={"last_day": deadlines.last_day_of(deadline).isoformat()},
    )
    await notices.queue(tx, [told], now=now)


async def sign_agreement(
    tx: Transaction, project_id: UUID, *, read_version: int, terms: Terms, by: Principal, now: datetime
) -> None:
    """Sign in one's turn; with the third signature funding is told, so that every source covers its share.

    With the second one the tax office is asked again, and the operator signs with no firm in arrears (rule R-06).
    """
    party = _PARTY_OF[Role(by.role)]
    agreement = await store.get(tx, project_id, lock=True)
    _check_own(agreement, party, by)
    domain.check_version(agreement, read_version)
    deadline = await deadlines.find_deadline(tx, project_id, DeadlineKind.AGREEMENT_SIGNATURES)
    due_at = deadline.due_at if deadline else None
    next_one = domain.sign(agreement, party=party, terms=terms, due_at=due_at, now=now)
    known = await standings.check_agreement(tx, project_id, now=now) if party is Party.OPERATOR else None
    signed = await store.save(tx, next_one)
    await store.add_signature(tx, project_id, party, signed_by=by.person, at=now)
    await _pass_on(tx, signed, party, now=now)
    if party is Party.SUPPLIER:
        await standings.ask_before_agreement(
            tx, project_id, signed.company_id, signed.municipality_code, by=by, now=now
        )
    if party is Party.OPERATOR:
        await outbox.record(
            tx,
            AgreementSigned(
                **_event_facts(signed),
                company_id=signed.company_id,
                commitment_id=signed.commitment_id,
                total_cost_won=signed.total_cost_won,
                supplier_contract_won=terms.supplier_contract_won,
            ),
            at=now,
        )
    facts: dict[str, JsonValue] = {"party": party.value, "supplier_contract_won": terms.supplier_contract_won}
    evidence = [f"plan/sha256:{terms.plan_sha256}"]
    if known is not None:
        facts["standing_id"] = str(known.standing_id)
        evidence.append(f"register/TAX_OFFICE/sha256:{known.answer_sha256}")
    await _journal(tx, signed, "agreement-signed", facts, _rule_version(deadline), by=by, now=now, evidence=evidence)


async def ask_standing(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> None:
    """Ask the tax office about the firm anew, for the operator's signature."""
    agreement = await store.get(tx, project_id)
    domain.check_standing_needed(agreement)
    await standings.ask_before_agreement(
        tx, project_id, agreement.company_id, agreement.municipality_code, by=by, now=now
    )
    await _journal(tx, agreement, "standing-asked", {}, None, by=by, now=now)


async def cover_agreement(
    tx: Transaction, project_id: UUID, *, evidence: str, by: Principal, now: datetime
) -> Agreement | None:
    """Put the agreement in force, now that every source has covered its share; returns it if this did so."""
    agreement = await store.get(tx, project_id, lock=True)
    covered = domain.cover(agreement, now=now)
    if covered is agreement:
        return None
    saved = await store.save(tx, covered)
    await deadlines.settle_deadline(tx, project_id, DeadlineKind.AGREEMENT_COVERAGE, DeadlineState.MET, at=now)
    await outbox.record(tx, AgreementEffective(**_event_facts(saved)), at=now)
    deadline = await deadlines.find_deadline(tx, project_id, DeadlineKind.AGREEMENT_SIGNATURES)
    await _journal(tx, saved, "agreement-effective", {}, _rule_version(deadline), by=by, now=now, evidence=(evidence,))
    return saved


async def signers_outside(tx: Transaction, project_id: UUID) -> frozenset[str]:
    """The people who signed for the adopter and the supplier, whose work others inspect."""
    return await store.signers(tx, project_id, (Party.ADOPTER, Party.SUPPLIER))


async def lapse_agreement(
    tx: Transaction, project_id: UUID, deadline: Deadline, *, by: Principal, now: datetime
) -> bool:
    """Let an agreement lapse that was not signed before this deadline; False if nothing is due."""
    agreement = await store.get(tx, project_id, lock=True)
    lapsed = domain.lapse(agreement, due_at=deadline.due_at, now=now)
    if lapsed is agreement:
        return False
    saved = await store.save(tx, lapsed)
    await deadlines.settle_deadline(tx, project_id, deadline.kind, DeadlineState.MISSED, at=now)
    event = AgreementLapsed(**_event_facts(saved), due_at=deadline.due_at, rule_version=deadline.rule_version)
    await outbox.record(tx, event, at=now)
    facts: dict[str, JsonValue] = {
        "was": agreement.state.value,
        "due_at": deadline.due_at.isoformat(),
        "deadline_rule": deadline.rule,
    }
    await _journal(tx, saved, "agreement-lapsed", facts, deadline.rule_version, by=by, now=now)
    return True


async def withdraw_agreement(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> None:
    """End the agreement of a project that is being given back; refused once it is in force."""
    agreement = await store.find(tx, project_id, lock=True)
    if agreement is None:
        return
    withdrawn = domain.withdraw(agreement)
    if withdrawn is agreement:
        return
    saved = await store.save(tx, withdrawn)
    await deadlines.settle_deadlines(tx, project_id, _OWN_DEADLINES, DeadlineState.DROPPED, at=now)
    await _journal(tx, saved, "agreement-withdrawn", {"was": agreement.state.value}, None, by=by, now=now)


async def check_may_withdraw(tx: Transaction, project_id: UUID) -> None:
    """Raises AgreementInForce where a project cannot be given back any more."""
    agreement = await store.find(tx, project_id)
    if agreement is not None:
        domain.withdraw(agreement)


async def against_issuing(tx: Transaction, project_id: UUID) -> list[DomainError]:
    """Why the operator cannot send it to its parties now, by the check of the step itself."""
    try:
        domain.issue(await store.get(tx, project_id))
    except DomainError as refusal:
        return [refusal]
    return []


async def against_signing(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> list[DomainError]:
    """Why this party cannot sign now, whatever the terms are that it sends."""
    party = _PARTY_OF[Role(by.role)]
    try:
        deadline = await deadlines.find_deadline(tx, project_id, DeadlineKind.AGREEMENT_SIGNATURES)
        due_at = deadline.due_at if deadline else None
        domain.check_turn(await store.get(tx, project_id), party=party, due_at=due_at, now=now)
        if party is Party.OPERATOR:
            await standings.check_agreement(tx, project_id, now=now)
    except DomainError as refusal:
        return [refusal]
    return []


async def against_asking_standing(tx: Transaction, project_id: UUID) -> list[DomainError]:
    """Why the tax office is not asked about the firm now."""
    try:
        domain.check_standing_needed(await store.get(tx, project_id))
    except DomainError as refusal:
        return [refusal]
    return []


async def _pass_on(tx: Transaction, signed: Agreement, party: Party, *, now: datetime) -> None:
    """With the last signature of a group its deadline is met, and whose turn it is gets one."""
    met, opened = {
        Party.ADOPTER: (None, None),
        Party.SUPPLIER: (DeadlineKind.AGREEMENT_SIGNATURES, DeadlineKind.AGREEMENT_OPERATOR_SIGNATURE),
        Party.OPERATOR: (DeadlineKind.AGREEMENT_OPERATOR_SIGNATURE, DeadlineKind.AGREEMENT_COVERAGE),
    }[party]
    if met is not None:
        await deadlines.settle_deadline(tx, signed.project_id, met, DeadlineState.MET, at=now)
    if opened is not None:
        await deadlines.open_deadline(tx, opened, _subject_of(signed), now=now)


def _subject_of(agreement: Agreement) -> Subject:
    return Subject(
        id=agreement.project_id,
        application_id=agreement.application_id,
        company_id=agreement.company_id,
        call_id=agreement.call_id,
        municipality_code=agreement.municipality_code,
        project_id=agreement.project_id,
        supplier_business_number=agreement.supplier_business_number,
    )


def _check_own(agreement: Agreement, party: Party, by: Principal) -> None:
    foreign_firm = party is Party.ADOPTER and agreement.company_id != companies.own_company_id(by)
    foreign_supplier = party is Party.SUPPLIER and agreement.supplier_business_number != by.tenant
    if foreign_firm or foreign_supplier:
        raise domain.AgreementNotFound


def _event_facts(agreement: Agreement) -> _EventFacts:
    return _EventFacts(
        project_id=agreement.project_id,
        application_id=agreement.application_id,
        call_id=agreement.call_id,
        type_code=agreement.type_code,
        municipality_code=agreement.municipality_code,
    )


def _rule_version(deadline: Deadline | None) -> str | None:
    return deadline.rule_version if deadline else None


async def _journal(
    tx: Transaction,
    agreement: Agreement,
    decision: str,
    facts: Mapping[str, JsonValue],
    rule_version: str | None,
    *,
    by: Principal,
    now: datetime,
    evidence: Sequence[str] = (),
) -> None:
    entry = journal.Entry(
        chain=f"project/{agreement.project_id}",
        decision=decision,
        facts={"agreement_version": agreement.version, "state": agreement.state.value, **facts},
        rule_version=None if rule_version is None else f"deadline/{rule_version}",
        evidence=evidence,
    )
    await journal.record_many(tx, [entry], by=by, at=now)
