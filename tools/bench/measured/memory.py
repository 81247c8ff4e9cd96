"""P10: the memory of each shipped process, against the smallest FastAPI application with a database pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tools.bench.figures import Figure, Slice
from tools.bench.ground import Ground
from tools.bench.ledger import tree_pss_bytes
from tools.bench.suites import Variant

MINIMAL = "minimal FastAPI and asyncpg"
_SHIPPED = ("applicant-api", "applicant-worker", "metrics-worker", "mentoring-worker")
_SERVERS = ("postgres", "kafka")


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
    """Read from the kernel after the load of the rounds before; of each also how far it has grown since the first."""

    ground: Ground
    _first: dict[int, float] = field(default_factory=dict)
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
        names = {MINIMAL: "minimal"} | {name: name for name in (*_SHIPPED, *_SERVERS)}
        return {shown: self._reading(pid) for shown, pid in self.ground.pids(names).items()}

    def _reading(self, pid: int) -> Variant:
        async def read() -> Slice:
            megabytes = tree_pss_bytes(pid) / 1e6
            grown = megabytes / self._first.setdefault(pid, megabytes)
            return Slice(1, 1.0, values={"MB": megabytes, "times the first reading": grown})

        return read
