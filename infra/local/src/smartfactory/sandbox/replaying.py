"""A replay: tells metrics what happened on the topics that it listens to, and breaks things as was planned.

Everything behind that is the programme's own: metrics' consumer, its outbox and relay, the feed, the worker that sends
webhooks. What is sent again goes by the relay and by the redelivery of webhooks too.
"""

import asyncio
import contextlib
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from common import outbox
from common.auth import Principal
from common.clock import SystemClock
from common.db import Database
from common.errors import DomainError, Text
from common.event import Envelope, WireRecord, encode, encode_data
from common.kafka import KafkaFault, KafkaOptions, Publisher
from contracts.roles import Role
from metrics.webhooks.commands.deliveries import redeliver
from metrics.webhooks.commands.telling import queue
from metrics.webhooks.domain.messages import SAMSUNG
from smartfactory.clock import ClockFile
from smartfactory.people import tenant_of
from smartfactory.sandbox.ledger import Ledger, Ledgers, Overtaking, Repetition, Restarting, TellingOf
from smartfactory.sandbox.options import Restarted
from smartfactory.sandbox.pace import Pace
from smartfactory.sandbox.planning import Again, Close, Release, Restart, Step, Tell
from smartfactory.sandbox.recording import Ending, ToTell
from smartfactory.stack import ports
from smartfactory.stack.children import recorded_children
from smartfactory.stack.datadir import DataDirectory
from smartfactory.stack.faults import StackFault
from smartfactory.stack.kafka import broker_answers

_LOOK_SECONDS = 0.05
_SEND_SECONDS = 10.0
_PATIENCE_SECONDS = 120.0
_RECEIVER_SECONDS = 30.0
_PROCESS = {Restarted.BROKER: "kafka", Restarted.WORKER: "metrics-worker", Restarted.API: "metrics-api"}
# The worker has no time to say good-bye: what it had sent and not kept is what is seen twice.
_END_BY = {
    Restarted.BROKER: signal.SIGTERM,
    Restarted.WORKER: signal.SIGKILL,
    Restarted.API: signal.SIGTERM,
}

_IDS = bindparam("ids", type_=ARRAY(Uuid))
_ON_KAFKA = text(
    """
    SELECT count(*) FROM outbox JOIN partner_event USING (event_id)
    WHERE event_id = ANY (:ids) AND outbox.published_at IS NOT NULL AND partner_event.position IS NOT NULL
    """
).bindparams(_IDS)
_HEARD = text("SELECT count(*) FROM inbox WHERE event_id = ANY (:ids)").bindparams(_IDS)
_PARKED = text("SELECT count(*) FROM parked_event")
_UNDER_WAY = text(
    "SELECT count(*) FROM webhook_delivery WHERE event_id = ANY (:ids) AND state IN ('QUEUED', 'SENDING')"
).bindparams(_IDS)
_DELIVERED = text(
    "SELECT id FROM webhook_delivery WHERE event_id = ANY (:ids) AND state = 'DELIVERED' ORDER BY id"
).bindparams(_IDS)
# Each endpoint's newest: of the rest a worker had kept how they went long before it died.
_LAST_DELIVERED = text(
    """
    SELECT DISTINCT ON (endpoint_id) id FROM webhook_delivery WHERE event_id = ANY (:ids) AND state = 'DELIVERED'
    ORDER BY endpoint_id, delivered_at DESC, id
    """
).bindparams(_IDS)
# As what waits for a worker that is away. Should nobody let it go, it goes by itself.
_HOLD = text(
    "UPDATE webhook_delivery SET next_attempt_at = now() + interval '1 hour' WHERE event_id = ANY (:ids)"
).bindparams(_IDS)
_LET_GO = text(
    "UPDATE webhook_delivery SET next_attempt_at = now() WHERE event_id = ANY (:ids) AND state = 'QUEUED'"
).bindparams(_IDS)
_NEWEST = text("SELECT coalesce(max(position), 0) FROM partner_event")

_real_time = SystemClock()
_OPERATOR = Principal(
    issuer="urn:smartfactory:local",
    subject="sandbox",
    role=Role.PLATFORM_OPERATOR,
    tenant=tenant_of(Role.PLATFORM_OPERATOR),
    token_id="",
)

Told: TypeAlias = Callable[[Step], None]


