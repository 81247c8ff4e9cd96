"""Runs handlers in the batch's transaction, each event under its own trace, cause and actor."""

import asyncio
import inspect
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Self, TypeAlias, cast
from uuid import UUID

import msgspec
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Executable

from common import context
from common.auth import Principal
from common.consumer import DecidingHandler, Handler, ProjectingHandler, Received, Statement
from common.consumer.rows import Together
from common.db import Transaction
from common.event import DomainEvent, Envelope

_HANDLER_SECONDS = 10.0

_tracer = trace.get_tracer("common.consumer")
_propagator = TraceContextTextMapPropagator()
_TRACEPARENT = re.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class HandlerTooSlow(Exception):
    """A handler did not end in time: its event must not stop those of other keys."""

    def __init__(self, event_id: UUID, type_: str) -> None:
        self.event_id = event_id
        super().__init__(f"the handler of {type_} took over {_HANDLER_SECONDS} s")


class Decoded(msgspec.Struct, frozen=True):
    """An event that is understood; without a handler it is of no use here."""

    envelope: Envelope
    event: DomainEvent
    handler: Handler


class Spans:
    """The process spans of a batch: begun one by one, and ended together once the commit is over."""

    def __init__(self) -> None:
        self._open: list[trace.Span] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        for span in self._open:
            if error is not None:
                span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            span.end()

    def begin_together(self, envelopes: Sequence[Envelope]) -> None:
        """One span for what is projected together, linked to the trace that each event brings.

        Nothing of such an event runs by itself, and a span of its own cost more than applying it does.
        """
        by_topic: dict[str, list[Envelope]] = defaultdict(list)
        for envelope in envelopes:
            by_topic[envelope.topic].append(envelope)
        for topic, some in by_topic.items():
            span = _tracer.start_span(
                f"process {topic}",
                context=Context(),
                kind=trace.SpanKind.CONSUMER,
                links=[trace.Link(context) for one in some if (context := _context_of(one)) is not None],
                attributes={
                    "messaging.system": "kafka",
                    "messaging.operation.type": "process",
                    "messaging.destination.name": topic,
                    "messaging.batch.message_count": len(some),
                },
            )
            self._open.append(span)

    def begin(self, envelope: Envelope) -> trace.Span:
        """Go on with the trace that the event brings."""
        carrier = {"traceparent": envelope.traceparent} if envelope.traceparent else {}
        span = _tracer.start_span(
            f"process {envelope.topic}",
            context=_propagator.extract(carrier),
            kind=trace.SpanKind.CONSUMER,
            attributes={
                "messaging.system": "kafka",
                "messaging.operation.type": "process",
                "messaging.destination.name": envelope.topic,
                "messaging.message.id": str(envelope.event_id),
                "cloudevents.event_type": envelope.type,
            },
        )
        self._open.append(span)
        return span


async def handle(tx: Transaction, decoded: Sequence[Decoded], *, service: str, now: datetime, spans: Spans) -> None:
    """Let every event have its effect, in order per key."""
    by = Principal.service(service).actor
    projection = _Projection()
    spans.begin_together([one.envelope for one in decoded if not decides(one.handler)])
    for one in decoded:
        envelope = one.envelope
        received = Received(
            event_id=envelope.event_id,
            type=envelope.type,
            topic=envelope.topic,
            key=envelope.key,
            sequence=envelope.sequence,
            at=envelope.occurred_at,
            now=now,
            correlation_id=envelope.correlation_id,
        )
        if not decides(one.handler):
            projection.add((envelope.topic, envelope.key), cast("ProjectingHandler", one.handler)(one.event, received))
            continue
        carried = context.carried(correlation=envelope.correlation_id, causation=str(envelope.event_id), by=by)
        with trace.use_span(spans.begin(envelope), end_on_exit=False), carried:
            if projection.concerns((envelope.topic, envelope.key)):
                await projection.write(tx)
            await _decide(tx, cast("DecidingHandler", one.handler), one.event, received)
    await projection.write(tx)


@cache
def decides(handler: Handler) -> bool:
    """Whether the handler makes a command call of its own, or says which statements keep a projection."""
    return inspect.iscoroutinefunction(handler)


async def _decide(tx: Transaction, handler: DecidingHandler, event: DomainEvent, received: Received) -> None:
    limit = asyncio.timeout(_HANDLER_SECONDS)
    try:
        async with limit:
            await handler(tx, event, received)
    except TimeoutError as error:
        if limit.expired():
            raise HandlerTooSlow(received.event_id, received.type) from error
        raise


_Key: TypeAlias = tuple[str, UUID]  # topic and key: where an order is kept


@dataclass
class _Projection:
    """Statements of a batch, grouped so that each group is one executemany and each key keeps its order."""

    _groups: list[tuple[Executable | Together, list[dict[str, Any]]]] = field(default_factory=list)
    _latest: dict[_Key, int] = field(default_factory=dict)

    def concerns(self, key: _Key) -> bool:
        return key in self._latest

    def add(self, key: _Key, statements: Sequence[Statement]) -> None:
        for statement, parameters in statements:
            at = self._place(key, statement)
            self._groups[at][1].append(dict(parameters))
            self._latest[key] = at

    async def write(self, tx: Transaction) -> None:
        for statement, parameters in self._groups:
            if isinstance(statement, Together):
                await statement.write(tx, parameters)
            else:
                await tx.execute(statement, parameters)
        self._groups.clear()
        self._latest.clear()

    def _place(self, key: _Key, statement: Executable | Together) -> int:
        # A key's statement may join a group only at or after the group of the key's statement before it.
        for at in range(self._latest.get(key, 0), len(self._groups)):
            if self._groups[at][0] is statement:
                return at
        self._groups.append((statement, []))
        return len(self._groups) - 1


def _context_of(envelope: Envelope) -> trace.SpanContext | None:
    """Where the event was recorded, if it says so in a form that can be read."""
    found = _TRACEPARENT.fullmatch(envelope.traceparent or "")
    if found is None:
        return None
    trace_id, span_id, flags = found.groups()
    return trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=_flags(flags))


@cache
def _flags(text: str) -> trace.TraceFlags:
    return trace.TraceFlags(int(text, 16))
