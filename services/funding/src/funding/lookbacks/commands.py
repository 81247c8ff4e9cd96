"""Recording who looked back at what: in a chain of its own, so that no reading lengthens the chain of the case."""

from datetime import datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.db import Transaction
from common.looking_back import Axis


async def record_reading(
    tx: Transaction, project_id: UUID, what: str, *, at: datetime, clock: Axis, by: Principal, now: datetime
) -> None:
    """Somebody was shown a project's money as of an instant, accounts of firms and suppliers among it."""
    await journal.record(
        tx,
        chain=f"reading/{project_id}",
        decision=f"{what}-read",
        by=by,
        at=now,
        facts={"at": at.isoformat(), "clock": clock.value},
    )
