"""The worker's part of a selection: each decision that is under way goes one stage on, in its own transaction."""

import logging

from applicant.selections import commands
from applicant.selections.commands import Decision
from common import context, failpoints
from common.clock import Clock
from common.db import Database
from common.errors import DomainError

_log = logging.getLogger(__name__)


async def work_decisions(database: Database, clock: Clock) -> bool:
    """Go on with every decision that is under way; one that cannot go on keeps no other waiting."""
    async with database.transaction() as tx:
        under_way = await commands.decisions_under_way(tx)
    worked = False
    for each in under_way:
        try:
            worked = await _one(each, database, clock) or worked
        except Exception:  # noqa: BLE001  one call must not keep the others waiting; it stays due
            _log.exception("a decision could not go on", extra={"decision_id": str(each.id)})
    return worked


async def _one(each: Decision, database: Database, clock: Clock) -> bool:
    by = commands.approver_of(each)
    with context.carried(correlation=each.correlation_id, causation=str(each.id), by=by.actor):
        try:
            async with database.transaction() as tx:
                worked = await commands.work_decision(tx, each.id, now=clock.now())
                await failpoints.hit("job.before_commit")
        except DomainError as rule:
            # Its transaction took back what was done in it; that it was refused is kept by another.
            async with database.transaction() as tx:
                return await commands.end_refused(tx, each.id, rule, now=clock.now())
    return worked
