"""P3 and P3b: how fast a shipped worker empties an outbox into Kafka, against what aiokafka alone can send."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.event import encode_data, new_id
from tools.bench.events import CALL_ID, submitted
from tools.bench.figures import Figure, Slice, ratio
from tools.bench.ground import BENCH_DATABASE, Ground
from tools.bench.ledger import Ledger
from tools.bench.suites import Variant

# The service whose worker drains: it publishes nothing of its own, so nobody else hears what is measured.
DRAINER = "mentoring"
TOPIC = "bench.relay.v1"
KEYS = 300
DRAIN, GATHER, BATCH, RDKAFKA = "relay drain", "raw send and gather", "raw send_batch", "librdkafka"
ONE_BY_ONE, TWICE = "peer: row by row", "raw send_batch, not idempotent"
_PEER_TOPIC, _PEER_ROWS = "bench.peer-4.v1", 150
ROWS = 12_000
_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.005

_FILL = """
    INSERT INTO outbox (event_id, type, topic, key, sequence, payload, occurred_at, correlation_id, causation_id,
        traceparent, actor)
    SELECT uuidv7(), $1, $2, ($3::uuid[])[1 + n % $4], 1 + n / $4, $5, now(), uuidv7()::text, uuidv7()::text,
        '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'bench'
    FROM generate_series(0, $6 - 1) AS n ORDER BY n
"""
_LAST = "SELECT max(id) FROM outbox"
# By its key, since a count every few milliseconds would take a third of a core from what is measured.
_LAST_LEFT = "SELECT published_at IS NULL FROM outbox WHERE id = $1"
_LEFT = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@dataclass
class RelayDrain:
    """Rows are put into the outbox while the worker stands still; the clock starts when it goes on."""

    ground: Ground
    name: str = "relay"
    figures: Sequence[Figure] = (
        Figure("P3", "relay drain / raw aiokafka send() and gather", ratio(DRAIN, GATHER), (DRAIN, GATHER), 0.60, 1.0),
        Figure("P3b", "relay drain / raw aiokafka send_batch", ratio(DRAIN, BATCH), (DRAIN, BATCH), 0.15, 0.25),
        Figure("X3", "peer: row by row / raw send() and gather", ratio(ONE_BY_ONE, GATHER), (ONE_BY_ONE, GATHER)),
        Figure("A3i", "anchor: raw send_batch, idempotent / not", ratio(BATCH, TWICE), (BATCH, TWICE)),
        Figure("A3", "anchor: raw send_batch / librdkafka", ratio(BATCH, RDKAFKA), (BATCH, RDKAFKA)),
    )

    async def prepare(self) -> None:
        self.ground.start_service(DRAINER, "worker")
        await self.ground.until_ready(f"{DRAINER}-worker")

    async def begin_round(self) -> None:
        self.ground.quiet()
        async with self.ground.administrator(DRAINER) as admin:
            await admin.execute("TRUNCATE outbox, outbox_sequence")
            await admin.execute("CHECKPOINT")

    def variants(self) -> Mapping[str, Variant]:
        return {
            DRAIN: self._drain,
            GATHER: self._gather,
            BATCH: self._batch,
            TWICE: self._not_idempotent,
            RDKAFKA: self._rdkafka,
            ONE_BY_ONE: self._peer,
        }

    async def _drain(self) -> Slice:
        return await drained(self.ground, DRAINER, TOPIC)

    async def _gather(self) -> Slice:
        return await self._raw("send_and_gather")

    async def _batch(self) -> Slice:
        return await self._raw("send_pre_built")

    async def _not_idempotent(self) -> Slice:
        return await self._raw("send_pre_built", idempotent=False)

    async def _rdkafka(self) -> Slice:
        return await self._raw("send_with_librdkafka")

    async def _peer(self) -> Slice:
        answer = await self.ground.part("peer relay").ask(
            "one_by_one",
            bootstrap_servers=self.ground.bootstrap_servers,
            url=self.ground.dsn(BENCH_DATABASE),
            topic=_PEER_TOPIC,
            count=_PEER_ROWS,
        )
        return Slice(answer["operations"], answer["seconds"])

    async def _raw(self, deed: str, **how: bool) -> Slice:
        kafka = self.ground.part("kafka")
        answer = await kafka.ask(deed, bootstrap_servers=self.ground.bootstrap_servers, seconds=0.7, **how)
        return Slice(answer["operations"], answer["seconds"])


async def drained(ground: Ground, service: str, topic: str) -> Slice:
    """How fast a worker sends what was put into its outbox while it stood still; void if anything is lost."""
    worker, kafka = f"{service}-worker", ground.part("kafka")
    where = {"bootstrap_servers": ground.bootstrap_servers, "topic": topic}
    async with ground.administrator(service) as admin:
        # One that stood still for long was taken for dead: it leads again before the clock runs.
        await fill_outbox(admin, topic, KEYS)
        ground.thaw(worker)
        await _until_empty(admin, time.monotonic() + _WAIT_SECONDS)
        ground.freeze(worker)
        starts = (await kafka.ask("ends", **where))["ends"]
        await fill_outbox(admin, topic, ROWS)
        ledger = Ledger(ground.pids({"relay": worker, "postgres": "postgres", "kafka": "kafka"}))
        spent, began = ledger.read(), time.monotonic()
        ground.thaw(worker)
        left = await _until_empty(admin, began + _WAIT_SECONDS)
        seconds, cpu = time.monotonic() - began, ledger.since(spent)
    ground.freeze(worker)
    found = await kafka.ask("read_back", **where, starts=starts, count=ROWS)
    return Slice(ROWS, seconds, fault=_fault_of(found, left), cpu_seconds=cpu)


async def fill_outbox(admin, topic: str, rows: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  asyncpg has no types
    """Rows of three hundred keys, committed at once."""
    event = submitted(CALL_ID)
    keys = [new_id() for _ in range(KEYS)]
    await admin.execute(_FILL, event.TYPE, topic, keys, KEYS, encode_data(event), rows)


async def _until_empty(admin, until: float) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001  the same
    """Wait for the last row, then for all of them; how many are left when the time is up."""
    last = await admin.fetchval(_LAST)
    while time.monotonic() < until:
        if not await admin.fetchval(_LAST_LEFT, last) and not await admin.fetchval(_LEFT):
            return 0
        await asyncio.sleep(_LOOK_SECONDS)
    return int(await admin.fetchval(_LEFT))


def _fault_of(found: Mapping[str, int], left: int) -> str:
    if left:
        return f"{left} rows were never marked"
    if found["events"] != ROWS:
        return f"{ROWS - found['events']} of {ROWS} events are not in the topic"
    return f"{found['disordered']} events are out of their key's order" if found["disordered"] else ""
