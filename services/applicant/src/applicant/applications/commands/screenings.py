"""The operator screens a case; registers are asked by the worker; the operator confirms what the findings say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from applicant.applications.commands.accounts import event_facts, record_decision, subject_of
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
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import DeadlineKind, DeadlineState
from applicant.notices import commands as notices
from applicant.notices.commands import NoticeKind, Recipient, Wanted
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
    # Asked before a deadline is opened: while the firm's answer is awaited one runs already, and there is only one.
    case.request_supplement(application, items=items, due_at=now, now=now)
    deadline = await deadlines.open_deadline(
        tx, DeadlineKind.SUPPLEMENT, subject_of(application), now=now, days=call.terms.supplement_days
    )
    due_at = deadline.due_at
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
    told = {"items": len(items), "last_day": deadlines.last_day_of(deadline).isoformat()}
    await notices.queue(tx, [_wanted(saved, NoticeKind.SUPPLEMENT_REQUESTED, told)], now=now)
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
    await deadlines.settle_deadline(tx, saved.id, DeadlineKind.SUPPLEMENT, DeadlineState.MET, at=now)
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
            application,
            rule_version=latest.rule_version,
            failed_rules=failed,
            appeal_until=appeal_until,
            by=by.person,
            now=now,
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
    await _settle_and_tell(tx, saved, appeal_days=rules.appeal_days, now=now)
    return saved


async def find_eligible_after_all(
    tx: Transaction, application: Application, *, evidence: str, by: Principal, now: datetime
) -> Application:
    """Lift the refusal of a case that the caller holds, now that an objection against it was upheld."""
    saved = await cases.save_application(tx, case.find_eligible_after_all(application, by=by.person, now=now))
    eligibility = saved.eligibility
    rule_version = eligibility.rule_version if eligibility else ""
    await outbox.record(tx, ApplicationFoundEligible(**event_facts(saved), rule_version=rule_version), at=now)
    await record_decision(
        tx,
        saved,
        "refusal-lifted",
        by=by,
        now=now,
        facts={"overruled": list(eligibility.overruled) if eligibility else []},
        rule_version=rule_version,
        evidence=(evidence,),
    )
    return saved


async def _settle_and_tell(tx: Transaction, application: Application, *, appeal_days: int, now: datetime) -> None:
    """End the time to decide; a refused firm has so many days to object, and is told so."""
    if application.supplement is not None:
        await deadlines.settle_deadline(tx, application.id, DeadlineKind.SUPPLEMENT, DeadlineState.MISSED, at=now)
        await deadlines.settle_deadline(tx, application.id, DeadlineKind.SCREENING_DECISION, DeadlineState.MET, at=now)
    refused = application.eligibility
    if refused is None or refused.appeal_until is None:
        return
    window = DeadlineKind.OBJECTION_WINDOW
    await deadlines.open_deadline(tx, window, subject_of(application), now=now, days=appeal_days)
    body = deadlines.appeal_body(now)
    told = {
        "failed_rules": ", ".join(refused.failed_rules),
        "appeal_until": refused.appeal_until.isoformat(),
        "appeal_body_ko": body.ko,
        "appeal_body_en": body.en,
    }
    await notices.queue(tx, [_wanted(application, NoticeKind.INELIGIBLE, told)], now=now)


def _wanted(application: Application, kind: NoticeKind, facts: Mapping[str, object]) -> Wanted:
    return Wanted(
        reason=f"application/{application.id}@{application.version}",
        kind=kind,
        recipient=Recipient.COMPANY,
        company_id=application.company_id,
        application_id=application.id,
        project_id=None,
        facts=facts,
    )


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
