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
    Deadline,
    DeadlineKind,
    DeadlineState,
    Party,
    Terms,
)
from applicant.applications import commands as applications
from applicant.applications.queries import get_application
from applicant.companies import queries as companies
from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.journal import JsonValue
from contracts.applicant import AgreementEffective, AgreementLapsed, AgreementSigned
from contracts.roles import Role
from contracts.types import Source

__all__ = [
    "AgreementInForce",
    "CommittedProject",
    "Terms",
    "cover_agreement",
    "draft_agreement",
    "due_projects",
    "issue_agreement",
    "lapse_agreement",
    "sign_agreement",
    "withdraw_agreement",
]

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
    await store.add(
        tx,
        Agreement(
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
        ),
    )


async def issue_agreement(
    tx: Transaction, project_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Send the draft to the parties, which starts the time to sign."""
    agreement = await store.get(tx, project_id, lock=True)
    domain.check_version(agreement, read_version)
    issued = await store.save(tx, domain.issue(agreement))
    rules = store.rules_in_force(now)
    rule = rules.deadline(DeadlineKind.AGREEMENT_SIGNATURES)
    deadline = Deadline(
        project_id=project_id,
        kind=rule.kind,
        due_at=applications.end_of(applications.last_day(now, rule.days)),
        rule=rule.rule,
        rule_version=rules.version,
        source_note=rule.source,
    )
    await store.add_deadline(tx, deadline)
    facts: dict[str, JsonValue] = {
        "total_cost_won": issued.total_cost_won,
        "shares": {share.source.value: share.amount_won for share in issued.shares},
        "due_at": deadline.due_at.isoformat(),
        "deadline_rule": deadline.rule,
    }
    evidence = (f"commitment/{issued.commitment_id}",)
    await _journal(tx, issued, "agreement-issued", facts, rules.version, by=by, now=now, evidence=evidence)


async def sign_agreement(
    tx: Transaction, project_id: UUID, *, read_version: int, terms: Terms, by: Principal, now: datetime
) -> None:
    """Sign in one's turn; with the third signature funding is told, so that every source covers its share."""
    party = _PARTY_OF[Role(by.role)]
    agreement = await store.get(tx, project_id, lock=True)
    _check_own(agreement, party, by)
    domain.check_version(agreement, read_version)
    deadline = await store.find_deadline(tx, project_id, DeadlineKind.AGREEMENT_SIGNATURES)
    signed = await store.save(tx, domain.sign(agreement, party=party, terms=terms, deadline=deadline, now=now))
    await store.add_signature(tx, project_id, party, signed_by=by.person, at=now)
    if party is Party.SUPPLIER:
        await store.settle_deadlines(tx, project_id, DeadlineState.MET, at=now)
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
    evidence = (f"plan/sha256:{terms.plan_sha256}",)
    await _journal(tx, signed, "agreement-signed", facts, _rule_version(deadline), by=by, now=now, evidence=evidence)


async def cover_agreement(tx: Transaction, project_id: UUID, *, evidence: str, by: Principal, now: datetime) -> None:
    """Put the agreement in force, now that every source has covered its share."""
    agreement = await store.get(tx, project_id, lock=True)
    covered = domain.cover(agreement, now=now)
    if covered is agreement:
        return
    saved = await store.save(tx, covered)
    await outbox.record(tx, AgreementEffective(**_event_facts(saved)), at=now)
    deadline = await store.find_deadline(tx, project_id, DeadlineKind.AGREEMENT_SIGNATURES)
    await _journal(tx, saved, "agreement-effective", {}, _rule_version(deadline), by=by, now=now, evidence=(evidence,))


async def due_projects(tx: Transaction, *, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """Application and project of agreements whose time to sign is over."""
    return await store.due_projects(tx, now=now, most=most)


async def lapse_agreement(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> Deadline | None:
    """Let an agreement lapse that was not signed in time; returns the missed deadline, or None if nothing is due."""
    agreement = await store.get(tx, project_id, lock=True)
    deadline = await store.find_deadline(tx, project_id, DeadlineKind.AGREEMENT_SIGNATURES)
    if deadline is None:
        return None
    lapsed = domain.lapse(agreement, deadline, now=now)
    if lapsed is agreement:
        return None
    saved = await store.save(tx, lapsed)
    await store.settle_deadlines(tx, project_id, DeadlineState.MISSED, at=now)
    event = AgreementLapsed(**_event_facts(saved), due_at=deadline.due_at, rule_version=deadline.rule_version)
    await outbox.record(tx, event, at=now)
    facts: dict[str, JsonValue] = {
        "was": agreement.state.value,
        "due_at": deadline.due_at.isoformat(),
        "deadline_rule": deadline.rule,
    }
    await _journal(tx, saved, "agreement-lapsed", facts, deadline.rule_version, by=by, now=now)
    return deadline


async def withdraw_agreement(tx: Transaction, project_id: UUID, *, by: Principal, now: datetime) -> None:
    """End the agreement of a project that is being given back; refused once it is in force."""
    agreement = await store.find(tx, project_id, lock=True)
    if agreement is None:
        return
    withdrawn = domain.withdraw(agreement)
    if withdrawn is agreement:
        return
    saved = await store.save(tx, withdrawn)
    await store.settle_deadlines(tx, project_id, DeadlineState.DROPPED, at=now)
    await _journal(tx, saved, "agreement-withdrawn", {"was": agreement.state.value}, None, by=by, now=now)


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
        rule_version=None if rule_version is None else f"agreement/{rule_version}",
        evidence=evidence,
    )
    await journal.record_many(tx, [entry], by=by, at=now)
