"""P4: how fast a shipped worker applies events, against one statement per batch without Kafka."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from contracts.applicant import ApplicationSubmitted
from tools.bench.figures import Figure, Slice, ratio
from tools.bench.ground import BENCH_DATABASE, Ground
from tools.bench.ledger import Ledger
from tools.bench.suites import Variant
from tools.bench.tables import EMPTY_BENCH_TABLES
from tools.bench.workload import poison_in

APPLY, APPLY_MIXED, STATEMENT = "shipped consumer", "shipped consumer, again and poison", "batched statement"
GET_MANY, RDKAFKA = "raw getmany", "librdkafka consume"
EACH, ORM = "peer: transaction per message", "peer: ORM session per message"
FASTSTREAM, FASTSTREAM_BATCH = "peer: FastStream per message", "peer: FastStream batch"
PEER_TOPICS = {name: f"bench.peer-{number}.v1" for number, name in enumerate((EACH, ORM, FASTSTREAM, FASTSTREAM_BATCH))}
_PEER_EVENTS = {EACH: 300, ORM: 120, FASTSTREAM: 250, FASTSTREAM_BATCH: 4_000}
_EVENTS = 8_000
_WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.01
_EMPTY = "TRUNCATE inbox, inbox_sequence, parked_event, case_progress"
_COUNT = """
    SELECT (SELECT count(*) FROM inbox) AS claimed, (SELECT count(*) FROM case_progress) AS effects,
        (SELECT count(*) FROM parked_event) AS parked,
        (SELECT count(*) FROM inbox_sequence WHERE last <> 1) AS doubled
