"""The operator screens a case; registers are asked by the worker; the operator confirms what the findings say."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from applicant.applications.commands import deadlines
from applicant.applications.commands.accounts import event_facts, record_decision
from applicant.applications.commands.drafts import lock_own
from applicant.applications.domain import case, screening
from applicant.applications.domain.case import Application, SupplementItem
from applicant.applications.domain.registers import Register
from applicant.applications.domain.screening import Verdict
from applicant.applications.store import cases, screenings
from applicant.applications.store.rule_data import load_rules
from applicant.applications.store.screenings import Question
from applicant.calls import queries as calls
from applicant.companies import commands as company_commands
from applicant.companies import queries as companies
from common import outbox
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from contracts.applicant import (
    ApplicationFoundEligible,
    ApplicationFoundIneligible,
    ApplicationSupplemented,
    SupplementRequested,
)


@dataclass(frozen=True, slots=True)
class SupplementAnswer:
    """What the company changes: fields of its plan, and the worksite's factory registration."""

    plan_changes: dict[str, object]
    factory_registration_number: str | None


async def begin_screening(
    tx: Transaction, application_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> Application:
    """Take the case up and queue the questions to the registers."""
    application = await cases.get_application(tx, application_id, lock=True)
    case.check_version(application, read_version)
    saved = await cases.save_application(tx, case.begin_screening(application))
    await _begin_round(tx, saved, by=by, now=now)
    return saved


async def request_supplement(
    tx: Transaction,
    application_id: UUID,
    items: tuple[SupplementItem, ...],
    *,
    read_version: int,
    by: Principal,
    now: datetime,
) -> Application:
    """Ask the company for more, within the call's days."""
    application = await cases.get_application(tx, application_id, lock=True)
    case.check_version(application, read_version)
    call = await calls.get_published_call(tx, application.call_id)
    rules = {rule.id for rule in load_rules(call.terms.screening_rule_version).rules}
    for item in items:
        if item.rule is not None and item.rule not in rules:
            raise screening.UnknownRule(rule=item.rule)
    due_at = deadlines.end_of(deadlines.last_day(now, call.terms.supplement_days))
    saved = await cases.save_application(tx, case.request_supplement(application, items=items, due_at=due_at, now=now))
    await outbox.record(tx, SupplementRequested(**event_facts(saved), due_at=due_at), at=now)
    await record_decision(
        tx,
        saved,
        "supplement-requested",
        by=by,
        now=now,
        facts={"due_at": due_at.isoformat(), "rules": [item.rule for item in items]},
    )
    return saved


async def supplement_application(
    tx: Transaction,
    application_id: UUID,
    answer: SupplementAnswer,
    *,
    read_version: int,
    by: Principal,
    now: datetime,
) -> Application:
    """Answer in time; a new round then asks the registers again, since the answer may name another supplier."""
    application = await lock_own(tx, application_id, by)
    case.check_version(application, read_version)
    saved = await cases.save_application(tx, case.supplement(application, answer.plan_changes, now=now))
    if answer.factory_registration_number is not None:
        await company_commands.record_factory_registration(
            tx, saved.worksite_id, answer.factory_registration_number, by=by, now=now
        )
    await outbox.record(tx, ApplicationSupplemented(**event_facts(saved)), at=now)
    await record_decision(
        tx,
        saved,
        "application-supplemented",
        by=by,
        now=now,
        facts={"changed": sorted(answer.plan_changes)},
        evidence=(f"plan/sha256:{saved.plan.plan_sha256}",),
    )
    await _begin_round(tx, saved, by=by, now=now)
    return saved


async def decide_eligibility(
    tx: Transaction, application_id: UUID, confirmed: Verdict, *, read_version: int, by: Principal, now: datetime
) -> Application:
    """Confirm what the findings say. A refusal carries the failed rules and the last day to object."""
    application = await cases.get_application(tx, application_id, lock=True)
    case.check_version(application, read_version)
    case.check_decidable(application, now=now)
    latest = await screenings.get_screening(tx, application.id)
    failed = screening.confirmed_failures(latest, confirmed)
    rules = load_rules(latest.rule_version)
    appeal_until = deadlines.last_day(now, rules.appeal_days)
    saved = await cases.save_application(
        tx,
        case.decide(
            application, rule_version=latest.rule_version, failed_rules=failed, appeal_until=appeal_until, now=now
        ),
    )
    await screenings.save_decided(tx, latest)
    facts = event_facts(saved)
    event = (
        ApplicationFoundIneligible(**facts, rule_version=latest.rule_version, failed_rules=list(failed))
        if failed
        else ApplicationFoundEligible(**facts, rule_version=latest.rule_version)
    )
    await outbox.record(tx, event, at=now)
    await record_decision(
        tx,
        saved,
        "eligibility-decided",
        by=by,
        now=now,
        facts={
            "findings": {finding.rule: finding.outcome.value for finding in latest.findings},
            "appeal_until": appeal_until.isoformat() if failed else None,
        },
        rule_version=latest.rule_version,
        evidence=tuple(dict.fromkeys(name for finding in latest.findings for name in finding.evidence)),
    )
    return saved


async def _begin_round(tx: Transaction, application: Application, *, by: Principal, now: datetime) -> None:
    call = await calls.get_published_call(tx, application.call_id)
    company = await companies.get_company(tx, application.company_id)
    asked_on = case.submitted_at(application).astimezone(KST).date()
    own, corporate = company.facts.business_number, company.facts.corporate_number
    supplier = application.plan.supplier_business_number
    number = await screenings.add_round(
        tx,
        application.id,
        rule_version=call.terms.screening_rule_version,
        now=now,
        questions=(
            Question(Register.TAX_OFFICE, own, None, asked_on),
            Question(Register.SME_STATUS, own, None, asked_on),
            Question(Register.DEBARMENT, own, corporate, asked_on),
            Question(Register.SUPPLIER_DEBARMENT, supplier, None, asked_on),
        ),
    )
    await record_decision(
        tx,
        application,
        "screening-begun",
        by=by,
        now=now,
        facts={"round": number},
        rule_version=call.terms.screening_rule_version,
    )
