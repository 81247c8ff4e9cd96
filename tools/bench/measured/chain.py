"""P7, P5, P5b and P12: all processes at work, from the request to the effect in another service's database.

The relay and the listeners share the cores with the API. Saturation first, with the backlog it leaves; then, at a tenth
and a quarter of that rate, requests at random moments: how long until the answer, and until the effect is committed.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from common.event import encode_data, new_id
from tools.bench.applications import Applications, fault_of
from tools.bench.events import submitted
from tools.bench.figures import Figure, Slice, quantile, ratio, value_ratio
from tools.bench.ground import Ground
from tools.bench.http_load import Generator
from tools.bench.measured.commands import saturated
from tools.bench.suites import Variant

LISTENERS = ("applicant-worker", "metrics-worker", "mentoring-worker")
ALONE, CHAIN, POLL = "HTTP alone", "HTTP with the whole chain", "peer: no hint, the relay's poll alone"
_POLLED_EVENTS, _POLLED_RATE = 16, 8.0
_LEDGER = ("applicant-api", "postgres", *LISTENERS, "kafka")
_SHARES = {"10 %": 0.10, "25 %": 0.25}
_OPEN_LOOP_SECONDS = 4.0
_DRAIN_SECONDS = 30.0
_LOOK_SECONDS = 0.01
_TOPIC = "bench.round-trip.v1"
_EMPTY_EFFECTS = "TRUNCATE inbox, inbox_sequence, parked_event, case_progress"
_EFFECTS = """
    SELECT (SELECT count(*) FROM inbox) AS claimed, (SELECT count(*) FROM case_progress) AS effects,
        (SELECT count(*) FROM parked_event) AS parked
"""
_TELL = """
    INSERT INTO outbox (event_id, type, topic, key, sequence, payload, occurred_at, correlation_id)
    VALUES (uuidv7(), $1, $2, $3, 1, $4, now(), 'bench') RETURNING extract(epoch FROM clock_timestamp())::float8
"""
_COMMITTED_AT = """
    SELECT key, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS committed_at FROM inbox
