"""P6: what waking the relay costs those who commit, on this disk and on one that needs a millisecond more per flush."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tools.bench.figures import Figure, Slice, ratio
from tools.bench.ground import BENCH_DATABASE, Ground
from tools.bench.suites import Variant
from tools.bench.tables import EMPTY_BENCH_TABLES

ALONE, HINT, NOTIFY = "commit", "commit, hint after it", "commit, NOTIFY inside"
SLOW = " (+1 ms per flush)"
_SECONDS = 0.8
# PostgreSQL's own delay before a flush, for whoever flushes on behalf of a group: what a slower disk would do.
_SLOWER, _AS_IT_IS = "ALTER SYSTEM SET commit_delay = 1000", "ALTER SYSTEM SET commit_delay = 0"


def _figures(id_: str, suffix: str) -> tuple[Figure, ...]:
    alone, hint, notify = (name + suffix for name in (ALONE, HINT, NOTIFY))
    return (
        Figure(id_, f"commits with the shipped hint / without{suffix}", ratio(hint, alone), (hint, alone), 0.80, 0.90),
        Figure(f"X{id_[1:]}", f"peer: NOTIFY inside / without{suffix}", ratio(notify, alone), (notify, alone)),
    )


@dataclass
class Waking:
    """The raw transaction on sixteen connections, alone, with the shipped hint, and with NOTIFY in it."""

    ground: Ground
    name: str = "waking"
    figures: Sequence[Figure] = (*_figures("P6", ""), *_figures("P6s", SLOW))

    async def prepare(self) -> None:
        self.ground.part("transactions")

    async def begin_round(self) -> None:
        self.ground.quiet()
        async with self.ground.administrator(BENCH_DATABASE) as admin:
            await admin.execute(EMPTY_BENCH_TABLES)
            await admin.execute("CHECKPOINT")

    def variants(self) -> Mapping[str, Variant]:
        wakes = {ALONE: "none", HINT: "hint", NOTIFY: "notify"}
        return {
            name + suffix: partial(self._measure, wake, slow=bool(suffix))
            for name, wake in wakes.items()
            for suffix in ("", SLOW)
        }

    async def _measure(self, wake: str, *, slow: bool) -> Slice:
        await self._set(_SLOWER if slow else _AS_IT_IS)
        try:
            url = self.ground.dsn(BENCH_DATABASE)
            answer = await self.ground.part("transactions").ask("measure", url=url, seconds=_SECONDS, wake=wake)
        finally:
            await self._set(_AS_IT_IS)
        return Slice(answer["operations"], answer["seconds"])

    async def _set(self, delay: str) -> None:
        async with self.ground.administrator(BENCH_DATABASE) as admin:
            await admin.execute(delay)
            await admin.execute("ALTER SYSTEM SET commit_siblings = 0")
            await admin.execute("SELECT pg_reload_conf()")
