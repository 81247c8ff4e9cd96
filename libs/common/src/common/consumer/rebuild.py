"""Makes a projection anew from the first record of its topics, while it is read, and puts it in place in one commit.

The service's own handlers run against temporary tables that hide the service's tables by their names, so nothing they
do is seen outside: not in the projection before it is whole, and never in the outbox or the journal. What counts is
what the live projection has applied, as its inbox says. Only for the end are the live consumer's claims held still.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DDL, MetaData, Table, Uuid, any_, bindparam, delete, func, insert, select, text

from common import failpoints, inbox, last_words, schema
from common.clock import Clock
from common.consumer import Handler, Handlers
from common.consumer.handling import Decoded, Spans, handle
from common.consumer.projection import Projection
from common.db import Database, Transaction
from common.event import DomainEvent, Undecodable, WireRecord, decode, open_envelope
from common.kafka_history import History
from common.prepared import Prepared

# ON COMMIT DROP, and gone with the connection: nothing is left of a rebuild that did not end.
_HIDE = DDL("CREATE TEMPORARY TABLE %(table)s (LIKE public.%(table)s INCLUDING ALL) ON COMMIT DROP")  # type: ignore[no-untyped-call]
# The row locks that a consumer takes for each batch wait for this, and reading does not.
_HOLD_CLAIMS = text("LOCK TABLE public.inbox_sequence IN EXCLUSIVE MODE")
_NO_HURRY = (
    text("SET LOCAL idle_in_transaction_session_timeout = 0"),
    text("SET LOCAL statement_timeout = 0"),
    text("SET LOCAL lock_timeout = '30s'"),
)
_inbox = schema.inbox.to_metadata(MetaData(), schema="public").c
# With its place, since an id may be claimed by one event and borne by another.
_APPLIED_LIVE = Prepared(
    select(_inbox.event_id, _inbox.topic, _inbox.key, _inbox.sequence).where(
        _inbox.event_id == any_(bindparam("ids", type_=ARRAY(Uuid))), _inbox.outcome == inbox.APPLIED
    )
)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many events the projection was made from, and its rows by table."""

    events: int
    rows: Mapping[str, int]


class NotTheWholeHistory(Exception):
    """Kafka does not hold all that the live projection was made from: a rebuild would lose something."""


async def rebuild(
    database: Database,
    history: History,
    handlers: Handlers,
    projection: Projection,
    *,
    service: str,
    clock: Clock,
    tables: MetaData,
) -> Rebuilt:
    """Rebuild the projection as the owner of its tables; whatever fails, the live one stays as it was."""
    heard = projection.handlers(handlers)
    async with database.transaction() as tx:
        for statement in _NO_HURRY:
            await tx.execute(statement)
        for table in tables.sorted_tables:
            await tx.execute(_HIDE.against(table))
        replay = _Replay(tx, heard, service=service, clock=clock)
        await replay.take(history.to_the_end())
        await failpoints.hit("rebuild.half_way")
        await tx.execute(_HOLD_CLAIMS)
        await replay.take(history.to_the_end())
        await replay.check_whole()
        await failpoints.hit("rebuild.before_exchange")
        rows = await _put_in_place(tx, [table for table in tables.sorted_tables if table.name in projection.tables])
        await failpoints.hit("rebuild.before_commit")
    return Rebuilt(len(replay.applied), rows)


@dataclass(slots=True)
class _Replay:
    """What was read and had its effect on the temporary tables, and what the live consumer had not claimed yet."""

    _tx: Transaction
    _handlers: Handlers
    service: str
    clock: Clock
    applied: set[UUID] = field(default_factory=set)
    _ahead: list[Decoded] = field(default_factory=list)

    async def take(self, batches: AsyncIterator[list[WireRecord]]) -> None:
        """Apply what the live projection has applied. What is ahead of it is looked at again at the next call."""
        waited, self._ahead = self._ahead, []
        await self._apply(waited)
        async for batch in batches:
            await self._apply(_events(batch, self._handlers))

    async def check_whole(self) -> None:
        types = [event.TYPE for event in self._handlers]
        counted = select(func.count()).where(_inbox.outcome == inbox.APPLIED, _inbox.type.in_(types))
        live: int = (await self._tx.execute(counted)).scalar_one()
        if live != len(self.applied):
            raise NotTheWholeHistory(f"{live} events were applied, {len(self.applied)} of them are in Kafka")

    async def _apply(self, decoded: Sequence[Decoded]) -> None:
        live = await self._applied_live([one.envelope.event_id for one in decoded])
        due = []
        for one in decoded:
            about = one.envelope
            if (about.event_id, about.topic, about.key, about.sequence) not in live:
                self._ahead.append(one)
            elif about.event_id not in self.applied:
                self.applied.add(about.event_id)
                due.append(one)
        with Spans() as spans:
            await handle(self._tx, due, service=self.service, now=self.clock.now(), spans=spans)
        # What follows from these events was told when they were heard first.
        last_words.of(self._tx).back_to((0, 0, 0))

    async def _applied_live(self, ids: Sequence[UUID]) -> set[tuple[object, ...]]:
        rows = await _APPLIED_LIVE.all(self._tx, {"ids": ids}) if ids else []
        return {(row["event_id"], row["topic"], row["key"], row["sequence"]) for row in rows}


def _events(records: Sequence[WireRecord], handlers: Handlers) -> list[Decoded]:
    by_type: dict[str, tuple[type[DomainEvent], Handler]] = {cls.TYPE: (cls, one) for cls, one in handlers.items()}
    found = []
    for record in records:
        try:
            envelope, data = open_envelope(record)
            if envelope.type in by_type:
                cls, handler = by_type[envelope.type]
                found.append(Decoded(envelope, decode(envelope, data, cls), handler))
        except Undecodable:
            # The live consumer parked it; had it ever been applied, the count at the end would miss it.
            continue
    return found


async def _put_in_place(tx: Transaction, tables: Sequence[Table]) -> dict[str, int]:
    live = [table.to_metadata(MetaData(), schema="public") for table in tables]
    for table in reversed(live):
        await tx.execute(delete(table))
    rows: dict[str, int] = {}
    for table in live:
        made: Any = table.to_metadata(MetaData(), schema="pg_temp")
        names = [column.name for column in table.columns]
        done = await tx.execute(insert(table).from_select(names, select(*(made.c[name] for name in names))))
        rows[table.name] = done.rowcount
    return rows
