"""The durable side of asking the registers: claim what is due, keep what was answered, judge when all have answered."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from applicant.applications.commands.accounts import record_decision
from applicant.applications.domain import case
from applicant.applications.domain.case import Application
from applicant.applications.domain.registers import (
    Exclusion,
    Register,
    RegisterAnswer,
    RegisterAnswers,
    SizeCertificate,
    TaxStatus,
)
from applicant.applications.domain.rules import CaseFacts, TypeConditions, failed_rules, screen
from applicant.applications.domain.screening import Screening, ScreeningState
from applicant.applications.store import cases, screenings
from applicant.applications.store.rule_data import load_rules
from applicant.applications.store.screenings import Answer, Claim, Question
from applicant.calls import queries as calls
from applicant.companies import queries as companies
from applicant.past_supports import queries as past_supports
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from contracts.types import Source

__all__ = [
    "ANSWER_KINDS",
    "Answer",
    "Claim",
    "Question",
    "claim_checks",
    "keep_answers",
    "postpone_check",
    "tax_question",
]

ANSWER_KINDS: Mapping[Register, type[RegisterAnswer]] = {
    Register.TAX_OFFICE: TaxStatus,
    Register.SME_STATUS: SizeCertificate,
    Register.DEBARMENT: Exclusion,
    Register.SUPPLIER_DEBARMENT: Exclusion,
}
"""What each register's answer must be; anything else is no answer."""

claim_checks = screenings.claim_checks
postpone_check = screenings.postpone_check


def tax_question(business_number: str, on: date) -> Question:
    """For a later feature: what the tax office is asked about a firm on a day."""
    return Question(Register.TAX_OFFICE, business_number, None, on)


async def keep_answers(
    tx: Transaction, application_id: UUID, answered: Sequence[tuple[Claim, Answer]], *, by: Principal, now: datetime
) -> None:
    """Keep what the registers said about one case, and judge it by every rule once the last has answered."""
    application = await cases.get_application(tx, application_id, lock=True)
    for claim, answer in answered:
        await screenings.answer_check(tx, claim, answer, now=now)
    latest = await screenings.get_screening(tx, application_id)
    answers = await screenings.get_answers(tx, application.id, latest.round)
    if latest.state is ScreeningState.CHECKING and answers.keys() == set(Register):
        await _judge(tx, application, latest, answers, by=by, now=now)


async def _judge(
    tx: Transaction,
    application: Application,
    latest: Screening,
    answers: Mapping[Register, Answer],
    *,
    by: Principal,
    now: datetime,
) -> None:
    facts, evidence = await _case_facts(tx, application, answers)
    findings = screen(load_rules(latest.rule_version), facts, evidence)
    await screenings.save_findings(tx, latest, findings, now=now)
    await record_decision(
        tx,
        application,
        "screening-checked",
        by=by,
        now=now,
        facts={"round": latest.round, "failed_rules": list(failed_rules(findings))},
        rule_version=latest.rule_version,
        evidence=tuple(evidence.values()),
    )


async def _case_facts(
    tx: Transaction, application: Application, answers: Mapping[Register, Answer]
) -> tuple[CaseFacts, dict[str, str]]:
    call = await calls.get_published_call(tx, application.call_id)
    company = await companies.get_company(tx, application.company_id)
    worksite = await companies.get_own_worksite(tx, application.company_id, application.worksite_id)
    type_ = calls.project_type(call.terms, application.type_code)
    plan = application.plan
    shares = calls.estimate_shares(call.terms, application.type_code, plan.total_cost_won)
    submitted_at = case.submitted_at(application)
    known = await past_supports.known_supports(tx, company.facts.business_number, at=submitted_at)
    facts = CaseFacts(
        applied_on=submitted_at.astimezone(KST).date(),
        type_code=application.type_code,
        conditions=TypeConditions(type_.first_time_only, type_.max_sales_won, type_.max_employees),
        business_number=company.facts.business_number,
        municipality_code=application.municipality_code,
        ksic_code=company.facts.ksic_code,
        ksic_revision=company.facts.ksic_revision,
        supported_before=company.facts.supported_before or bool(known),
        annual_sales_won=company.facts.annual_sales_won,
        employees=company.facts.employees,
        concurrent_project=plan.concurrent_project,
        other_live_applications=await cases.count_other_live(tx, application),
        supplier_business_number=plan.supplier_business_number,
        self_pay_capacity_won=plan.self_pay_capacity_won,
        self_pay_won=shares[Source.SME],
        factory_registered=worksite.facts.factory_registration_number is not None,
        manufacturing_floor_m2=worksite.facts.manufacturing_floor_m2,
        in_industrial_complex=worksite.facts.in_industrial_complex,
        answers=RegisterAnswers(
            tax=msgspec.convert(answers[Register.TAX_OFFICE].content, TaxStatus),
            certificate=msgspec.convert(answers[Register.SME_STATUS].content, SizeCertificate),
            exclusion=msgspec.convert(answers[Register.DEBARMENT].content, Exclusion),
            supplier_exclusion=msgspec.convert(answers[Register.SUPPLIER_DEBARMENT].content, Exclusion),
        ),
    )
    evidence = {
        "company": f"company/{company.id}@{company.version}",
        "worksite": f"worksite/{worksite.id}@{worksite.version}",
        "application": f"application/{application.id}@{application.version}",
        "call": f"call/{call.id}@{call.version}",
        "past_supports": f"past-support/{known[0]}" if known else "past-supports/none",
    }
    return facts, evidence | {
        register.value: f"register/{register.value}/sha256:{answer.sha256}" for register, answer in answers.items()
    }