"""
# A lookup in an index. The positions of what was claimed, and of what was found to be there, only grow.
_POSITION = "SELECT coalesce(max(position), 0) FROM inbox"


@dataclass
class Consuming:
    """The metrics worker and its busiest projection, where each application stands."""

    ground: Ground
    name: str = "consuming"
    figures: Sequence[Figure] = (
        Figure(
            "P4",
            "shipped consumer, hottest projection / batched statement",
            ratio(APPLY, STATEMENT),
            (APPLY, STATEMENT),
            0.30,
            0.50,
        ),
        Figure(
            "P4m",
            "the same with 10 % delivered again and 1 % poison",
            ratio(APPLY_MIXED, STATEMENT),
            (APPLY_MIXED, STATEMENT),
        ),
        Figure(
            "P4c",
            "handlers that return statements (the same slice) / batched statement",
            ratio(APPLY, STATEMENT),
            (APPLY, STATEMENT),
            0.20,
            0.35,
        ),
        Figure("P4b", "shipped consumer / a transaction per message", ratio(APPLY, EACH), (APPLY, EACH), 10.0, 25.0),
        Figure(
            "P11",
            "shipped consumer / FastStream per message, the same work",
            ratio(APPLY, FASTSTREAM),
            (APPLY, FASTSTREAM),
            10.0,
            25.0,
        ),
        Figure("X11", "shipped consumer / FastStream batch", ratio(APPLY, FASTSTREAM_BATCH), (APPLY, FASTSTREAM_BATCH)),
        Figure("X4", "peer: ORM session per message / batched statement", ratio(ORM, STATEMENT), (ORM, STATEMENT)),
        Figure("A4", "anchor: raw getmany / librdkafka", ratio(GET_MANY, RDKAFKA), (GET_MANY, RDKAFKA)),
    )

    async def prepare(self) -> None:
        self.ground.start_service("metrics", "worker")
        await self.ground.until_ready("metrics-worker")

    async def begin_round(self) -> None:
        self.ground.quiet()
        async with self.ground.administrator("metrics") as admin:
            await admin.execute(_EMPTY)
            await admin.execute("CHECKPOINT")
        async with self.ground.administrator(BENCH_DATABASE) as admin:
            await admin.execute(EMPTY_BENCH_TABLES)

    def variants(self) -> Mapping[str, Variant]:
        return {
            APPLY: self._apply,
            APPLY_MIXED: self._apply_mixed,
            STATEMENT: self._statement,
            GET_MANY: self._get_many,
            RDKAFKA: self._rdkafka,
            EACH: partial(self._peer, EACH, "per_message", kind="transactions"),
            ORM: partial(self._peer, ORM, "per_message", kind="orm"),
            FASTSTREAM: partial(self._peer, FASTSTREAM, "faststream_each"),
            FASTSTREAM_BATCH: partial(self._peer, FASTSTREAM_BATCH, "faststream_batch"),
        }

    async def _apply(self) -> Slice:
        return await self._drain(mix=False)

    async def _apply_mixed(self) -> Slice:
        return await self._drain(mix=True)

    async def _drain(self, *, mix: bool) -> Slice:
        kafka, worker = self.ground.part("kafka"), "metrics-worker"
        poison = poison_in(_EVENTS) if mix else 0
        self.ground.freeze(worker)
        made = await kafka.ask(
            "fill",
            bootstrap_servers=self.ground.bootstrap_servers,
            topic=ApplicationSubmitted.TOPIC,
            count=_EVENTS,
            mix=mix,
        )
        async with self.ground.administrator("metrics") as admin:
            before, position = dict(await admin.fetchrow(_COUNT)), await admin.fetchval(_POSITION)
            ledger = Ledger(self.ground.pids({"consumer": worker, "postgres": "postgres", "kafka": "kafka"}))
            spent, began = ledger.read(), time.monotonic()
            self.ground.thaw(worker)
            wanted = before["claimed"] + _EVENTS - poison
            await _until_claimed(admin, wanted, position + _EVENTS - poison, until=began + _WAIT_SECONDS)
            seconds, cpu = time.monotonic() - began, ledger.since(spent)
            counts = {name: number - before[name] for name, number in dict(await admin.fetchrow(_COUNT)).items()}
        fault = _fault_of(counts, effects=_EVENTS - poison, parked=poison)
        return Slice(made["records"], seconds, fault=fault, cpu_seconds=cpu)

    async def _statement(self) -> Slice:
        url = self.ground.dsn(BENCH_DATABASE)
        answer = await self.ground.part("statements").ask("measure", url=url, seconds=0.7)
        return Slice(answer["operations"], answer["seconds"])

    async def _get_many(self) -> Slice:
        return await self._raw("get_many")

    async def _rdkafka(self) -> Slice:
        return await self._raw("get_with_librdkafka")

    async def _peer(self, name: str, deed: str, **arguments: str) -> Slice:
        count, servers = _PEER_EVENTS[name], self.ground.bootstrap_servers
        await self.ground.part("kafka").ask("fill", bootstrap_servers=servers, topic=PEER_TOPICS[name], count=count)
        async with self.ground.administrator(BENCH_DATABASE) as admin:
            before = await admin.fetchval("SELECT count(*) FROM effect_row")
            answer = await self.ground.part("peer consumers").ask(
                deed,
                bootstrap_servers=servers,
                url=self.ground.dsn(BENCH_DATABASE),
                topic=PEER_TOPICS[name],
                count=count,
                **arguments,
            )
            effects = await admin.fetchval("SELECT count(*) FROM effect_row") - before
        fault = "" if effects == count == answer["operations"] else f"{effects} effects of {count}"
        return Slice(answer["operations"], answer["seconds"], fault=fault)

    async def _raw(self, deed: str) -> Slice:
        kafka = self.ground.part("kafka")
        answer = await kafka.ask(deed, bootstrap_servers=self.ground.bootstrap_servers, count=10_000)
        return Slice(answer["operations"], answer["seconds"])


async def _until_claimed(admin, wanted: int, position: int, *, until: float) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  asyncpg has no types
    """Wait until so many events are claimed; counting takes time from what is measured, so only near the end."""
    while time.monotonic() < until:
        if await admin.fetchval(_POSITION) >= position and await admin.fetchval("SELECT count(*) FROM inbox") >= wanted:
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _fault_of(counts: Mapping[str, int], *, effects: int, parked: int) -> str:
    wanted = {"claimed": effects, "effects": effects, "parked": parked, "doubled": 0}
    wrong = [f"{name} {counts[name]} and not {number}" for name, number in wanted.items() if counts[name] != number]
    return ", ".join(wrong)
