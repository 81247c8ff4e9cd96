"""Filing an objection, preparing it, deciding it, and what the decision does to the case.

Locks in the order of all who move places: the call's selection, the application, then the objection.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from applicant.applications import commands as applications
from applicant.applications import queries as cases
from applicant.applications.queries import Application
from applicant.deadlines import commands as deadlines
from applicant.deadlines.commands import DeadlineKind, DeadlineState, Subject
from applicant.evaluations import queries as evaluations
from applicant.notices import commands as notices
from applicant.notices.commands import NoticeKind, Recipient, Wanted
from applicant.objections import domain, store
from applicant.objections.domain import (
    Against,
    Consequence,
    Objection,
    ObjectionState,
    Recommendation,
    Verdict,
)
from applicant.projects import commands as projects
from applicant.selections import commands as selections
from common import journal, outbox
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.applicant import ObjectionDecided, ObjectionFiled

__all__ = [
    "Recommendation",
    "Verdict",
    "decide_objection",
    "file_objection",
    "prepare_objection",
]


async def file_objection(
    tx: Transaction,
    application_id: UUID,
    *,
    statement: str,
    evidence_sha256: Sequence[str],
    by: Principal,
    now: datetime,
) -> Objection:
    """Object to one's refusal before its last day is over; the time to decide begins."""
    application = await applications.lock_own_application(tx, application_id, by)
    against = domain.refusal_of(status=application.status, outcome=application.outcome)
    window = await deadlines.find_deadline(tx, application_id, DeadlineKind.OBJECTION_WINDOW)
    if window is None:
        raise domain.NothingToObjectTo
    if window.state is DeadlineState.MET:
        raise domain.AlreadyObjected
    if now >= window.due_at:
        raise domain.ObjectionLate(last_day=deadlines.last_day_of(window).isoformat())
    await deadlines.settle_deadline(tx, application_id, window.kind, DeadlineState.MET, at=now)
    objection_id = new_id()
    subject = Subject(
        id=objection_id,
        application_id=application_id,
        company_id=application.company_id,
        call_id=application.call_id,
        municipality_code=application.municipality_code,
    )
    decision = await deadlines.open_deadline(tx, DeadlineKind.OBJECTION_DECISION, subject, now=now)
    objection = Objection(
        id=objection_id,
        deadline_id=window.id,
        application_id=application_id,
        company_id=application.company_id,
        call_id=application.call_id,
        type_code=application.type_code,
        municipality_code=application.municipality_code,
        against=against,
        statement=statement,
        evidence_sha256=tuple(evidence_sha256),
        filed_at=now,
        due_at=decision.due_at,
        state=ObjectionState.FILED,
        version=1,
    )
    await store.add(tx, objection)
    event = ObjectionFiled(
        **applications.event_facts(application),
        objection_id=objection_id,
        against=against.value,
        due_at=decision.due_at,
    )
    await outbox.record(tx, event, at=now)
    facts: dict[str, JsonValue] = {
        "against": against.value,
        "window_due_at": window.due_at.isoformat(),
        "due_at": decision.due_at.isoformat(),
    }
    evidence = tuple(f"evidence/sha256:{digest}" for digest in objection.evidence_sha256)
    await _journal(tx, objection, "objection-filed", facts, window.rule_version, by=by, now=now, evidence=evidence)
    return objection


async def prepare_objection(
    tx: Transaction,
    objection_id: UUID,
    *,
    recommendation: Recommendation,
    findings: str,
    read_version: int,
    by: Principal,
    now: datetime,
) -> Objection:
    """Say what was found and what the operator recommends."""
    objection = await store.get(tx, objection_id, lock=True)
    domain.check_version(objection, read_version)
    prepared = domain.prepare(objection, recommendation=recommendation, findings=findings, by=by.person, now=now)
    saved = await store.save(tx, prepared)
    await _journal(
        tx, saved, "objection-prepared", {"recommendation": recommendation.value}, None, by=by, now=now, evidence=()
    )
    return saved


