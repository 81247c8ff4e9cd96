"""A company hands its application in, takes it back, and hears how the ranking went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from applicant.applications.commands.accounts import event_facts, record_decision, subject_of
from applicant.applications.commands.deadlines import drop_deadlines
from applicant.applications.commands.drafts import check_own, lock_own
from applicant.applications.domain import case
from applicant.applications.domain.case import Application, ApplicationStatus, Outcome
from applicant.applications.store import cases, screenings
from applicant.calls import queries as calls
from applicant.companies import queries as companies
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import DeadlineKind
from applicant.notices import commands as notices
from applicant.notices.commands import NoticeKind, Recipient, Wanted
from applicant.past_supports import queries as past_supports
from common import journal, outbox
from common.auth import Principal
from common.db import Transaction
from common.errors import Text
from common.journal import JsonValue
from contracts.applicant import ApplicationRanked, ApplicationSubmitted, ApplicationWithdrawn


async def submit_application(
    tx: Transaction, application_id: UUID, *, read_version: int, by: Principal, now: datetime
) -> Application:
    """Hand the draft in, inside the call's window and once per worksite and fiscal year (rule R-09)."""
    application, other_live_applications = await cases.lock_for_submission(tx, application_id)
    check_own(application, by)
    case.check_version(application, read_version)
    call = await calls.get_published_call(tx, application.call_id)
    company = await companies.get_company(tx, application.company_id)
    known = await past_supports.known_supports(tx, company.facts.business_number, at=now)
    submitted = case.submit(
        application,
        opens_at=call.terms.opens_at,
        closes_at=call.terms.closes_at,
        min_cost_won=calls.project_type(call.terms, application.type_code).min_cost_won,
        other_live_applications=other_live_applications,
        first_timer=not (company.facts.supported_before or known),
        now=now,
    )
    saved = await cases.save_application(tx, submitted)
    total_cost_won = saved.plan.total_cost_won
    event = ApplicationSubmitted(
        **event_facts(saved),
        company_id=saved.company_id,
        total_cost_won=total_cost_won,
        submitted_at=now,
        worksite_id=saved.worksite_id,
    )
    await outbox.record(tx, event, at=now)
    await record_decision(
        tx,
        saved,
        "application-submitted",
        by=by,
        now=now,
        facts={"total_cost_won": total_cost_won, "closes_at": call.terms.closes_at.isoformat()},
        evidence=(f"plan/sha256:{saved.plan.plan_sha256}",),
    )
    return saved


async def withdraw_application(
    tx: Transaction, application_id: UUID, *, reason: str, read_version: int, by: Principal, now: datetime
) -> Application:
    """Take an application back. The reason stays with the application; a place it held is the projects' business."""
    application = await lock_own(tx, application_id, by)
    case.check_version(application, read_version)
    return await give_up_application(tx, application, reason=reason, by=by, now=now)


async def give_up_application(
    tx: Transaction, application: Application, *, reason: str, by: Principal, now: datetime
) -> Application:
    """End an application that the caller holds: withdrawn by its firm, or counted as such after a missed deadline."""
    saved = await cases.save_application(tx, case.withdraw(application, reason=reason, now=now))
    await screenings.drop_pending(tx, saved.id)
    await drop_deadlines(tx, saved, at=now)
    if saved.submitted_at is not None:
        await outbox.record(tx, ApplicationWithdrawn(**event_facts(saved)), at=now)
    await record_decision(tx, saved, "application-withdrawn", by=by, now=now, facts={"was": application.status.value})
    return saved


@dataclass(frozen=True, slots=True)
class Announcement:
    """The outcome of one ranked case; `facts` say why, for the journal, and `reason` for the firm.

    `may_object` where this is a decision against the case: its time to object begins.
    """

    application_id: UUID
    outcome: Outcome
    facts: Mapping[str, JsonValue]
    reason: Text | None = None
    may_object: bool = False


async def announce_outcomes(
    tx: Transaction,
    announcements: Sequence[Announcement],
    *,
    rule_version: str,
    evidence: tuple[str, ...],
    by: Principal,
    now: datetime,
) -> None:
    """Keep and tell what the province decided on ranked cases, however many, in a handful of statements.

    For the selections feature: once per case when a ranking is decided, and again when a reserve moves up.
    """
    held = await cases.lock_applications(tx, [each.application_id for each in announcements])
    saved = await cases.save_outcomes(
        tx, [case.announce_outcome(held[each.application_id], each.outcome) for each in announcements]
    )
    events = [
        ApplicationRanked(**event_facts(application), outcome=each.outcome.value)
        for each, application in zip(announcements, saved, strict=True)
    ]
    await outbox.record_many(tx, events, at=now)
    entries = [
        journal.Entry(
            chain=f"application/{application.id}",
            decision="application-ranked",
            facts={
                "status": application.status.value,
                "version": application.version,
                "outcome": each.outcome.value,
                **each.facts,
            },
            rule_version=rule_version,
            evidence=evidence,
        )
        for each, application in zip(announcements, saved, strict=True)
    ]
    await journal.record_many(tx, entries, by=by, at=now)
    await _tell(tx, list(zip(announcements, saved, strict=True)), now=now)


async def _tell(tx: Transaction, announced: Sequence[tuple[Announcement, Application]], *, now: datetime) -> None:
    """Notices to the firms; whom the decision was against, reserves among them, has a time to object."""
    refused = [application for each, application in announced if each.may_object]
    opened = await deadlines.open_deadlines(
        tx, DeadlineKind.OBJECTION_WINDOW, [subject_of(application) for application in refused], now=now
    )
    last_day = deadlines.last_day_of(opened[0]).isoformat() if opened else ""
    body = deadlines.appeal_body(now)
    told = [
        Wanted(
            reason=f"application/{application.id}@{application.version}",
            kind=NoticeKind(each.outcome.value),
            recipient=Recipient.COMPANY,
            company_id=application.company_id,
            application_id=application.id,
            project_id=None,
            facts={
                "reason_ko": each.reason.ko if each.reason else "-",
                "reason_en": each.reason.en if each.reason else "-",
                "appeal_until": last_day if each.may_object else "",
                "appeal_body_ko": body.ko,
                "appeal_body_en": body.en,
            },
        )
        for each, application in announced
    ]
    await notices.queue(tx, told, now=now)


async def hold_eligible(tx: Transaction, application_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Hold many applications for a later feature; tells which of them are eligible still."""
    held = await cases.lock_applications(tx, application_ids)
    return frozenset(each.id for each in held.values() if each.status is ApplicationStatus.ELIGIBLE)


async def lock_application(tx: Transaction, application_id: UUID) -> Application:
    """The application under its row lock, for a later feature that must order itself behind it."""
    return await cases.get_application(tx, application_id, lock=True)