"""


def _latency(share: str) -> str:
    return f"open loop at {share}"


def _round_trip(share: str) -> str:
    return f"raw Kafka round trip at {share}"


def _figures_at(share: str) -> tuple[Figure, ...]:
    ours, raw = _latency(share), _round_trip(share)
    return (
        Figure(
            f"P5 at {share}",
            "201 to committed effect, p50 / raw Kafka round trip p50",
            value_ratio((ours, "effect p50 ms"), (raw, "p50 ms")),
            (ours, raw),
            5.0,
            3.0,
            higher_is_better=False,
        ),
        Figure(
            f"P5b at {share}",
            "the same, p99 / raw p99",
            value_ratio((ours, "effect p99 ms"), (raw, "p99 ms")),
            (ours, raw),
            8.0,
            4.0,
            higher_is_better=False,
        ),
    )


@dataclass
class Chain:
    """The applicant service, its relay, and the services that listen to it."""

    ground: Ground
    applications: Applications
    name: str = "chain"
    figures: Sequence[Figure] = (
        Figure("P7", "HTTP with the whole chain / HTTP alone", ratio(CHAIN, ALONE), (CHAIN, ALONE), 0.50, 0.65),
        Figure(
            "P7b",
            "backlog when the load stops, seconds of traffic",
            lambda one: one[CHAIN].values["backlog events"] / max(1.0, one[CHAIN].rate),
            (CHAIN,),
            1.0,
            1.0,
            higher_is_better=False,
        ),
        *(figure for share in _SHARES for figure in _figures_at(share)),
        Figure(
            "X5",
            "peer: a relay that polls once a second, p50 / raw Kafka round trip p50",
            value_ratio((POLL, "effect p50 ms"), (_round_trip("10 %"), "p50 ms")),
            (POLL, _round_trip("10 %")),
            higher_is_better=False,
        ),
        Figure(
            "P12",
            "HTTP p99 / p50, open loop at 25 %",
            value_ratio((_latency("25 %"), "http p99 ms"), (_latency("25 %"), "http p50 ms")),
            (_latency("25 %"),),
            15.0,
            6.0,
            higher_is_better=False,
        ),
    )
    _generator: Generator = field(init=False)
    _saturation: float = 100.0
    _seed: int = 0

    async def prepare(self) -> None:
        self.ground.start_service("applicant", "api")
        for name in LISTENERS:
            self.ground.start_service(*name.split("-"))
        await self.ground.until_ready("applicant-api", *LISTENERS)
        self._generator = Generator(self.ground.ports["applicant-api"])

    async def begin_round(self) -> None:
        self.ground.quiet()
        await self.applications.begin_round()
        async with self.ground.administrator("metrics") as admin:
            await admin.execute(_EMPTY_EFFECTS)
            await admin.execute("CHECKPOINT")
        self.ground.thaw(*LISTENERS)
        # Both rates of this round come from what this round can do, so saturation goes before the shuffled rest.
        self._chain = await self._measure_chain()

    def variants(self) -> Mapping[str, Variant]:
        found: dict[str, Variant] = {
            CHAIN: self._measured_chain,
            ALONE: self._measure_alone,
            POLL: self._measure_poll,
        }
        for share, part in _SHARES.items():
            found[_latency(share)] = partial(self._measure_latency, part)
            found[_round_trip(share)] = partial(self._measure_round_trip, part)
        return found

    async def _measured_chain(self) -> Slice:
        return self._chain

    async def _measure_alone(self) -> Slice:
        self.ground.freeze(*LISTENERS)
        try:
            return await saturated(self.ground, self.applications, self._generator, ("applicant-api", "postgres"))
        finally:
            self.ground.thaw(*LISTENERS)
            await self._until_drained()

    async def _measure_chain(self) -> Slice:
        found = await saturated(self.ground, self.applications, self._generator, _LEDGER, seconds=2.0)
        self._saturation = max(20.0, found.rate)
        backlog = await self._backlog()
        fault = await self._until_drained()
        return Slice(
            found.operations,
            found.seconds,
            fault=found.fault or fault,
            cpu_seconds=found.cpu_seconds,
            values={"backlog events": float(backlog)},
        )

    async def _measure_latency(self, share: float) -> Slice:
        rate = share * self._saturation
        before = await self.applications.counts()
        requests = await self.applications.drafts(max(30, int(rate * _OPEN_LOOP_SECONDS)))
        ids = [UUID(one.split(b"/applications/", 1)[1][:36].decode()) for one in requests]
        self._seed += 1
        offset = time.time() - time.monotonic()
        load = await self._generator.poisson(requests, rate=rate, seed=self._seed)
        fault = await self._until_drained()
        moved = abs(time.time() - time.monotonic() - offset)
        counts = {name: number - before[name] for name, number in (await self.applications.counts()).items()}
        answered = load.statuses()[201]
        fault = fault or fault_of(counts, answered=answered, refused=len(load.exchanges) - answered)
        if moved > 0.001:  # noqa: PLR2004  a millisecond
            fault = fault or "the wall clock was set while it was compared with ours"
        delays = await self._delays({ids[one.number]: one.answered_at + offset for one in load.exchanges})
        http = load.latencies()
        return Slice(
            answered,
            load.seconds,
            fault=fault,
            values={
                "effect p50 ms": quantile(delays, 0.50) * 1000,
                "effect p99 ms": quantile(delays, 0.99) * 1000,
                "effect max ms": delays[-1] * 1000,
                "http p50 ms": quantile(http, 0.50) * 1000,
                "http p99 ms": quantile(http, 0.99) * 1000,
            },
        )

    async def _measure_poll(self) -> Slice:
        """Events that are committed without the hint: what a relay gives that only looks once a second."""
        chance, told = random.Random(self._seed), dict[UUID, float]()  # noqa: S311  reproducible
        async with self.ground.administrator("applicant") as admin:
            for _ in range(_POLLED_EVENTS):
                await asyncio.sleep(chance.expovariate(_POLLED_RATE))
                event = submitted(new_id())
                row = (event.TYPE, event.TOPIC, event.key, encode_data(event))
                told[event.key] = await admin.fetchval(_TELL, *row)
        fault = await self._until_drained()
        delays = await self._delays(told)
        return Slice(len(told), 1.0, fault=fault, values={"effect p50 ms": quantile(delays, 0.5) * 1000})

    async def _measure_round_trip(self, share: float) -> Slice:
        rate = share * self._saturation
        answer = await self.ground.part("kafka").ask(
            "round_trips",
            bootstrap_servers=self.ground.bootstrap_servers,
            topic=_TOPIC,
            rate=rate,
            count=max(30, int(rate * 2.0)),
        )
        taken: list[float] = answer["milliseconds"]
        return Slice(len(taken), 1.0, values={"p50 ms": quantile(taken, 0.50), "p99 ms": quantile(taken, 0.99)})

    async def _delays(self, answered: Mapping[UUID, float]) -> list[float]:
        """Seconds from the client's 201 to the effect's commit, ascending; an effect may be there before the 201 is."""
        async with self.ground.administrator("metrics") as admin:
            rows = await admin.fetch(_COMMITTED_AT)
        return sorted(max(0.0, row["committed_at"] - answered[row["key"]]) for row in rows if row["key"] in answered)

    async def _backlog(self) -> int:
        told = (await self.applications.counts())["told"]
        async with self.ground.administrator("metrics") as admin:
            return told - int((await self._effects(admin))["claimed"])

    async def _until_drained(self) -> str:
        """Wait until every event has its effect; what is missing, doubled or parked then."""
        told = (await self.applications.counts())["told"]
        until = time.monotonic() + _DRAIN_SECONDS
        async with self.ground.administrator("metrics") as admin:
            found = await self._effects(admin)
            while found["effects"] < told and time.monotonic() < until:
                await asyncio.sleep(_LOOK_SECONDS)
                found = await self._effects(admin)
        wrong = [f"{name} {found[name]} of {told}" for name in ("claimed", "effects") if found[name] != told]
        return ", ".join([*wrong, *([f"{found['parked']} parked"] if found["parked"] else [])])

    async def _effects(self, admin: Any) -> dict[str, int]:  # noqa: ANN401  asyncpg has no types
        return dict(await admin.fetchrow(_EFFECTS))
