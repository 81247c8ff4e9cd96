"""Tries parked events again, each key in its order: by themselves when what they waited for is done, or on request."""

from collections.abc import Iterable
from dataclasses import dataclass

from common import inbox, parked
from common.auth import Principal
from common.consumer.batch import Applier
from common.consumer.handling import Spans
from common.db import Database, Transaction, is_trouble
from common.event import Undecodable, open_envelope
from common.inbox import Key, LostClaim, Standing
from common.parked import ParkedEvent

_AT_ONCE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Redriven:
    """What a redrive of one key did: `applied` events had their effect, `left` still wait."""

    key: Key
    applied: int
    left: int


@dataclass(frozen=True, slots=True)
class _Step:
    parked_id: int
    applied: bool


class _Failed(Exception):
    """The parked event failed again; its transaction is to be rolled back first."""

    def __init__(self, parked_id: int, cause: Exception) -> None:
        self.parked_id, self.cause = parked_id, cause
        super().__init__(str(cause))


async def redrive(database: Database, applier: Applier, key: Key, *, by: Principal) -> Redriven:
    """Try everything that waits of one key, in order, and stop at the first that fails again."""
    applied = await _go_on(database, applier, key, by=by.actor, only_waiting=False)
    async with database.transaction(read_only=True) as tx:
        left = await parked.list_waiting(tx, key=key, limit=_AT_ONCE_MAX)
    return Redriven(key, applied, len(left))


async def free(database: Database, applier: Applier, keys: Iterable[Key], *, service: str) -> int:
    """Let events go on that only waited for others of their key, now that those are done."""
    by = Principal.service(service).actor
    return sum([await _go_on(database, applier, key, by=by, only_waiting=True) for key in sorted(keys)])


async def _go_on(database: Database, applier: Applier, key: Key, *, by: str, only_waiting: bool) -> int:
    applied = 0
    while True:
        try:
            with Spans() as spans:
                async with database.transaction() as tx:
                    step = await _step(tx, applier, key, by=by, only_waiting=only_waiting, spans=spans)
        except _Failed as failed:
            await _note(database, key, failed)
            return applied
        if step is None:
            return applied
        applied += step.applied


async def _step(
    tx: Transaction, applier: Applier, key: Key, *, by: str, only_waiting: bool, spans: Spans
) -> _Step | None:
    standing = (await inbox.lock(tx, [key]))[key]
    for event in await parked.list_waiting(tx, key=key, up_to=standing.last + 1, limit=_AT_ONCE_MAX):
        sequence = _sequence(event)
        if sequence is not None and sequence <= standing.last:
            await parked.resolve(tx, event.id, parked.SUPERSEDED, by=by)
            return _Step(event.id, applied=False)
        if _may_go(event, sequence, standing, only_waiting=only_waiting):
            try:
                await applier.apply_parked(tx, event.record, spans)
            except Exception as error:
                if is_trouble(error) or isinstance(error, LostClaim):
                    raise
                raise _Failed(event.id, error) from error
            await parked.resolve(tx, event.id, parked.REDRIVEN, by=by)
            return _Step(event.id, applied=True)
    return None


def _may_go(event: ParkedEvent, sequence: int | None, standing: Standing, *, only_waiting: bool) -> bool:
    if only_waiting:
        return sequence == standing.last + 1 and event.reason in parked.WAITING_REASONS
    return sequence == standing.last + 1


def _sequence(event: ParkedEvent) -> int | None:
    # What could not be read when it was parked may be readable for the program of today.
    if event.sequence is not None:
        return event.sequence
    try:
        return open_envelope(event.record)[0].sequence
    except Undecodable:
        return None


async def _note(database: Database, key: Key, failed: _Failed) -> None:
    reason, detail = parked.describe(failed.cause)
    async with database.transaction() as tx:
        await inbox.lock(tx, [key])
        await parked.keep_waiting(tx, failed.parked_id, reason=reason, detail=detail)
