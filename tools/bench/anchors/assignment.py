"""A process that matches one made-up programme twice: with SciPy's dense assignment, and as the mentoring service does.

Costs are whole distances of profiles of sixteen skills. What is timed begins when they are there: the matrix for SciPy,
the best pairs of each project for the service. Whether those sufficed is then checked against all pairs, by the prices.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from mentoring.solver import Network, Optimum, Whole, optimum
from tools.bench.parts import Answer, serve

Skills: TypeAlias = npt.NDArray[np.float32]

_SKILLS, _POINTS, _PAIRS, _ROTATIONS_OF_A_TEAM = 16, 1000, 50, 3
_BLOCK = 250
_UNPLACED = 1_000_000


@dataclass
class _Programme:
    projects: Skills = field(default_factory=lambda: np.zeros((0, _SKILLS), dtype=np.float32))
    rotations: Skills = field(default_factory=lambda: np.zeros((0, _SKILLS), dtype=np.float32))
    network: Network | None = None

    def costs(self, first: int, last: int) -> Whole:
        """The costs of these projects with every rotation."""
        mine = self.projects[first:last]
        squares = (mine**2).sum(1)[:, None] + (self.rotations**2).sum(1)[None]
        points: Whole = np.rint((squares - 2 * mine @ self.rotations.T) * _POINTS).astype(np.int64)
        return points


_programme = _Programme()


async def make(seed: int, projects: int, rotations: int) -> Answer:
    """Draw a programme, and choose the best pairs of each project."""
    chance = np.random.default_rng(seed)
    _programme.projects = chance.random((projects, _SKILLS), dtype=np.float32)
    _programme.rotations = chance.random((rotations, _SKILLS), dtype=np.float32)
    best, costs = [], []
    for first in range(0, projects, _BLOCK):
        block = _programme.costs(first, first + _BLOCK)
        near = np.argpartition(block, _PAIRS, axis=1)[:, :_PAIRS]
        best.append(near)
        costs.append(np.take_along_axis(block, near, 1))
    teams = rotations // _ROTATIONS_OF_A_TEAM + 1
    of_team = np.arange(rotations) % teams
    _programme.network = Network(
        projects=np.repeat(np.arange(projects), _PAIRS),
        rotations=np.concatenate(best).ravel(),
        costs=np.concatenate(costs).ravel(),
        unplaced=np.full(projects, _UNPLACED, dtype=np.int64),
        rotation_teams=of_team,
        steps=[[0] * int((of_team == team).sum()) for team in range(teams)],
    )
    return {}


async def ours() -> Answer:
    """Match as the service does; `proven` looks at every pair there is."""
    network = _programme.network
    assert network is not None  # noqa: S101  made before
    _forget_the_peak()
    before, began = _kilobytes("VmRSS"), time.perf_counter()
    found = optimum(network)
    seconds = time.perf_counter() - began
    extra = _kilobytes("VmHWM") - before
    cost = int(network.costs[found.chosen].sum())
    return {
        "seconds": seconds,
        "cost": cost,
        "proven": len(found.chosen) == len(network.unplaced) and _nothing_is_cheaper(found),
        "extra_bytes": extra * 1024,
        "matrix_bytes": 8 * len(network.unplaced) * len(network.rotation_teams),
    }


async def dense() -> Answer:
    """Match with SciPy over the whole matrix."""
    costs = _programme.costs(0, len(_programme.projects))
    began = time.perf_counter()
    rows, columns = linear_sum_assignment(costs)
    return {"seconds": time.perf_counter() - began, "cost": int(costs[rows, columns].sum())}


def _nothing_is_cheaper(found: Optimum) -> bool:
    return all(
        (
            found.project_prices[first : first + _BLOCK, None] + found.rotation_prices[None]
            <= _programme.costs(first, first + _BLOCK)
        ).all()
        for first in range(0, len(_programme.projects), _BLOCK)
    )


def _forget_the_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _kilobytes(name: str) -> int:
    said = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in said if line.startswith(f"{name}:"))


if __name__ == "__main__":
    serve({"make": make, "ours": ours, "dense": dense})
