"""P9 and P9b: matching 3,000 projects with 5,000 rotations of teams, against SciPy's dense assignment of the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.bench.figures import Figure, Round, Slice
from tools.bench.ground import Ground
from tools.bench.parts import Part
from tools.bench.suites import Variant

OURS, DENSE = "plan matched and proven", "SciPy dense assignment"
_PROJECTS, _ROTATIONS = 3_000, 5_000
_MEMORY, _COST = "extra memory / dense matrix", "cost"


def _memory(one: Round) -> float:
    return one[OURS].values[_MEMORY]


@dataclass
class MatchingPlans:
    """In a process of its own. A cost that is not SciPy's, or a pair cheaper than its prices, voids both figures."""

    ground: Ground
    name: str = "matching"
    figures: Sequence[Figure] = (
        Figure(
            "P9",
            "optimal matching with capacities, 3,000 by 5,000, time / SciPy dense assignment",
            lambda one: one[DENSE].rate / one[OURS].rate,
            (OURS, DENSE),
            2.0,
            1.0,
            higher_is_better=False,
        ),
        Figure(
            "P9b",
            "proven optimum, extra memory / dense matrix",
            _memory,
            (OURS, DENSE),
            0.5,
            0.1,
            higher_is_better=False,
        ),
    )
    part: Part | None = None
    seed: int = 0
    cost: int = 0

    async def prepare(self) -> None:
        self.part = self.ground.part("assignment")

    async def begin_round(self) -> None:
        """Another programme each time."""
        self.seed, self.cost = self.seed + 1, 0
        await self._asked().ask("make", seed=self.seed, projects=_PROJECTS, rotations=_ROTATIONS)

    def variants(self) -> Mapping[str, Variant]:
        return {OURS: self._ours, DENSE: self._dense}

    async def _ours(self) -> Slice:
        did = await self._asked().ask("ours")
        fault = "" if did["proven"] else "a pair is cheaper than its prices"
        values = {_MEMORY: did["extra_bytes"] / did["matrix_bytes"]}
        return Slice(1, did["seconds"], fault=fault or self._other(did["cost"]), values=values)

    async def _dense(self) -> Slice:
        did = await self._asked().ask("dense")
        return Slice(1, did["seconds"], fault=self._other(did["cost"]))

    def _other(self, cost: int) -> str:
        """Whichever comes second says whether both cost the same."""
        before, self.cost = self.cost, cost
        return "" if before in {0, cost} else f"one costs {before}, the other {cost}"

    def _asked(self) -> Part:
        if self.part is None:
            raise RuntimeError("not prepared")
        return self.part
