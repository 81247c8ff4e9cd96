"""Carries committed events from the outbox to Kafka: everything, in the order of each key, however long Kafka is away.

One leader per service, by an advisory lock. Rows are marked, never cursored: a transaction that commits late is found.
What is not acknowledged stays unmarked and is sent again, so consumers see duplicates and never a loss.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common import failpoints, log_places, telemetry
from common.clock import SystemClock
from common.db import OUTBOX_CHANNEL, Database
from common.event import Envelope, WireRecord, encode
from common.kafka import KafkaFault, KafkaOptions, Publisher, kept_days
from common.kafka_history import look_up
from common.log_places import Partition, Place
from common.outbox import RELAY_LOCK
from common.waiting import backoff, pause, pause_until

_BATCH_ROWS = 500
_POLL_SECONDS = 1.0
_PUBLISH_SECONDS = 10.0
_RETRY_SECONDS = (0.5, 3.0)
_STALLED_AFTER_SECONDS = 30.0
_HOLD_SECONDS = 5.0
_LEASE_SECONDS = 15
"""A leader that asks its database nothing for so long is taken for frozen, and another leads. If it was only slow it
begins again; whatever it still has in hand is a copy of what the other sends."""

_SELECT = """
    SELECT id, event_id, type, topic, key, sequence, payload, occurred_at, recorded_at, correlation_id, causation_id,
        traceparent
    FROM outbox
    WHERE published_at IS NULL AND id NOT IN (SELECT unnest($1::bigint[])) AND topic <> ALL ($2::text[])
    ORDER BY id LIMIT $3
"""
# The partial index has the rows in the order they are sent in. A planner that has no statistics yet of a table that has
# just filled would rather read all that is unmarked, and sort it, for each batch: sixty times the work.
_READ_IN_ORDER = "SET enable_sort = off; SET enable_bitmapscan = off; SET enable_seqscan = off"
# What a topic no longer keeps cannot be looked at: where its last record has aged, there is nothing to recognise it by.
_SENT_PLACES = """
    SELECT place.topic, place.partition, place.kafka_offset, place.event_id
    FROM log_place AS place
    LEFT JOIN unnest($2::text[], $3::int[]) AS kept (topic, days) ON kept.topic = place.topic
    WHERE place.side = 'sent' AND place.topic = ANY($1::text[]) AND NOT EXISTS (
        SELECT FROM outbox WHERE outbox.event_id = place.event_id
            AND outbox.published_at < now() - make_interval(days => kept.days - 1)
    )
