"""The worker's part of agreements: what was not signed in time is given back, case by case.

What is due is a row, so a worker that is killed anywhere leaves it due; two that take the same find it settled.
"""

import logging

from applicant.projects import commands
from common.auth import Principal
from common.clock import Clock
from common.db import Database

_SELF = Principal.service("applicant")
_AT_A_TIME = 50

_log = logging.getLogger(__name__)


async def lapse_agreements(database: Database, clock: Clock) -> bool:
    """Give back the places whose agreements were not signed in time; each in a transaction of its own."""
    now = clock.now()
    async with database.transaction() as tx:
        due = await commands.due_projects(tx, now=now, most=_AT_A_TIME)
    worked = False
    for application_id, project_id in due:
        try:
            async with database.transaction() as tx:
                done = await commands.lapse_project(tx, project_id, application_id=application_id, by=_SELF, now=now)
                worked = worked or done
        except Exception:  # noqa: BLE001  one case must not keep the others in a middle state; it stays due
            _log.exception("an agreement could not be let lapse", extra={"project_id": str(project_id)})
    return worked
