"""Which completed factories are known to be used: their own figures say so, and another person has verified them."""

from datetime import date, datetime
from uuid import UUID

from common.db import Transaction
from metrics.outcomes import store


async def projects_in_use(tx: Transaction, *, at: datetime) -> set[UUID] | None:
    """Those of the projects that the caller sees; None as long as nothing after a completion was verified for any.

    A report counts by the day on which it was verified, and until its firm is found to have closed.
    """
    verified = await store.last_verified_after_completion(tx, at=at)
    if not verified:
        return None
    closed = await store.last_found_closed(tx, at=at)
    return {project for project, on in verified.items() if project not in closed or closed[project] < on}


async def state_of_use(tx: Transaction, day: date) -> str:
    """As long as this is the same, so is what is known to be used by the end of a day in Korea."""
    return await store.state_by(tx, day)
