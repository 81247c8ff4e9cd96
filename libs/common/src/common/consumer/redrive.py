"""Tries parked events again, each key in its order: by themselves when what they waited for is done, or on request.

What an operator asks for is one transaction: who asked and why, every event that had its effect, and the one at which
it stopped, are committed together or not at all.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from common import inbox, notes, parked
from common.auth import Principal
from common.consumer.batch import Applier
from common.consumer.handling import Spans
from common.db import Database, Transaction
from common.errors import InvalidInput, Text
from common.event import Undecodable, open_envelope
from common.inbox import Key, LostClaim
from common.journal import JsonValue
from common.parked import ParkedEvent

AT_ONCE_MAX = 50
"""So many events of one key are tried in one transaction, which ends within an API's unit of work even where each is a
decision on money; the worker goes on with the rest, or who has more waiting asks again."""


class RedriveNeedsReason(InvalidInput):
    """Trying again is a decision too: something was mended, and the journal says what."""

    code = "redrive-needs-reason"
    title = Text("재처리 사유가 필요합니다", "A reason is needed")
    detail = Text("무엇을 고쳐서 다시 처리하는지 적어 주세요.", "Say what was mended, so that another try makes sense.")


@dataclass(frozen=True, slots=True)
class Redriven:
    """What trying one key did: `applied` events had their effect, `left` still wait for `next_sequence`."""

    key: Key
    applied: int
    left: int
    next_sequence: int


class _Step(Enum):
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    NOTHING = "nothing"


_GOES_ON = (_Step.APPLIED, _Step.SUPERSEDED)


async def redrive_event(
    tx: Transaction, applier: Applier, id_: int, *, by: Principal, reason: str, at: datetime
) -> Redriven:
    """Try a parked event and what waits with it again, because somebody asks for it, and note who and why."""
    if not reason.strip():
        raise RedriveNeedsReason
    event = await parked.lock_unresolved(tx, id_)
    done = await _redrive_key(tx, applier, event.key, by=by.actor)
    said = await notes.keep(tx, reason.strip(), chain=parked.chain_of(event.key))
    facts: dict[str, JsonValue] = {"reason": said.reference, "applied": done.applied, "left": done.left}
    await parked.note(tx, event, "parked-event.redriven", by=by, at=at, facts=facts)
    return done


async def discard_event(
    tx: Transaction, applier: Applier, id_: int, *, by: Principal, at: datetime, version: int | None = None
) -> Redriven:
    """Drop a parked event as its second person, and let go on what only waited behind it."""
    key = await parked.confirm_discard(tx, id_, by=by, at=at, version=version)
    return await _redrive_key(tx, applier, key, by=by.actor, only_waiting=True)


async def redrive(database: Database, applier: Applier, key: Key, *, by: Principal) -> Redriven:
    """Try everything that waits of one key, in order, and stop at the first that fails again."""
    applied = 0
    while True:
        async with database.transaction() as tx:
            done = await _redrive_key(tx, applier, key, by=by.actor)
        applied += done.applied
        if done.applied < AT_ONCE_MAX:
            return Redriven(key, applied, done.left, done.next_sequence)


async def free(database: Database, applier: Applier, keys: set[Key], *, service: str) -> int:
    """Let events go on that only waited for others of their key, now that those are done: each in its transaction.

    At most `AT_ONCE_MAX` of them, so that whoever has much to let go on does not keep all other keys waiting. A key of
    which nothing goes on any more is taken out of `keys`: what is left there is for the next time, and nobody looks
    again at a thousand keys that are done to let one more go on.
    """
    by = Principal.service(service).actor
    applied = 0
    for key in sorted(keys):
        step = _Step.APPLIED
        while step in _GOES_ON:
            if applied == AT_ONCE_MAX:
                return applied
            with Spans() as spans:
                async with database.transaction() as tx:
                    step = await _step(tx, applier, key, by=by, only_waiting=True, spans=spans)
            applied += step is _Step.APPLIED
        keys.discard(key)
    return applied


async def _redrive_key(tx: Transaction, applier: Applier, key: Key, *, by: str, only_waiting: bool = False) -> Redriven:
    applied, step = 0, _Step.APPLIED
    with Spans() as spans:
        while step in _GOES_ON and applied < AT_ONCE_MAX:
            step = await _step(tx, applier, key, by=by, only_waiting=only_waiting, spans=spans)
            applied += step is _Step.APPLIED
    left = (await parked.count_waiting(tx, key=key)).get(key.topic, 0)
    return Redriven(key, applied, left, await inbox.reached(tx, key) + 1)


async def _step(tx: Transaction, applier: Applier, key: Key, *, by: str, only_waiting: bool, spans: Spans) -> _Step:
    for find in (parked.lock_first, parked.lock_unplaced):
        waiting = await find(tx, key)
        last = await inbox.reached(tx, key)
        for event in waiting:
            sequence = _sequence(event)
            if sequence is not None and sequence <= last:
                await parked.resolve(tx, event.id, parked.SUPERSEDED, by=by)
                return _Step.SUPERSEDED
            if _may_go(event, sequence, last, only_waiting=only_waiting):
                return await _try(tx, applier, event, by=by, spans=spans)
    return _Step.NOTHING


async def _try(tx: Transaction, applier: Applier, event: ParkedEvent, *, by: str, spans: Spans) -> _Step:
    failed = await applier.apply_parked(tx, event.record, spans)
    if failed is None:
        await parked.resolve(tx, event.id, parked.REDRIVEN, by=by)
        return _Step.APPLIED
    if isinstance(failed, LostClaim):
        # The consumer met another copy of it just now: a key's first event leaves no row to wait at.
        await parked.resolve(tx, event.id, parked.SUPERSEDED, by=by)
        return _Step.SUPERSEDED
    reason, detail = parked.describe(failed)
    await parked.keep_waiting(tx, event.id, reason=reason, detail=detail)
    return _Step.FAILED


def _may_go(event: ParkedEvent, sequence: int | None, last: int, *, only_waiting: bool) -> bool:
    if only_waiting and event.reason not in parked.WAITING_REASONS:
        return False
    return sequence == last + 1


def _sequence(event: ParkedEvent) -> int | None:
    # What could not be read when it was parked may be readable for the program of today.
    if event.sequence is not None:
        return event.sequence
    try:
        return open_envelope(event.record)[0].sequence
    except Undecodable:
        return None
