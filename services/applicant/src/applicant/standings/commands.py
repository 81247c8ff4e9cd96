"""Asking the tax office again about firms that have a project: before the agreement, and before funding pays.

The questions before a payment are funding's (`StandingAsked`): it knows a firm by its id alone, and no event may carry
a business number, which of a sole proprietor is personal data. It is told the answer as codes.
"""

from datetime import date, datetime
from uuid import UUID

import msgspec

from applicant.applications.commands.register_checks import Answer
from applicant.companies import queries as companies
from applicant.standings import domain, store
from applicant.standings.domain import Answered, KeptAnswer, Known, StandingCheck, StandingCheckState
from applicant.standings.store import Claim
from common import journal, outbox
from common.acting import as_service
from common.auth import Principal
from common.db import Transaction
from common.event import new_id
from contracts.applicant import StandingFound
from contracts.funding import StandingAsked
from contracts.standing_versions import in_force, of_version
from contracts.standings import FirmStandingUnknown, Purpose, TaxAnswer

__all__ = [
    "Claim",
    "ask_before_agreement",
    "ask_before_payment",
    "check_agreement",
    "claim_checks",
    "keep_answer",
    "postpone_check",
]

_SERVICE = Principal.service("applicant")

claim_checks = store.claim_checks
postpone_check = store.postpone_check


async def ask_before_payment(tx: Transaction, asked: StandingAsked, *, now: datetime) -> None:
    """Take up funding's question; told again, it is the same one, and its answer is told again if there is one.

    It is judged by the version that funding names: one that is not known here yet parks the question.
    """
    company = await companies.get_company(tx, asked.company_id)
    rules = in_force(now) if asked.rule_version is None else of_version(asked.rule_version)
    check = StandingCheck(
        id=asked.standing_id,
        purpose=Purpose.PAYMENT,
        project_id=asked.project_id,
        company_id=asked.company_id,
        municipality_code=asked.municipality_code,
        business_number=company.facts.business_number,
        number=None,
        rule_version=rules.version,
        state=StandingCheckState.PENDING,
        asked_by=Principal.service("funding").person,
        asked_at=now,
    )
    if not await store.add(tx, check):
        kept = await store.answer_locked(tx, check.id)
        if kept is not None:
            await outbox.record(tx, _found(check.id, check.project_id, check.company_id, kept), at=now)


async def ask_before_agreement(
    tx: Transaction, project_id: UUID, company_id: UUID, municipality_code: str, *, by: Principal, now: datetime
) -> None:
    """Ask anew; while a question of this project waits for its answer, that one is it."""
    async with as_service(tx):
        company = await companies.get_company(tx, company_id)
        check = StandingCheck(
            id=new_id(),
            purpose=Purpose.AGREEMENT,
            project_id=project_id,
            company_id=company_id,
            municipality_code=municipality_code,
            business_number=company.facts.business_number,
            number=await store.next_number(tx, project_id),
            rule_version=in_force(now).version,
            state=StandingCheckState.PENDING,
            asked_by=by.person,
            asked_at=now,
        )
        await store.add(tx, check)


async def check_agreement(tx: Transaction, project_id: UUID, *, now: datetime) -> Known:
    """Refuse unless the last answer is a good one that still holds (rule R-06); returns that one."""
    last = await store.last_for_agreement(tx, project_id)
    if last is None:
        raise FirmStandingUnknown
    domain.check_agreement(last.answered, of_version(last.answered.rule_version), now=now)
    return last


async def keep_answer(tx: Transaction, claim: Claim, answer: Answer, *, about: date, now: datetime) -> None:
    """Keep what the tax office said of a firm, and tell funding if it had asked."""
    if not await store.answer_check(tx, claim, answer.content, sha256=answer.sha256, about=about, now=now):
        return  # Another worker, whose lease came after ours had ended, was told before us.
    said = msgspec.convert(answer.content, TaxAnswer)
    broken = domain.broken_rules(
        Answered(said, about, claim.rule_version), claim.purpose, of_version(claim.rule_version)
    )
    await journal.record(
        tx,
        chain=f"project/{claim.project_id}",
        decision="standing-answered",
        by=_SERVICE,
        at=now,
        rule_version=f"standing/{claim.rule_version}",
        facts={
            "standing_id": str(claim.check_id),
            "purpose": claim.purpose.value,
            "about": about.isoformat(),
            "failed_rules": [each.rule for each in broken],
        },
        evidence=(f"register/TAX_OFFICE/sha256:{answer.sha256}",),
    )
    if claim.purpose is Purpose.PAYMENT:
        kept = KeptAnswer(said, about, now, answer.sha256)
        await outbox.record(tx, _found(claim.check_id, claim.project_id, claim.company_id, kept), at=now)


def _found(check_id: UUID, project_id: UUID, company_id: UUID, kept: KeptAnswer) -> StandingFound:
    return StandingFound(
        standing_id=check_id,
        project_id=project_id,
        company_id=company_id,
        status=kept.answer.status.value,
        national_tax_arrears=kept.answer.national_tax_arrears,
        local_tax_arrears=kept.answer.local_tax_arrears,
        about=kept.about,
        answered_at=kept.answered_at,
        answer_sha256=kept.sha256,
    )
