"""Asking for an amendment, agreeing to it, deciding it, taking it back; whoever does so holds the build first."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import UUID

from applicant.agreements import queries as agreements
from applicant.amendments import domain, store
from applicant.amendments.domain import (
    FIRST_EDITION,
    AgreementTerms,
    Amended,
    Amendment,
    AmendmentRules,
    AmendmentState,
    Cause,
    Verdict,
    Why,
    Wish,
)
from applicant.builds import commands as builds
from applicant.companies import queries as companies
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import DeadlineKind, DeadlineState, Subject
from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.roles import COMPANY_ROLES, Role

__all__ = [
    "Cause",
    "Verdict",
    "Why",
    "Wish",
    "consent_to_amendment",
    "decide_amendment",
    "request_amendment",
    "withdraw_amendment",
]

_DEADLINES = (DeadlineKind.AMENDMENT_CONSENT, DeadlineKind.AMENDMENT_DECISION)
_PARTY_OF = {
    Role.COMPANY_OWNER: "ADOPTER",
    Role.SUPPLIER: "SUPPLIER",
    Role.TECHNOPARK_OPERATOR: "OPERATOR",
}
_LIVE = frozenset({"UNDER_WAY", "SUSPENDED"})


async def request_amendment(
    tx: Transaction, project_id: UUID, wish: Wish, why: Why, *, by: Principal, now: datetime
) -> UUID:
    """Ask for other terms, inside the windows; whoever asks has agreed for their own party."""
    today, party = now.astimezone(KST).date(), _PARTY_OF[Role(by.role)]
    rules = store.rules_in_force(today)
    agreement = await _amended(tx, project_id, rules, by=by)
    domain.check_cause(why, today=today)
    domain.check_window(
        why=why,
        ends_on=agreement.terms.ends_on,
        last_day_after_cause=_last_day(why.cause_on, rules.days_after_cause, today),
        rules=rules,
        today=today,
    )
    after = domain.amended_terms(agreement, wish, why, rules, today=today)
    amendment = Amendment(
        id=new_id(),
        project_id=project_id,
        application_id=agreement.application_id,
        company_id=agreement.company_id,
        call_id=agreement.call_id,
        municipality_code=agreement.municipality_code,
        terms_before=agreement.terms,
        terms_after=after,
        total_cost_won=agreement.total_cost_won,
        why=why,
        requested_by=by.person,
        requested_party=party,
        requested_at=now,
        rule_version=rules.version,
    )
    await store.add(tx, amendment)
    await store.add_consent(tx, amendment.id, party, by=by.person, at=now)
    await deadlines.open_deadline(tx, DeadlineKind.AMENDMENT_CONSENT, _subject_of(amendment), now=now)
    facts: dict[str, JsonValue] = {
        "party": party,
        "cause": why.cause.value,
        "cause_on": why.cause_on.isoformat(),
        "changes": list(_changes(amendment.terms_before, after)),
    }
    await _journal(tx, amendment, "amendment-requested", facts, by=by, now=now)
    return amendment.id


async def consent_to_amendment(
    tx: Transaction, amendment_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> None:
    """Agree to what is asked for; with the third party it goes to the province."""
    party = _PARTY_OF[Role(by.role)]
    amendment = await store.get(tx, amendment_id, lock=True)
    _check_own(amendment, party, by)
    given = await store.consents(tx, amendment_id)
    agreed = domain.consent(amendment, party=party, given=given, read_version=read_version)
    await store.add_consent(tx, amendment_id, party, by=by.person, at=now)
    saved = await store.save(tx, agreed)
    if saved.state is AmendmentState.AGREED:
        await deadlines.settle_deadline(tx, amendment_id, DeadlineKind.AMENDMENT_CONSENT, DeadlineState.MET, at=now)
        await deadlines.open_deadline(tx, DeadlineKind.AMENDMENT_DECISION, _subject_of(saved), now=now)
    await _journal(tx, saved, "amendment-consented", {"party": party}, by=by, now=now)


async def decide_amendment(
    tx: Transaction,
    amendment_id: UUID,
    verdict: Verdict,
    *,
    reason: str,
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Put the new terms in force as the next edition, or refuse them; a build that has ended meanwhile takes none."""
    seen = await store.get(tx, amendment_id)
    build = await builds.hold_build(tx, seen.project_id)
    if verdict is Verdict.APPROVED and build.state not in _LIVE:
        raise domain.AgreementNotInForce(state=build.state)
    amendment = await store.get(tx, amendment_id, lock=True)
    latest = await store.latest_edition(tx, amendment.project_id)
    edition = FIRST_EDITION if latest is None or latest.edition is None else latest.edition
    decided = domain.decide(
        amendment,
        verdict,
        reason=reason,
        edition=edition + 1,
        parties=(await store.consents(tx, amendment_id)).values(),
        read_version=read_version,
        by=by.person,
        now=now,
    )
    saved = await store.save(tx, decided)
    await deadlines.settle_deadlines(tx, amendment_id, _DEADLINES, DeadlineState.MET, at=now)
    facts: dict[str, JsonValue] = {
        "verdict": verdict.value,
        "edition": saved.edition,
        "changes": list(_changes(saved.terms_before, saved.terms_after)),
        "ends_on": saved.terms_after.ends_on.isoformat(),
        "supplier_contract_won": saved.terms_after.supplier_contract_won,
    }
    await _journal(tx, saved, "amendment-decided", facts, by=by, now=now)


