"""What the province does for its mentorship programme: open a cohort, recruit mentors, record who was trained."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from common import journal, outbox
from common.auth import Principal
from common.clock import KST
from common.db import Transaction
from common.event import new_id
from common.journal import JsonValue
from contracts.mentoring import MentorTrainingCompleted
from mentoring.mentors import domain, store
from mentoring.mentors.domain import Cohort, CohortTerms, CohortUnknown, Mastery, Mentor, MentorNotRecruited

__all__ = [
    "Cohort",
    "CohortTerms",
    "CohortUnknown",
    "Mastery",
    "Mentor",
    "MentorNotRecruited",
    "complete_training",
    "get_cohort",
    "lock_mentors",
    "open_cohort",
    "recruit_mentor",
]


async def open_cohort(
    tx: Transaction, *, title: str, recruited_on: date, terms: CohortTerms, by: Principal, now: datetime
) -> UUID:
    """Open a cohort under the terms of its year."""
    cohort = domain.open_cohort(
        cohort_id=new_id(), title=title, recruited_on=recruited_on, terms=terms, by=by.person, at=now
    )
    await store.add_cohort(tx, cohort)
    await journal.record(
        tx,
        chain=f"cohort/{cohort.id}",
        decision="cohort-opened",
        by=by,
        at=now,
        facts={
            "recruited_on": recruited_on.isoformat(),
            "experience_years_min": terms.experience_years_min,
            "team_size": [terms.team_size_min, terms.team_size_max],
            "residency_weeks": [terms.residency_weeks_min, terms.residency_weeks_max],
        },
    )
    return cohort.id


async def recruit_mentor(
    tx: Transaction,
    cohort_id: UUID,
    *,
    subject: str,
    experience_years: int,
    mastery: Mastery,
    by: Principal,
    now: datetime,
) -> UUID:
    """Take somebody who has the years into a cohort."""
    cohort = await store.get_cohort(tx, cohort_id)
    mentor = domain.recruit_mentor(
        cohort,
        mentor_id=new_id(),
        subject=subject,
        experience_years=experience_years,
        mastery=mastery,
        by=by.person,
        at=now,
    )
    await store.add_mentor(tx, mentor)
    facts: dict[str, JsonValue] = {"mentor_id": str(mentor.id), "experience_years": experience_years}
    await journal.record(tx, chain=f"cohort/{cohort_id}", decision="mentor-recruited", by=by, at=now, facts=facts)
    return mentor.id


async def complete_training(
    tx: Transaction,
    cohort_id: UUID,
    *,
    mentor_ids: Collection[UUID],
    completed_on: date,
    evidence_sha256: str,
    by: Principal,
    now: datetime,
) -> None:
    """Record who completed Samsung's training, all of them or none, on the evidence of Samsung's own list."""
    cohort = await store.get_cohort(tx, cohort_id)
    found = await store.get_locked(tx, mentor_ids)
    domain.check_all_found(mentor_ids, found, cohort)
    today = now.astimezone(KST).date()
    trained = [
        domain.complete_training(
            mentor, cohort, completed_on=completed_on, evidence_sha256=evidence_sha256, by=by.person, today=today
        )
        for mentor in found
    ]
    for mentor in trained:
        await store.save_training(tx, mentor)
    told = [
        MentorTrainingCompleted(mentor_id=each.id, cohort_id=cohort_id, completed_on=completed_on) for each in trained
    ]
    await outbox.record_many(tx, told, at=now)
    await journal.record(
        tx,
        chain=f"cohort/{cohort_id}",
        decision="training-completed",
        by=by,
        at=now,
        facts={"mentor_ids": [str(each.id) for each in trained], "completed_on": completed_on.isoformat()},
        evidence=[f"sha256:{evidence_sha256}"],
    )


async def get_cohort(tx: Transaction, cohort_id: UUID) -> Cohort:
    """A cohort with its terms, for features that work by them."""
    return await store.get_cohort(tx, cohort_id)


async def lock_mentors(tx: Transaction, mentor_ids: Collection[UUID]) -> list[Mentor]:
    """Those of these that there are, held until commit."""
    return await store.get_locked(tx, mentor_ids)
