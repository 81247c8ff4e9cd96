"""Applies fetched records: one transaction for the batch, halved on failure until the bad event stands alone.

The outcomes are those of the table in docs/architecture.md: apply, skip, park, park behind, or leave for later because
the database is in trouble.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from common import failpoints, inbox, log_places, parked, telemetry
from common.acting import as_service
from common.clock import Clock
from common.consumer import Handler, Handlers
from common.consumer.handling import Decoded, HandlerTooSlow, Spans, decides, handle
from common.db import Database, Transaction, is_trouble
from common.event import DomainEvent, Envelope, Undecodable, UnknownVersion, WireRecord, decode, open_envelope
from common.inbox import Claim, Key, LostClaim, Standing, Verdict

PARKED_IN_A_ROW_MAX = 20
"""So many events that fail one after the other mean a bad deployment, not bad data."""

_DECISIONS_AT_ONCE = 50
_LONG_SECONDS = 10.0
_SLOW_DATABASE_SECONDS = 1.0
_PARK, _WAIT, _OLD = "park", "wait", "old"

_log = logging.getLogger(__name__)
_events = telemetry.counter(
    "consumer.events", "{event}", "Events received, by outcome: applied, unused, old (a duplicate), park, wait."
)


class Trouble(Exception):
    """The database, or the way to it, failed after `done` records of the batch; the rest is as it was."""

    def __init__(self, done: int, cause: BaseException) -> None:
        self.done = done
        super().__init__(f"{type(cause).__name__} after {done} records")


@dataclass(frozen=True, slots=True)
class Applied:
    """How far a batch came: not to its end when it is `halted` after too many parked in a row, or when it takes long.

    `freed` keys have something parked that may go on now.
    """

    done: int
    halted: bool
    freed: frozenset[Key]


class _Read(msgspec.Struct, frozen=True):
    """A record as far as it could be read: an event to handle, one of no use here, or one to park."""

    record: WireRecord
    envelope: Envelope | None = None
    decoded: Decoded | None = None
    fault: Undecodable | None = None


@dataclass(slots=True)
class _Counts:
    outcomes: list[str]
    freed: set[Key]


class Applier:
    """One service's way from records to effects. It counts what is parked in a row, over all batches."""

    def __init__(self, database: Database, clock: Clock, handlers: Handlers, *, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._by_type: dict[str, tuple[type[DomainEvent], Handler]] = {
            cls.TYPE: (cls, handler) for cls, handler in handlers.items()
        }
        self._stems = {_stem(type_) for type_ in self._by_type}
        self._streak = 0

    async def apply(self, records: Sequence[WireRecord]) -> Applied:
        """Settle records in order; raises `Trouble` when the database is at fault, never for a fault of a record."""
        done, freed, began = 0, set[Key](), time.monotonic()
        work = [[self._read(record) for record in records]]
        while work:
            if done and time.monotonic() - began > _LONG_SECONDS:
                break
            part = work.pop()
            cut = self._cut(part)
            if cut < len(part):
                work.append(part[cut:])
                part = part[:cut]
            try:
                counts = await self._apply_once(part)
            except Exception as error:
                if is_trouble(error) or isinstance(error, (LostClaim, failpoints.Injected)):
                    raise Trouble(done, error) from error
                if len(part) > 1:
                    work += _divided(part, error)
                    continue
                counts = await self._park_alone(part[0], error, done)
            done += len(part)
            freed |= counts.freed
            self._tell(part, counts.outcomes)
            if self._too_many_parked(counts.outcomes):
                return Applied(done, halted=True, freed=frozenset(freed))
        return Applied(done, halted=False, freed=frozenset(freed))

    async def apply_parked(self, tx: Transaction, record: WireRecord, spans: Spans) -> Exception | None:
        """Have the effect of one record that waited, in the caller's transaction; a failure is undone and handed back.

        A fault of the database is raised: with it nothing can be said about the record.
        """
        try:
            # Whoever asked for it, the event has its effect as it would have had in the worker.
            async with self._database.savepoint(tx), as_service(tx):
                await self._claim_and_handle(tx, record, spans)
        except Exception as error:
            if is_trouble(error):
                raise
            return error
        return None

    async def _claim_and_handle(self, tx: Transaction, record: WireRecord, spans: Spans) -> None:
        read = self._read(record)
        if read.fault is not None:
            raise read.fault
        assert read.envelope is not None  # noqa: S101  no fault, so it was read
        outcome = inbox.APPLIED if read.decoded else inbox.UNUSED
        await inbox.claim_all(tx, [Claim(read.envelope, outcome)])
        if read.decoded is not None:
            await handle(tx, [read.decoded], service=self._service, now=self._clock.now(), spans=spans)

    def _read(self, record: WireRecord) -> _Read:
        envelope = None
        try:
            envelope, data = open_envelope(record)
            found = self._by_type.get(envelope.type)
            if found is None:
                if _stem(envelope.type) in self._stems:
                    raise UnknownVersion(f"{envelope.type} is a version that is not known here")
                return _Read(record, envelope)
            cls, handler = found
            return _Read(record, envelope, Decoded(envelope, decode(envelope, data, cls), handler))
        except Undecodable as fault:
            return _Read(record, envelope, fault=fault)

    async def _apply_once(self, part: Sequence[_Read]) -> _Counts:
        with Spans() as spans:
            async with self._database.transaction() as tx:
                keys = [parked.key_of(read.record) for read in part]
                standings = await inbox.lock(tx, dict.fromkeys(keys))
                counts, claims, decoded = _Counts([], set()), list[Claim](), list[Decoded]()
                for read, key in zip(part, keys, strict=True):
                    outcome, reason, detail = _judge(read, standings[key])
                    if outcome in {_PARK, _WAIT}:
                        new = await parked.park(tx, read.record, envelope=read.envelope, reason=reason, detail=detail)
                        outcome = outcome if new else _OLD
                    elif outcome in {inbox.APPLIED, inbox.UNUSED}:
                        assert read.envelope is not None  # noqa: S101  an event that is next was read
                        claims.append(Claim(read.envelope, outcome))
                        if read.decoded is not None:
                            decoded.append(read.decoded)
                    counts.outcomes.append(outcome)
                counts.freed |= {key for key, standing in standings.items() if standing.may_go_on()}
                await inbox.claim_all(tx, claims)
                await handle(tx, decoded, service=self._service, now=self._clock.now(), spans=spans)
                await log_places.note_heard(
                    tx, log_places.last_places((read.record, read.envelope) for read in part if read.envelope)
                )
                await failpoints.hit("consumer.before_commit")
        return counts

    async def _park_alone(self, read: _Read, error: Exception, done: int) -> _Counts:
        reason, detail = parked.describe(error)
        try:
            if isinstance(error, HandlerTooSlow) and await self._database_is_slow():
                raise Trouble(done, error) from error
            async with self._database.transaction() as tx:
                await inbox.lock(tx, [parked.key_of(read.record)])
                new = await parked.park(tx, read.record, envelope=read.envelope, reason=reason, detail=detail)
        except Exception as fault:
            # Nothing is settled as long as not even the parking is: the batch stays where it is.
            raise Trouble(done, fault) from fault
        return _Counts([_PARK if new else _OLD], set())

    def _tell(self, part: Sequence[_Read], outcomes: Sequence[str]) -> None:
        for outcome, count in Counter(outcomes).items():
            _events.add(count, {"outcome": outcome})
        for read, outcome in zip(part, outcomes, strict=True):
            if outcome in {_PARK, _WAIT}:
                _log.warning(
                    "an event is parked",
                    extra={
                        "outcome": outcome,
                        "topic": read.record.topic,
                        "partition": read.record.partition,
                        "offset": read.record.offset,
                        "key": str(read.envelope.key) if read.envelope else None,
                        "event_id": str(read.envelope.event_id) if read.envelope else None,
                    },
                )

    async def _database_is_slow(self) -> bool:
        """Tell whether a handler that took too long may have been kept waiting by the database."""
        asked = time.monotonic()
        await self._database.ping()
        return time.monotonic() - asked > _SLOW_DATABASE_SECONDS

    def _cut(self, part: Sequence[_Read]) -> int:
        """Where to end a transaction: before unreadable records are parked by the hundred, or locks are held long."""
        streak, decisions = self._streak, 0
        for index, read in enumerate(part, start=1):
            streak = streak + 1 if read.fault is not None else 0
            decisions += read.decoded is not None and decides(read.decoded.handler)
            if streak >= PARKED_IN_A_ROW_MAX or decisions >= _DECISIONS_AT_ONCE:
                return index
        return len(part)

    def _too_many_parked(self, outcomes: Sequence[str]) -> bool:
        for outcome in outcomes:
            if outcome == _PARK:
                self._streak += 1
            elif outcome == inbox.APPLIED:
                self._streak = 0
        return self._streak >= PARKED_IN_A_ROW_MAX


def _judge(read: _Read, standing: Standing) -> tuple[str, str, str]:
    """Say what to do with a record and why, and note it in the standing for those that follow in the batch."""
    if read.envelope is None:
        # Without a sequence it cannot be placed, and it need not be: were it an event, the next one will show the gap.
        return _PARK, *_why(read.fault)
    sequence = read.envelope.sequence
    verdict = standing.judge(sequence)
    if verdict is Verdict.OLD:
        return _OLD, "", ""
    if read.fault is not None:
        standing.waiting.add(sequence)
        standing.failed.add(sequence)
        return _PARK, *_why(read.fault)
    if verdict is Verdict.NEXT:
        standing.last = sequence
        return inbox.APPLIED if read.decoded else inbox.UNUSED, "", ""
    standing.waiting.add(sequence)
    return _WAIT, verdict.value, f"sequence {sequence} came while {standing.last + 1} is next"


def _divided(part: list[_Read], error: Exception) -> list[list[_Read]]:
    """The parts to try instead of one that failed, the first one last: halves, or around the event that is known."""
    if isinstance(error, HandlerTooSlow):
        slow = next(n for n, read in enumerate(part) if read.envelope and read.envelope.event_id == error.event_id)
        return [some for some in (part[slow + 1 :], [part[slow]], part[:slow]) if some]
    middle = len(part) // 2
    return [part[middle:], part[:middle]]


def _why(fault: Undecodable | None) -> tuple[str, str]:
    assert fault is not None  # noqa: S101  asked only for records that could not be read
    return fault.reason, fault.detail


def _stem(type_: str) -> str:
    return type_.rpartition(".v")[0]
