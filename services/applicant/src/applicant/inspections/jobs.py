"""The worker's part of inspections: what was not set right in time fails, case by case.

What is due is a row, so a worker that is killed anywhere leaves it due; two that take the same find it settled.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from applicant.inspections import commands
from common.auth import Principal
from common.clock import Clock
from common.db import Database

_SELF = Principal.service("applicant")
_AT_A_TIME = 50

_log = logging.getLogger(__name__)


async def fail_overdue_inspections(database: Database, clock: Clock) -> bool:
    """Fail the inspections whose fix or rework is overdue; each in a transaction of its own."""
    now = clock.now()
    async with database.transaction() as tx:
        interims = await commands.overdue_interims(tx, now=now, most=_AT_A_TIME)
        completions = await commands.overdue_completions(tx, now=now, most=_AT_A_TIME)
    worked = await _each(database, interims, commands.fail_interim, now)
    return await _each(database, completions, commands.fail_completion, now) or worked


async def _each(
    database: Database, due: Sequence[tuple[UUID, UUID]], fail: Callable[..., Awaitable[bool]], now: datetime
) -> bool:
    worked = False
    for project_id, inspection_id in due:
        try:
            async with database.transaction() as tx:
                worked = await fail(tx, project_id, inspection_id, by=_SELF, now=now) or worked
        except Exception:  # noqa: BLE001  one case must not keep the others in a middle state; it stays due
            _log.exception("an inspection could not be failed", extra={"project_id": str(project_id)})
    return worked
