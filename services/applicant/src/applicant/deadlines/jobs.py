"""The worker's part of deadlines: what comes near is told, what has passed is worked, each in a transaction of its own.

What is due is a row, so a worker that is killed anywhere leaves it due; two that take the same find it settled.
"""

import logging
from collections.abc import Mapping

from applicant.deadlines import commands
from applicant.deadlines.commands import Act, DeadlineKind
from common import failpoints
from common.auth import Principal
from common.clock import Clock
from common.db import Database

_SELF = Principal.service("applicant")
_AT_A_TIME = 50

_log = logging.getLogger(__name__)


async def work_deadlines(acts: Mapping[DeadlineKind, Act], database: Database, clock: Clock) -> bool:
    """Work every deadline that is due; one that cannot be worked waits, and keeps no other in a middle state."""
    now = clock.now()
    async with database.transaction() as tx:
        due = await commands.due_deadlines(tx, now=now, most=_AT_A_TIME)
    worked = False
    for id_ in due:
        try:
            async with database.transaction() as tx:
                done = await commands.work_deadline(tx, id_, acts, by=_SELF, now=now)
                await failpoints.hit("job.before_commit")
        except Exception:  # noqa: BLE001  one case must not keep the others waiting; it stays due
            _log.exception("a deadline could not be worked", extra={"deadline_id": str(id_)})
            async with database.transaction() as tx:
                await commands.postpone_deadline(tx, id_)
            continue
        worked = worked or done
    return worked
