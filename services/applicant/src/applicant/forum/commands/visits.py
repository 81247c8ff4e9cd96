"""A member of the Forum visits a firm that sent a letter, and writes down how ready it is."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from applicant.evaluations import commands as evaluations
from applicant.evaluations.commands import CoachingSource
from applicant.forum.domain import campaigns, visits
from applicant.forum.domain.visits import Readiness, Report, Visit
from applicant.forum.store import campaigns as letters
from applicant.forum.store import visits as store
from common import journal
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id

__all__ = ["Readiness", "assign_visit", "report_visit"]


async def assign_visit(
    tx: Transaction,
    letter_id: UUID,
    *,
    member_id: UUID,
    mentor_subject: str | None,
    planned_on: date,
    read_version: int,
    by: Principal,
    now: datetime,
) -> UUID:
    """Send a member of the Forum, and a mentor if there is one, to a firm; both are tied to it from here on."""
    letter = await letters.get_letter(tx, letter_id, lock=True)
    assigned = campaigns.assign_letter(letter, read_version=read_version)
    coach = await store.get_member(tx, member_id, present=True)
    visit = visits.plan_visit(
        Visit(
            id=new_id(),
            letter_id=letter_id,
            company_id=letter.company_id,
            municipality_code=letter.facts.municipality_code,
            member_id=member_id,
            coach_subject=coach.subject,
            mentor_subject=mentor_subject,
            planned_on=planned_on,
            assigned_by=by.person,
            assigned_at=now,
        ),
        today=_today(now),
    )
    await letters.save_letter_state(tx, assigned)
    await store.add_visit(tx, visit)
    facts = {"visit_id": str(visit.id), "member_id": str(member_id), "planned_on": planned_on.isoformat()}
    await journal.record(tx, chain=f"letter/{letter_id}", decision="forum-visit-assigned", by=by, at=now, facts=facts)
    tied = [coach.subject, *([mentor_subject] if mentor_subject else [])]
    await evaluations.note_coaching(
        tx, tied, [letter.company_id], source=CoachingSource.VISIT, source_id=visit.id, by=by, now=now
    )
    return visit.id


async def report_visit(
    tx: Transaction,
    visit_id: UUID,
    *,
    visited_on: date,
    findings: str,
    answers: Sequence[tuple[str, Readiness]],
    read_version: int,
    by: Principal,
    now: datetime,
) -> None:
    """Keep the report of the caller's own visit, by the checklist in force."""
    visit = await store.get_visit(tx, visit_id)
    checklist = store.checklist_in_force(_today(now))
    report = Report(visited_on, findings, checklist.version, dict(answers))
    reported = visits.report_visit(
        visit,
        report,
        read_version=read_version,
        by_subject=by.subject,
        assigned_on=_today(visit.assigned_at),
        today=_today(now),
        now=now,
    )
    visits.check_answers(checklist, [item for item, _answer in answers])
    await store.save_report(tx, reported, report)
    letter = await letters.get_letter(tx, visit.letter_id, lock=True)
    await letters.save_letter_state(tx, campaigns.consult_letter(letter))
    await journal.record(
        tx,
        chain=f"letter/{visit.letter_id}",
        decision="forum-visit-reported",
        by=by,
        at=now,
        facts={"visit_id": str(visit_id), "ready": [item for item, said in answers if said is Readiness.READY]},
        rule_version=f"readiness-checklist/{checklist.version}",
    )


def _today(now: datetime) -> date:
    return now.astimezone(KST).date()
