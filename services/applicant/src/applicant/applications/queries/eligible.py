"""The eligible applications of a call as panels and rankings go by them: there may be a hundred thousand."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import false, func, select

from applicant.applications.domain.case import FINAL, ApplicationStatus
from applicant.applications.store.cases import ApplicationRow
from common.db import Transaction, one_of

_CASES_AT_ONCE = 5_000
"""A statement has three seconds, however many cases a call has."""


@dataclass(frozen=True, slots=True)
class EligibleCase:
    """Of an eligible application only what panels and rankings go by: a call may have a hundred thousand of them."""

    id: UUID
    company_id: UUID
    type_code: str
    municipality_code: str
    total_cost_won: int
    first_timer: bool
    submitted_at: datetime


_ELIGIBLE = select(
    ApplicationRow.id,
    ApplicationRow.company_id,
    ApplicationRow.type_code,
    ApplicationRow.municipality_code,
    ApplicationRow.total_cost_won,
    func.coalesce(ApplicationRow.first_timer, false()),
    ApplicationRow.submitted_at,
).where(ApplicationRow.status == ApplicationStatus.ELIGIBLE.value)


async def eligible_of_call(tx: Transaction, call_id: UUID) -> list[EligibleCase]:
    """Every eligible application of a call, earliest submission first: what panels score and rankings order."""
    found: list[EligibleCase] = []
    statement = _ELIGIBLE.where(ApplicationRow.call_id == call_id).order_by(ApplicationRow.id).limit(_CASES_AT_ONCE)
    while True:
        after = statement.where(ApplicationRow.id > found[-1].id) if found else statement
        rows: Iterable[Any] = await tx.execute(after)  # what was handed in has a time, which its column does not know
        page = [EligibleCase(*row) for row in rows]
        found += page
        if len(page) < _CASES_AT_ONCE:
            return sorted(found, key=lambda each: (each.submitted_at, each.id))


async def count_eligible(tx: Transaction, call_id: UUID) -> int:
    """How many eligible applications a call has."""
    wanted = (ApplicationRow.call_id == call_id, ApplicationRow.status == ApplicationStatus.ELIGIBLE.value)
    return (await tx.execute(select(func.count()).where(*wanted))).scalar_one()


async def still_eligible(tx: Transaction, application_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these applications that are eligible now: what waits for a place may have been withdrawn."""
    statement = select(ApplicationRow.id).where(
        one_of(ApplicationRow.id, application_ids), ApplicationRow.status == ApplicationStatus.ELIGIBLE.value
    )
    return frozenset((await tx.execute(statement)).scalars())


async def count_in_screening(tx: Transaction, call_id: UUID) -> int:
    """How many handed-in applications of a call are not decided yet: none may be when it is ranked."""
    ended = (ApplicationStatus.DRAFT, ApplicationStatus.ELIGIBLE, *FINAL)
    statement = select(func.count()).where(
        ApplicationRow.call_id == call_id, ApplicationRow.status.not_in([status.value for status in ended])
    )
    return (await tx.execute(statement)).scalar_one()