"""
_OURS = "SELECT event_id FROM outbox WHERE event_id = ANY ($1::uuid[])"
_MARK = "UPDATE outbox SET published_at = now() WHERE id = ANY($1::bigint[]) AND published_at IS NULL"

_log = logging.getLogger(__name__)
_real_time = SystemClock()
_published = telemetry.counter("relay.published", "{event}", "Events acknowledged by Kafka and marked.")
_faults = telemetry.counter("relay.faults", "{fault}", "Publications that were not acknowledged in whole.")
_oldest = telemetry.gauge("relay.oldest.age", "s", "Age of the oldest event that Kafka has not acknowledged.")


@dataclass
class RelayState:
    """What the outside may know: a relay that only waits for its turn to lead is well too."""

    leading: bool = False
    fault: str = "not started"
    oldest: datetime | None = None

    def complaint(self) -> str:
        """Why events do not leave, or nothing; one that has just failed once is no complaint yet."""
        if self.oldest is None:
            return "" if self.leading else self.fault
        age = (_real_time.now() - self.oldest).total_seconds()
        return f"the oldest event has waited {age:.0f} s: {self.fault}" if age > _STALLED_AFTER_SECONDS else ""


@dataclass(frozen=True, slots=True)
class _Sent:
    """Which rows may be marked, what stands where in the logs now, and what went wrong."""

    marked: Sequence[int]
    places: Mapping[Partition, Place]
    fault: str | None


class Relay:
    """One service's relay in one process."""

    def __init__(self, database: Database, options: KafkaOptions) -> None:
        self.state = RelayState()
        self._database = database
        self._options = options
        self._publisher: Publisher | None = None
        self._woken = asyncio.Event()
        # Topics that Kafka does not have: their events wait, and do not stand before those of the others.
        self._held: set[str] = set()
        self._held_until = 0.0
        # Topics whose log was looked at since this producer was made: a log is lost together with its connections.
        self._checked: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead when it is our turn, until told to stop."""
        attempt = 0
        while not stop.is_set():
            try:
                async with self._connection() as reader, self._connection() as marker:
                    await self._wait_for_turn(reader, stop)
                    attempt = 0
                    await self._lead(reader, marker, stop)
            except Exception as error:  # noqa: BLE001  whatever it is, what is committed must still be sent
                self.state.fault = f"{type(error).__name__}"
                _log.warning("the relay lost its database and begins again", extra={"reason": type(error).__name__})
                await pause(stop, backoff(attempt, *_RETRY_SECONDS))
                attempt += 1
            finally:
                self.state.leading = False
                await self._drop_publisher()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        async with self._database.dedicated() as connection:
            yield (await connection.get_raw_connection()).driver_connection

    async def _wait_for_turn(self, reader: Any, stop: asyncio.Event) -> None:  # noqa: ANN401  asyncpg has no types
        while not stop.is_set():
            if await reader.fetchval("SELECT pg_try_advisory_lock($1)", RELAY_LOCK):
                # The server's clock, since a frozen process keeps its connection, and with it the lock, for ever.
                await reader.execute(_READ_IN_ORDER)
                await reader.fetchval("SELECT set_config('idle_session_timeout', $1, false)", f"{_LEASE_SECONDS}s")
                self.state.leading = True
                self.state.fault = ""
                return
            # What waits now is the leader's to tell.
            self.state.fault = ""
            self._note_oldest(())
            await pause(stop, _POLL_SECONDS)

    async def _lead(self, reader: Any, marker: Any, stop: asyncio.Event) -> None:  # noqa: ANN401  asyncpg has no types
        await reader.add_listener(OUTBOX_CHANNEL, lambda *_: self._woken.set())
        attempt = 0
        while not stop.is_set():
            self._woken.clear()
            try:
                await self._drain(reader, marker, stop)
                attempt = 0
                await pause_until(self._woken, stop, _POLL_SECONDS)
            except KafkaFault as fault:
                _faults.add(1)
                self.state.fault = str(fault)
                _log.warning("events wait for Kafka", extra={"reason": str(fault)})
                await self._drop_publisher()
                await pause(stop, backoff(attempt, *_RETRY_SECONDS))
                attempt += 1

    async def _drain(self, reader: Any, marker: Any, stop: asyncio.Event) -> None:  # noqa: ANN401  asyncpg has no types
        """Send until nothing unmarked is found. Selecting ahead and marking run beside sending."""
        if time.monotonic() >= self._held_until:
            self._held.clear()
        marking: asyncio.Task[None] | None = None
        ahead: asyncio.Task[list[Any]] | None = None
        before: list[int] = []
        try:
            rows = await self._select(reader)
            await failpoints.hit("relay.after_select")
            while rows and not stop.is_set():
                self._note_oldest(rows)
                if await self._look_at_logs(reader, {row["topic"] for row in rows}):
                    # Selected anew: what an operator has had sent again meanwhile goes before what was at hand.
                    if marking is not None:
                        await marking
                    marking, before = None, []
                    rows = await self._select(reader)
                    continue
                sending = [row["id"] for row in rows]
                if len(rows) == _BATCH_ROWS:
                    # All but what is on its way, not "what has a larger id": a row that was committed late goes before
                    # the later ones of its key, though its id is smaller than those on their way.
                    ahead = asyncio.create_task(self._select(reader, besides=before + sending))
                sent = await self._send(rows)
                await failpoints.hit("relay.after_send")
                if marking is not None:
                    await marking
                marking = asyncio.create_task(self._mark(marker, sent))
                if sent.fault is not None:
                    raise KafkaFault(sent.fault)
                rows, ahead, before = await ahead if ahead else [], None, sending
                if not rows:
                    await marking
                    marking, before = None, []
                    rows = await self._select(reader)
        finally:
            open_tasks = [task for task in (marking, ahead) if task is not None]
            await asyncio.gather(*open_tasks, return_exceptions=True)
        self._note_oldest(await self._select(reader, limit=1, held=()) if self._held else rows)

    async def _select(
        self,
        reader: Any,  # noqa: ANN401  asyncpg has no types
        *,
        besides: Sequence[int] = (),
        limit: int | None = None,
        held: Iterable[str] | None = None,
    ) -> list[Any]:
        waiting = list(self._held if held is None else held)
        rows: list[Any] = await reader.fetch(_SELECT, list(besides), waiting, limit or _BATCH_ROWS)
        return rows

    async def _send(self, rows: Sequence[Any]) -> _Sent:
        assert self._publisher is not None  # noqa: S101  it looked at the logs
        result = await self._publisher.publish([_record(row) for row in rows], deadline_seconds=_PUBLISH_SECONDS)
        if result.missing:
            self._hold(result.missing, "Kafka has no topic {}")
        places = {
            Partition(*where): Place(offset, rows[index]["event_id"]) for where, (index, offset) in result.last.items()
        }
        return _Sent(safe_to_mark(rows, result.acknowledged), places, result.fault)

    async def _look_at_logs(self, reader: Any, topics: Iterable[str]) -> bool:  # noqa: ANN401  asyncpg has no types
        """See, before its first event leaves on a new connection, that a topic's log is the one written before.

        Tells whether anything had to be looked at; a topic whose log is another one is then held.
        """
        if self._publisher is not None and self._publisher.lost_a_connection():
            await self._drop_publisher()
        if self._publisher is None:
            publisher = Publisher(self._options)
            await publisher.start()
            self._publisher = publisher
        unknown = set(topics) - self._checked
        if not unknown:
            return False
        kept = kept_days()
        known = {
            Partition(row["topic"], row["partition"]): Place(row["kafka_offset"], row["event_id"])
            for row in await reader.fetch(_SENT_PLACES, list(unknown), list(kept), list(kept.values()))
        }
        found = await look_up(self._options, {where: place.offset for where, place in known.items()}) if known else {}
        lost = {where.topic for where, place in known.items() if not log_places.stands(place, found.get(where))}
        log_places.tell(log_places.SENT, unknown, lost)
        await self._look_beyond(reader, {where: place for where, place in known.items() if where.topic not in lost})
        self._checked |= unknown - lost
        if lost:
            self._hold(lost, "the log of {} is not the one that was written before")
        return True

    async def _look_beyond(self, reader: Any, known: Mapping[Partition, Place]) -> None:  # noqa: ANN401  asyncpg has no types
        """Say it when behind the last record that is known to be sent stands an event that this database has not.

        What a relay sent before it was killed it has, unmarked. What it has not was told before it was restored to an
        earlier moment: the sequences that it gives now are others' past, so that they would skip what is told.
        """
        next_ones: dict[tuple[str, int], int] = {where: place.offset + 1 for where, place in known.items()}
        found = await look_up(self._options, next_ones) if next_ones else {}
        told = {envelope.event_id: record.topic for record, envelope, _ in log_places.readable(found.values())}
        ours = {row["event_id"] for row in await reader.fetch(_OURS, list(told))} if told else set()
        beyond = {topic for event_id, topic in told.items() if event_id not in ours}
        log_places.tell(log_places.BEYOND, {where.topic for where in known}, beyond)
        if beyond:
            said = "Kafka has events of ours that this database, restored, does not know: see docs/runbook/restore.md"
            _log.critical(said, extra={"topics": sorted(beyond)})

    def _hold(self, topics: Collection[str], why: str) -> None:
        """Leave a topic alone for a while; the producer is well, and the others go on."""
        self._held.update(topics)
        self._checked -= self._held
        self._held_until = time.monotonic() + _HOLD_SECONDS
        self.state.fault = why.format(", ".join(sorted(topics)))
        _faults.add(1)
        _log.warning("events wait for their topic", extra={"reason": self.state.fault})

    async def _mark(self, marker: Any, sent: _Sent) -> None:  # noqa: ANN401  asyncpg has no types
        if sent.places:
            noted = await marker.fetch(log_places.NOTE_SENT, *log_places.columns(sent.places))
            if len(noted) < len(sent.places):
                # Unmarked, so that the next try has something to send and looks at the log before it does.
                raise KafkaFault("a log went back while it was written: it is looked at again")
        if sent.marked:
            await marker.execute(_MARK, list(sent.marked))
            _published.add(len(sent.marked))
            if not self._held:
                self.state.fault = ""

    async def _drop_publisher(self) -> None:
        publisher, self._publisher = self._publisher, None
        self._checked.clear()
        if publisher is not None:
            await publisher.close()

    def _note_oldest(self, rows: Sequence[Any]) -> None:
        self.state.oldest = rows[0]["recorded_at"] if rows else None
        _oldest.set((_real_time.now() - self.state.oldest).total_seconds() if self.state.oldest else 0.0)


def safe_to_mark(rows: Sequence[Any], acknowledged: Sequence[bool]) -> list[int]:
    """The acknowledged rows whose earlier rows of the same key are acknowledged too; the others are sent again."""
    held: set[tuple[str, object]] = set()
    marked = []
    for row, is_acknowledged in zip(rows, acknowledged, strict=True):
        key = (row["topic"], row["key"])
        if not is_acknowledged:
            held.add(key)
        elif key not in held:
            marked.append(row["id"])
    return marked


def _record(row: Any) -> WireRecord:  # noqa: ANN401  asyncpg has no types
    envelope = Envelope(
        event_id=row["event_id"],
        type=row["type"],
        topic=row["topic"],
        key=row["key"],
        sequence=row["sequence"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        traceparent=row["traceparent"],
    )
    return encode(envelope, row["payload"])
