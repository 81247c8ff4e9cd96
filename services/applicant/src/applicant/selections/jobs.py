"""The worker's part of a selection: rankings that were asked for are made, decisions under way go one stage on.

Each in its own transaction, and in the name of who asked for it.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from applicant.selections import commands
from common import context, failpoints
from common.auth import Principal
from common.clock import Clock
from common.db import Database, Transaction
from common.errors import DomainError

_log = logging.getLogger(__name__)


class _Asked(Protocol):
    """What somebody has asked for."""

    @property
    def id(self) -> UUID: ...
    @property
    def correlation_id(self) -> str: ...


class _Work(Protocol):
    async def __call__(self, tx: Transaction, id_: UUID, /, *, now: datetime) -> bool: ...


class _Refuse(Protocol):
    async def __call__(self, tx: Transaction, id_: UUID, rule: DomainError, /, *, now: datetime) -> bool: ...


_Any = TypeVar("_Any", bound=_Asked)


async def work_rankings(database: Database, clock: Clock) -> bool:
    """Make every ranking that is asked for; one that cannot be made keeps no other waiting."""
    async with database.transaction() as tx:
        asked = await commands.requests_under_way(tx)
    return await _each(
        asked, commands.proposer_of, commands.work_request, commands.end_refused_request, database, clock
    )


async def work_decisions(database: Database, clock: Clock) -> bool:
    """Go on with every decision that is under way; one that cannot go on keeps no other waiting."""
    async with database.transaction() as tx:
        under_way = await commands.decisions_under_way(tx)
    return await _each(under_way, commands.approver_of, commands.work_decision, commands.end_refused, database, clock)


async def _each(
    asked: Sequence[_Any],
    whose: Callable[[_Any], Principal],
    work: _Work,
    refuse: _Refuse,
    database: Database,
    clock: Clock,
) -> bool:
    worked = False
    for each in asked:
        try:
            with context.carried(correlation=each.correlation_id, causation=str(each.id), by=whose(each).actor):
                worked = await _one(each.id, work, refuse, database, clock) or worked
        except Exception:  # noqa: BLE001  one call must not keep the others waiting; it stays due
            _log.exception("a ranking or a decision could not go on", extra={"decision_id": str(each.id)})
    return worked


async def _one(id_: UUID, work: _Work, refuse: _Refuse, database: Database, clock: Clock) -> bool:
    try:
        async with database.transaction() as tx:
            worked = await work(tx, id_, now=clock.now())
            await failpoints.hit("job.before_commit")
    except DomainError as rule:
        # Its transaction took back what was done in it; that it was refused is kept by another.
        async with database.transaction() as tx:
            return await refuse(tx, id_, rule, now=clock.now())
    return worked
