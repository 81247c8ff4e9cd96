"""P10: the memory of each shipped process, against the smallest FastAPI application with a database pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.bench.figures import Figure, Slice
from tools.bench.ground import Ground
from tools.bench.ledger import pss_bytes
from tools.bench.suites import Variant

MINIMAL = "minimal FastAPI and asyncpg"
_SHIPPED = ("applicant-api", "applicant-worker", "metrics-worker")


def _of(name: str) -> Figure:
    return Figure(
        f"P10 {name}",
        "PSS / minimal FastAPI and asyncpg process",
        lambda one: one[name].values["MB"] / one[MINIMAL].values["MB"],
        (name, MINIMAL),
        2.0,
        1.5,
        higher_is_better=False,
    )


@dataclass
class Memory:
    """Read from the kernel after the load of the rounds before."""

    ground: Ground
    name: str = "memory"
    figures: Sequence[Figure] = tuple(_of(name) for name in _SHIPPED)

    async def prepare(self) -> None:
        self.ground.start_program("minimal", "tools.bench.anchors.minimal_app", self.ground.dsn("bench"))
        for name in _SHIPPED:
            self.ground.start_service(*name.split("-"))
        await self.ground.until_ready("minimal", *_SHIPPED)

    async def begin_round(self) -> None:
        """Nothing to empty."""

    def variants(self) -> Mapping[str, Variant]:
        return {MINIMAL: self._reading("minimal")} | {name: self._reading(name) for name in _SHIPPED}

    def _reading(self, name: str) -> Variant:
        async def read() -> Slice:
            megabytes = pss_bytes(self.ground.children[name].pid) / 1e6
            return Slice(1, 1.0, values={"MB": megabytes})

        return read