class Replay:
    """One replay on a running sandbox; what it did is in its ledger, whenever it ends."""

    def __init__(
        self, data: DataDirectory, metrics: Database, kafka: KafkaOptions, ledger: Ledger, pace: Pace, watch: Told
    ) -> None:
        self._data, self._metrics, self._kafka, self._pace, self._watch = data, metrics, kafka, pace, watch
        self._ledger, self._ledgers = ledger, Ledgers(data.sandbox)
        self._move_clock = ClockFile(data.clock_file)
        self._numbers: Counter[tuple[str, UUID]] = Counter()
        self._publisher: Publisher | None = None
        self._sent: list[UUID] = []
        self._held: set[UUID] = set()

    async def run(self, steps: Sequence[Step]) -> None:
        """Do all steps and wait until what was told has left; raises StackFault when it does not."""
        self._ledgers.keep(self._ledger)
        try:
            for step in steps:
                await self._pace.until(step.at)
                match step:
                    case Tell():
                        await self._tell(step)
                    case Release():
                        await self._release(step)
                    case Close():
                        await self._close(step)
                    case Again():
                        await self._again(step)
                    case Restart():
                        await self._restart(step.what)
                self._watch(step)
            await self._all_has_left()
            self._ledger.ended_at = _real_time.now()
        finally:
            self._ledgers.keep(self._ledger)
            await self._let_go(self._held)
            if self._publisher is not None:
                await self._publisher.close()

    async def _tell(self, step: Tell) -> None:
        one, event = step.one, step.one.event
        self._numbers[event.TOPIC, event.key] += 1
        envelope = Envelope(
            event_id=one.id,
            type=event.TYPE,
            topic=event.TOPIC,
            key=event.key,
            sequence=self._numbers[event.TOPIC, event.key],
            occurred_at=one.at,
            recorded_at=_real_time.now(),
            correlation_id=str(one.id),
        )
        self._move_clock(step.at)
        if step.hold:
            await self._hold(one)
        await self._send(encode(envelope, encode_data(event)))
        self._sent.append(one.id)
        self._note(one, late=step.late)

    async def _hold(self, one: ToTell) -> None:
        """Queue its webhooks before metrics hears of it, and not due: metrics finds them queued and leaves them so."""
        ids = [message.id for message in one.messages]
        async with self._metrics.transaction() as tx:
            await queue(tx, one.messages, at=one.at)
            await tx.execute(_HOLD, {"ids": ids})
        self._held |= set(ids)

    async def _release(self, step: Release) -> None:
        """Once a later one of its key has been taken: a receiver that answers has them the other way round."""
        await self._until(_HEARD, [step.one.id, step.behind.id], 2)
        with contextlib.suppress(StackFault):  # who does not answer has neither
            behind = [message.id for message in step.behind.messages]
            await self._until(_UNDER_WAY, behind, 0, seconds=_RECEIVER_SECONDS)
        await self._let_go({message.id for message in step.one.messages})
        self._ledger.overtaken.append(Overtaking(place=step.one.place, behind=step.behind.place))

    async def _let_go(self, ids: set[UUID]) -> None:
        if ids:
            async with self._metrics.transaction() as tx:
                await tx.execute(_LET_GO, {"ids": list(ids)})
        self._held -= ids

    async def _close(self, step: Close) -> None:
        """Metrics does it by itself: a look of its worker after the clock has come there tells it."""
        self._move_clock(step.at)
        seen = [message.id for message in step.one.messages]
        await self._until(_ON_KAFKA, seen, len(seen))
        self._note(step.one, late=step.late)

    def _note(self, one: ToTell | Ending, *, late: bool) -> None:
        messages = {message.owner: message.id for message in one.messages}
        self._ledger.told.append(TellingOf(place=one.place, type=one.type, at=one.at, messages=messages, late=late))

    async def _send(self, record: WireRecord) -> None:
        """Until it is acknowledged: the same event again is known by its id, and a broker may be on its way back."""
        ends = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < ends:
            try:
                if self._publisher is None:
                    publisher = Publisher(self._kafka)
                    await publisher.start()
                    self._publisher = publisher
                if all((await self._publisher.publish([record], deadline_seconds=_SEND_SECONDS)).acknowledged):
                    return
            except KafkaFault:
                pass
            if self._publisher is not None:
                await self._publisher.close()
                self._publisher = None
            await asyncio.sleep(_LOOK_SECONDS)
        raise _nothing_moves("Kafka")

    async def _again(self, step: Again) -> None:
        one, repeated = step.one, list[UUID]()
        seen = [message.id for message in one.messages if message.owner == SAMSUNG]
        if seen and step.on_kafka:
            await self._until(_ON_KAFKA, seen, 1)
            async with self._metrics.transaction() as tx:
                repeated = await outbox.send_again_from(tx, seen[0])
        ids = [message.id for message in one.messages]
        if isinstance(one, ToTell):
            await self._until(_HEARD, [one.id], 1)
        with contextlib.suppress(StackFault):  # of who does not answer nothing can be repeated
            await self._until(_UNDER_WAY, ids, 0, seconds=_RECEIVER_SECONDS)
        again = await self._redeliver(_DELIVERED, ids)
        self._ledger.again.append(Repetition(place=one.place, on_kafka=repeated, by_webhook=again))

    async def _redeliver(self, which: TextClause, ids: Sequence[UUID]) -> int:
        again = 0
        async with self._metrics.transaction() as tx:
            for delivery_id in (await tx.execute(which, {"ids": list(ids)})).scalars().all():
                with contextlib.suppress(DomainError):
                    await redeliver(tx, delivery_id, by=_OPERATOR)
                    again += 1
        return again

    async def _restart(self, what: Restarted) -> None:
        name = _PROCESS[what]
        before = recorded_children(self._data.children)[name]
        process = before.find()
        if process is not None:
            process.send_signal(_END_BY[what])

        async def is_back() -> bool:
            now = recorded_children(self._data.children)[name]
            return now != before and await asyncio.to_thread(self._answers, what)

        await _eventually(is_back, name, _PATIENCE_SECONDS)
        again = 0
        if what is Restarted.WORKER:
            told = [message for one in self._ledger.told for message in one.messages.values()]
            again = await self._redeliver(_LAST_DELIVERED, told)
        self._ledger.restarts.append(Restarting(what=what, feed=await self._count(_NEWEST), by_webhook=again))

    def _answers(self, what: Restarted) -> bool:
        chosen = self._data.recall("ports")
        port = int(chosen[_PROCESS[what]]) if isinstance(chosen, dict) else 0
        return broker_answers(port) if what is Restarted.BROKER else ports.answers(port, "/readyz")

    async def _all_has_left(self) -> None:
        """On Kafka, in the feed, and off to every receiver that answers; who does not is tried on without us."""

        async def heard() -> bool:
            return await self._count(_HEARD, self._sent) == len(self._sent) or await self._count(_PARKED) > 0

        await _eventually(heard, "metrics", _PATIENCE_SECONDS)
        if await self._count(_PARKED):
            raise StackFault(
                Text("metrics가 처리하지 못한 이벤트가 있습니다.", "metrics could not apply an event."),
                Text(
                    "smartfactory parked list --data-dir로 이유를 보세요. 녹화가 계약보다 오래되었을 수 있습니다.",
                    "See why with `smartfactory parked list --data-dir`: the recording may be older than contracts.",
                ),
            )
        seen = self._ledger.ids_of(SAMSUNG)
        await self._until(_ON_KAFKA, seen, len(seen))
        everybody = [message for one in self._ledger.told for message in one.messages.values()]
        with contextlib.suppress(StackFault):
            await self._until(_UNDER_WAY, everybody, 0, seconds=_RECEIVER_SECONDS)

    async def _until(
        self, counted: TextClause, ids: Sequence[UUID], wanted: int, *, seconds: float = _PATIENCE_SECONDS
    ) -> None:
        async def is_so() -> bool:
            return await self._count(counted, ids) == wanted

        await _eventually(is_so, "metrics", seconds)

    async def _count(self, counted: TextClause, ids: Sequence[UUID] | None = None) -> int:
        async with self._metrics.transaction(read_only=True) as tx:
            return int((await tx.execute(counted, {} if ids is None else {"ids": list(ids)})).scalar_one())


async def _eventually(condition: Callable[[], Awaitable[bool]], whom: str, seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not await condition():
        if time.monotonic() > ends:
            raise _nothing_moves(whom)
        await asyncio.sleep(_LOOK_SECONDS)


def _nothing_moves(whom: str) -> StackFault:
    return StackFault(
        Text(f"{whom}이(가) 제때 따라오지 못했습니다.", f"{whom} did not follow in time."),
        Text(
            "smartfactory sandbox를 실행한 창의 기록을 확인한 뒤 다시 재생해 주세요. 받은 것은 그대로입니다.",
            "Look at what the window of `smartfactory sandbox` says, then replay again. What was received stands.",
        ),
    )
