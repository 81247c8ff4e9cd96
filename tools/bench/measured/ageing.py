"""P3a: whether the relay drains an outbox that has grown old as fast as a fresh one.

A million rows have passed through the old one, and since then a transaction holds a snapshot, as a forgotten session or
a long report does: what was marked meanwhile cannot be cleaned up, in the index of what is unsent least of all.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import asyncpg

from tools.bench.figures import Figure, Slice, ratio
from tools.bench.ground import Ground
from tools.bench.measured.relay import drained, fill_outbox
from tools.bench.suites import Variant

AGED, FRESH = "funding", "mentoring"
"""Services whose outbox nobody else uses in a run."""

OLD, NEW = "drain of an aged outbox", "drain of a fresh outbox"
_ROWS_PASSED, _AT_ONCE = 1_000_000, 100_000
_TOPICS = {AGED: "bench.aged.v1", FRESH: "bench.relay.v1"}
_MARK_ALL = "UPDATE outbox SET published_at = now() WHERE published_at IS NULL"
_HELD = "snapshot held, seconds"


@dataclass
class Ageing:
    """Two workers of the same code, one on an outbox with a past."""

    ground: Ground
    name: str = "ageing"
    figures: Sequence[Figure] = (
        Figure("P3a", "relay drain of an aged outbox / of a fresh one", ratio(OLD, NEW), (OLD, NEW), 0.70, 0.90),
    )
    _snapshot: Any = field(init=False, default=None)
    _held_since: float = field(init=False, default=0.0)

    async def prepare(self) -> None:
        for service in (AGED, FRESH):
            self.ground.start_service(service, "worker")
        await self.ground.until_ready(*(f"{service}-worker" for service in (AGED, FRESH)))
        self.ground.quiet()
        async with self.ground.administrator(AGED) as admin:
            for _ in range(_ROWS_PASSED // _AT_ONCE):
                await fill_outbox(admin, _TOPICS[AGED], _AT_ONCE)
                await admin.execute(_MARK_ALL)
        self._snapshot = await asyncpg.connect(self.ground.dsn(AGED, owner=True))
        await self._snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await self._snapshot.fetchval("SELECT count(*) FROM outbox WHERE id = 1")
        self._held_since = time.monotonic()

    async def begin_round(self) -> None:
        self.ground.quiet()
        async with self.ground.administrator(FRESH) as admin:
            await admin.execute("TRUNCATE outbox, outbox_sequence")
            await admin.execute("CHECKPOINT")

    def variants(self) -> Mapping[str, Variant]:
        return {OLD: partial(self._drain, AGED), NEW: partial(self._drain, FRESH)}

    async def _drain(self, service: str) -> Slice:
        found = await drained(self.ground, service, _TOPICS[service])
        held = {_HELD: time.monotonic() - self._held_since} if service == AGED else {}
        return Slice(found.operations, found.seconds, fault=found.fault, cpu_seconds=found.cpu_seconds, values=held)