async def withdraw_amendment(
    tx: Transaction, amendment_id: UUID, *, reason: str, read_version: int, by: Principal, now: datetime
) -> None:
    """Take back what one's own party asked for."""
    party = _PARTY_OF[Role(by.role)]
    amendment = await store.get(tx, amendment_id, lock=True)
    _check_own(amendment, party, by)
    withdrawn = domain.withdraw(amendment, reason=reason, party=party, read_version=read_version, by=by.person, now=now)
    saved = await store.save(tx, withdrawn)
    await deadlines.settle_deadlines(tx, amendment_id, _DEADLINES, DeadlineState.DROPPED, at=now)
    await _journal(tx, saved, "amendment-withdrawn", {"party": party}, by=by, now=now)


async def _amended(tx: Transaction, project_id: UUID, rules: AmendmentRules, *, by: Principal) -> Amended:
    """The agreement with its terms in force, its build held so that it does not end meanwhile."""
    view = await agreements.view_agreement(tx, project_id, by=by)
    signed_on, plan, contract_won = view.effective_at, view.plan_sha256, view.supplier_contract_won
    if signed_on is None or plan is None or contract_won is None:
        raise domain.AgreementNotInForce(state=view.state)
    build = await builds.hold_build(tx, project_id)
    if build.state not in _LIVE:
        raise domain.AgreementNotInForce(state=build.state)
    first_ends_on = first_end(signed_on, rules)
    latest = await store.latest_edition(tx, project_id)
    first = AgreementTerms(plan, view.supplier_business_number, contract_won, first_ends_on)
    company = await companies.get_company(tx, view.company_id)
    return Amended(
        project_id=project_id,
        application_id=view.application_id,
        company_id=view.company_id,
        business_number=company.facts.business_number,
        call_id=view.call_id,
        type_code=view.type_code,
        municipality_code=view.municipality_code,
        total_cost_won=view.total_cost_won,
        first_ends_on=first_ends_on,
        terms=first if latest is None else latest.terms_after,
        edition=FIRST_EDITION if latest is None or latest.edition is None else latest.edition,
    )


def first_end(effective_at: datetime, rules: AmendmentRules) -> date:
    """The day on which the agreement ends as it was signed."""
    return domain.months_later(effective_at.astimezone(KST).date(), rules.agreement_months)


def _last_day(cause_on: date, days: int, today: date) -> date:
    """By the Korean calendar, which is not asked about a cause of years ago."""
    plain = cause_on + timedelta(days=days)
    if today - plain > timedelta(days=domain.LONGEST_ROLL_DAYS):
        return plain
    return deadlines.last_day(datetime.combine(cause_on, time(), tzinfo=KST), days)


def _check_own(amendment: Amendment, party: str, by: Principal) -> None:
    foreign_firm = by.role in COMPANY_ROLES and amendment.company_id != companies.own_company_id(by)
    foreign_supplier = party == "SUPPLIER" and amendment.terms_after.supplier_business_number != by.tenant
    if foreign_firm or foreign_supplier:
        raise domain.AmendmentNotFound


def _subject_of(amendment: Amendment) -> Subject:
    return Subject(
        id=amendment.id,
        application_id=amendment.application_id,
        company_id=amendment.company_id,
        call_id=amendment.call_id,
        municipality_code=amendment.municipality_code,
        project_id=amendment.project_id,
        supplier_business_number=amendment.terms_after.supplier_business_number,
    )


def _changes(before: AgreementTerms, after: AgreementTerms) -> list[str]:
    return [name for name in AgreementTerms.__slots__ if getattr(before, name) != getattr(after, name)]


async def _journal(
    tx: Transaction,
    amendment: Amendment,
    decision: str,
    facts: Mapping[str, JsonValue],
    *,
    by: Principal,
    now: datetime,
) -> None:
    entry = journal.Entry(
        chain=f"project/{amendment.project_id}",
        decision=decision,
        facts={"amendment_id": str(amendment.id), "state": amendment.state.value, **facts},
        rule_version=f"amendment/{amendment.rule_version}",
        evidence=tuple(f"sha256:{each}" for each in amendment.why.evidence_sha256),
    )
    await journal.record_many(tx, [entry], by=by, at=now)
