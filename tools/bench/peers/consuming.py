"""The consumer's work in the ways it is usually written: a transaction per message, an ORM session, FastStream.

Each reads what it is told to from a topic of its own, does the inbox row and the effect, and stops; the clock runs from
its first record to its last commit, inside the handler, so that no framework's buffer is counted in or out.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer
from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from common.event import DomainEvent, Envelope, WireRecord, decode, open_envelope
from contracts.applicant import ApplicationSubmitted
from tools.bench.parts import Answer, serve
from tools.bench.peers.rows import EffectRow, InboxRow
from tools.bench.tables import APPLY_BATCH, APPLY_ONE, CLAIM_ONE

_GROUPS = {"transactions": "peer-transactions", "orm": "peer-orm", "each": "peer-fs-each", "batch": "peer-fs-batch"}
_READ_SECONDS = 60.0

_pools: dict[str, Any] = {}
_engines: dict[str, AsyncEngine] = {}
Event = tuple[Envelope, ApplicationSubmitted]
Deed = Callable[[Event], Awaitable[None]]


class _Clock:
    """From the first record in a handler to the last one done."""

    def __init__(self, count: int) -> None:
        self.left, self.count = count, count
        self.began = self.ended = 0.0
        self.over = asyncio.Event()

    def start(self) -> None:
        self.began = self.began or time.monotonic()

    def done(self, records: int) -> None:
        self.left -= records
        self.ended = time.monotonic()
        if self.left <= 0:
            self.over.set()

    def answer(self) -> Answer:
        return {"operations": self.count - max(0, self.left), "seconds": self.ended - self.began}


async def per_message(bootstrap_servers: str, url: str, topic: str, count: int, kind: str) -> Answer:
    """With aiokafka alone: each record its own transaction (`transactions`) or its own ORM session (`orm`)."""
    pool = await _pool(url)
    deed: Deed = (lambda event: _transaction(pool, event)) if kind == "transactions" else _session(url)
    clock = _Clock(count)
    subscription = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap_servers,
        group_id=_GROUPS[kind],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await subscription.start()
    try:
        until = time.monotonic() + _READ_SECONDS
        while clock.left > 0 and time.monotonic() < until:
            for batch in (await subscription.getmany(timeout_ms=500, max_records=500)).values():
                clock.start()
                for record in batch:
                    await deed(_read(record.key, record.value, record.headers))
                    clock.done(1)
            await subscription.commit()
    finally:
        await subscription.stop()
    return clock.answer()


async def faststream_each(bootstrap_servers: str, url: str, topic: str, count: int) -> Answer:
    """A FastStream handler per message with the same transaction."""
    pool, clock = await _pool(url), _Clock(count)
    broker = KafkaBroker(bootstrap_servers, logger=None)

    @broker.subscriber(topic, group_id=_GROUPS["each"], auto_offset_reset="earliest", decoder=_undecoded)
    async def handle(body: bytes | list[bytes], message: KafkaMessage) -> None:
        clock.start()
        raw: Any = message.raw_message
        await _transaction(pool, _read(raw.key, raw.value, raw.headers))
        clock.done(1)

    return await _run(broker, clock)


async def faststream_batch(bootstrap_servers: str, url: str, topic: str, count: int) -> Answer:
    """A FastStream batch handler with one statement for the batch."""
    pool, clock = await _pool(url), _Clock(count)
    broker = KafkaBroker(bootstrap_servers, logger=None)

    @broker.subscriber(
        topic,
        group_id=_GROUPS["batch"],
        batch=True,
        max_records=500,
        auto_offset_reset="earliest",
        decoder=_undecoded,
    )
    async def handle(body: bytes | list[bytes], message: KafkaMessage) -> None:
        clock.start()
        raw: Any = message.raw_message
        await _batch(pool, [_read(one.key, one.value, one.headers) for one in raw])
        clock.done(len(raw))

    return await _run(broker, clock)


async def _undecoded(message: Any) -> Any:  # noqa: ANN401  FastStream's own
    """The bytes as they are: the work reads them, and reading them twice would be the peer's loss."""
    return message.body


async def _run(broker: KafkaBroker, clock: _Clock) -> Answer:
    app = FastStream(broker)
    running = asyncio.create_task(app.run())
    try:
        await asyncio.wait(
            {asyncio.ensure_future(clock.over.wait()), running}, timeout=_READ_SECONDS, return_when="FIRST_COMPLETED"
        )
    finally:
        app.exit()
        await asyncio.wait({running}, timeout=10.0)
    return clock.answer()


def _read(key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Event:
    record = WireRecord(topic=ApplicationSubmitted.TOPIC, key=key, value=value, headers=headers)
    envelope, data = open_envelope(record)
    event: DomainEvent = decode(envelope, data, ApplicationSubmitted)
    assert isinstance(event, ApplicationSubmitted)  # noqa: S101  it was decoded as one
    return envelope, event


async def _transaction(pool: Any, event: Event) -> None:  # noqa: ANN401  asyncpg has no types
    envelope, told = event
    async with pool.acquire() as connection, connection.transaction():
        claimed = await connection.fetchval(
            CLAIM_ONE, envelope.event_id, envelope.type, envelope.topic, envelope.key, envelope.sequence
        )
        if claimed is not None:
            await connection.execute(
                APPLY_ONE, told.application_id, told.call_id, told.type_code, told.municipality_code, told.submitted_at
            )


async def _batch(pool: Any, events: Sequence[Event]) -> None:  # noqa: ANN401  the same
    unique = {envelope.event_id: (envelope, told) for envelope, told in events}.values()
    columns = zip(
        *(
            (
                envelope.event_id,
                envelope.type,
                envelope.topic,
                envelope.key,
                envelope.sequence,
                told.call_id,
                told.type_code,
                told.municipality_code,
                told.submitted_at,
            )
            for envelope, told in unique
        ),
        strict=True,
    )
    async with pool.acquire() as connection:
        await connection.execute(APPLY_BATCH, *(list(column) for column in columns))


def _session(url: str) -> Deed:
    if url not in _engines:
        _engines[url] = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"), pool_size=4)
    engine = _engines[url]

    async def deed(event: Event) -> None:
        envelope, told = event
        async with AsyncSession(engine) as session, session.begin():
            if await session.get(InboxRow, envelope.event_id) is not None:
                return
            session.add(
                InboxRow(
                    event_id=envelope.event_id,
                    type=envelope.type,
                    topic=envelope.topic,
                    key=envelope.key,
                    sequence=envelope.sequence,
                )
            )
            await session.merge(
                EffectRow(
                    application_id=told.application_id,
                    call_id=told.call_id,
                    type_code=told.type_code,
                    municipality_code=told.municipality_code,
                    state="SUBMITTED",
                    changed_at=told.submitted_at,
                )
            )

    return deed


async def _pool(url: str) -> Any:  # noqa: ANN401  the same
    if url not in _pools:
        _pools[url] = await asyncpg.create_pool(url, min_size=2, max_size=4)
    return _pools[url]


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    serve({"per_message": per_message, "faststream_each": faststream_each, "faststream_batch": faststream_batch})