async def decide_objection(
    tx: Transaction,
    objection_id: UUID,
    verdict: Verdict,
    *,
    reason: str,
    read_version: int,
    by: Principal,
    now: datetime,
) -> Objection:
    """Decide what others refused the first time; an upheld one brings its case back as far as is still possible."""
    read = await store.get(tx, objection_id)
    ranking_id = await selections.hold_selection(tx, read.call_id)
    application = await applications.lock_application(tx, read.application_id)
    objection = await store.get(tx, objection_id, lock=True)
    domain.check_version(objection, read_version)
    first_deciders = await _first_deciders(tx, objection, application, ranking_id)
    scored = by.subject in await evaluations.evaluators_of(tx, application.id)
    domain.check_may_decide(objection, by=by.person, first_deciders=first_deciders, scored=scored)
    consequence = Consequence.NONE
    if verdict is Verdict.UPHELD:
        consequence = await _bring_back(tx, objection, application, ranking_id, by=by, now=now)
    decided = domain.decide(objection, verdict, consequence=consequence, reason=reason, by=by.person, now=now)
    saved = await store.save(tx, decided)
    await deadlines.settle_deadline(tx, saved.id, DeadlineKind.OBJECTION_DECISION, DeadlineState.MET, at=now)
    event = ObjectionDecided(
        **applications.event_facts(application),
        objection_id=saved.id,
        against=saved.against.value,
        verdict=verdict.value,
        consequence=consequence.value,
    )
    await outbox.record(tx, event, at=now)
    facts: dict[str, JsonValue] = {
        "against": saved.against.value,
        "verdict": verdict.value,
        "consequence": consequence.value,
    }
    await _journal(tx, saved, "objection-decided", facts, None, by=by, now=now, evidence=())
    await notices.queue(tx, [_told(saved, verdict, now=now)], now=now)
    return saved


async def _first_deciders(
    tx: Transaction, objection: Objection, application: Application, ranking_id: UUID | None
) -> frozenset[str]:
    if objection.against is not Against.INELIGIBLE and ranking_id is not None:
        return await selections.deciders(tx, ranking_id)
    refused = application.eligibility
    return frozenset({refused.decided_by}) if refused and refused.decided_by else frozenset()


async def _bring_back(
    tx: Transaction,
    objection: Objection,
    application: Application,
    ranking_id: UUID | None,
    *,
    by: Principal,
    now: datetime,
) -> Consequence:
    if application.status == cases.ApplicationStatus.WITHDRAWN:
        return Consequence.APPLICATION_WITHDRAWN
    if application.outcome == cases.Outcome.SELECTED:
        # It moved up while its objection waited; its outcome stays though funding may have refused its project since.
        stands = await projects.has_standing_project(tx, application.id)
        return Consequence.ALREADY_SELECTED if stands else Consequence.NOT_FUNDED
    if await cases.count_other_live(tx, application):
        return Consequence.OTHER_APPLICATION_STANDS
    evidence = f"objection/{objection.id}"
    if objection.against is Against.INELIGIBLE:
        application = await applications.find_eligible_after_all(tx, application, evidence=evidence, by=by, now=now)
    if ranking_id is None:
        return Consequence.TO_EVALUATION
    placed = await selections.reinstate_case(tx, application, ranking_id, evidence=evidence, by=by, now=now)
    return Consequence.REINSTATED if placed else Consequence.FIRST_RESERVE


def _told(objection: Objection, verdict: Verdict, *, now: datetime) -> Wanted:
    return Wanted(
        reason=f"objection/{objection.id}/decided",
        kind=NoticeKind.OBJECTION_DECIDED,
        recipient=Recipient.COMPANY,
        company_id=objection.company_id,
        application_id=objection.application_id,
        project_id=None,
        facts={
            "outcome": verdict.value,
            "consequence": objection.consequence.value if objection.consequence else Consequence.NONE.value,
            "decided_on": now.astimezone(KST).date().isoformat(),
        },
    )


async def _journal(
    tx: Transaction,
    objection: Objection,
    decision: str,
    facts: Mapping[str, JsonValue],
    rule_version: str | None,
    *,
    by: Principal,
    now: datetime,
    evidence: Sequence[str],
) -> None:
    entry = journal.Entry(
        chain=f"application/{objection.application_id}",
        decision=decision,
        facts={"objection_id": str(objection.id), "objection_version": objection.version, **facts},
        rule_version=None if rule_version is None else f"deadline/{rule_version}",
        evidence=evidence,
    )
    await journal.record_many(tx, [entry], by=by, at=now)
