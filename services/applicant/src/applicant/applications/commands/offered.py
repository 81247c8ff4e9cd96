"""What stands against each step of an application that is read: the checks of the steps themselves; nothing is done.

What a check needs beside the application (an answer, a reason, items) is not asked here: it comes with the request.
"""

from datetime import datetime

from applicant.applications.domain import case, screening
from applicant.applications.domain.case import Application, ApplicationStatus
from applicant.applications.store import cases, screenings
from applicant.calls import queries as calls
from common.db import Transaction
from common.errors import DomainError

__all__ = [
    "against_asking_more",
    "against_deciding",
    "against_revising",
    "against_screening",
    "against_submitting",
    "against_supplementing",
    "against_withdrawing",
]


async def against_revising(application: Application) -> list[DomainError]:
    """Why its firm cannot change the plan."""
    try:
        case.revise(application, {})
    except DomainError as refusal:
        return [refusal]
    return []


async def against_submitting(tx: Transaction, application: Application, *, now: datetime) -> list[DomainError]:
    """Why its firm cannot hand it in; of a draft, everything at once."""
    try:
        call = await calls.get_published_call(tx, application.call_id)
        drafted = application.status is ApplicationStatus.DRAFT
        return list(
            case.against_submission(
                application,
                opens_at=call.terms.opens_at,
                closes_at=call.terms.closes_at,
                min_cost_won=calls.project_type(call.terms, application.type_code).min_cost_won,
                other_live_applications=await cases.count_other_live(tx, application) if drafted else 0,
                now=now,
            )
        )
    except DomainError as refusal:
        return [refusal]


async def against_supplementing(application: Application, *, now: datetime) -> list[DomainError]:
    """Why its firm cannot send more."""
    try:
        case.supplement(application, {}, now=now)
    except DomainError as refusal:
        return [refusal]
    return []


async def against_withdrawing(application: Application, *, now: datetime) -> list[DomainError]:
    """Why its firm cannot take it back, as far as the application says so."""
    try:
        case.withdraw(application, reason="", now=now)
    except DomainError as refusal:
        return [refusal]
    return []


async def against_screening(application: Application) -> list[DomainError]:
    """Why the operator cannot take it up."""
    try:
        case.begin_screening(application)
    except DomainError as refusal:
        return [refusal]
    return []


async def against_asking_more(application: Application, *, now: datetime) -> list[DomainError]:
    """Why the operator cannot ask for a supplement."""
    try:
        case.request_supplement(application, items=(), due_at=now, now=now)
    except DomainError as refusal:
        return [refusal]
    return []


async def against_deciding(tx: Transaction, application: Application, *, now: datetime) -> list[DomainError]:
    """Why the operator cannot confirm what the screening found."""
    try:
        case.check_decidable(application, now=now)
        screening.check_complete(await screenings.get_screening(tx, application.id))
    except DomainError as refusal:
        return [refusal]
    return []
