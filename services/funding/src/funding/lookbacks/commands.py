"""Recording who looked back at what: in a chain of its own, so that no reading lengthens the chain of the case."""

from datetime import datetime
from uuid import UUID

from common import journal
from common.auth import Principal
from common.db import Transaction
from common.looking_back import Axis


async def record_reading(
    tx: Transaction,
    project_id: UUID,
    what: str,
    *,
    by: Principal,
    now: datetime,
    at: datetime | None = None,
    clock: Axis | None = None,
    sha256: str | None = None,
) -> None:
    """Somebody was shown a project's money, accounts of firms and suppliers among it, or took it away as this file."""
    facts = {} if at is None or clock is None else {"at": at.isoformat(), "clock": clock.value}
    if sha256 is not None:
        facts["sha256"] = sha256
    await journal.record(tx, chain=f"reading/{project_id}", decision=f"{what}-read", by=by, at=now, facts=facts)
