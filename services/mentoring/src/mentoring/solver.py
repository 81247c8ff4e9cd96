"""Solves one assignment to its optimum, in a process of its own: `python -m mentoring.solver`, JSON in and JSON out.

Nothing else of the service imports the solver's library, and it knows nothing of mentors. Projects flow to rotations,
rotations to teams, and a team's flow costs more with each step. It is a network, so the optimum of the linear
programme is whole, and so are its prices; whoever asked checks both without believing this process.

Few of all pairs are worth a look: it begins with the cheapest of each project, and lets in those that the prices found
so far say are cheaper, until there are none. The end is the optimum over all pairs, with prices that prove it.
"""

import json
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, TypeAlias

import highspy
import numpy as np
import numpy.typing as npt

Whole: TypeAlias = npt.NDArray[np.int64]

FIRST_PAIRS = 10
"""Pairs of each project to begin with; it changes the time and neither the optimum's cost nor its proof."""

_INFINITY = highspy.kHighsInf


@dataclass(frozen=True)
class Network:
    """What may be chosen: pairs by project and rotation, the team of each rotation, and what all of it costs."""

    projects: Whole
    rotations: Whole
    costs: Whole
    unplaced: Whole
    rotation_teams: Whole
    steps: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Optimum:
    """Which pairs are chosen, by number, and the prices that prove that nothing is cheaper."""

    chosen: Whole
    project_prices: Whole
    rotation_prices: Whole
    team_prices: Whole


def solve(asked: dict[str, Any]) -> dict[str, Any]:
    """The cheapest choice of pairs with its prices, of projects, rotations and teams.

    `rotation_teams` names the team of each rotation, `steps` what each further rotation of a team costs, `pairs` are
    project, rotation and cost, `unplaced` what each project costs if it gets no rotation.
    """
    pairs = np.array(asked["pairs"], dtype=np.int64).reshape(-1, 3)
    found = optimum(
        Network(
            projects=pairs[:, 0],
            rotations=pairs[:, 1],
            costs=pairs[:, 2],
            unplaced=np.array(asked["unplaced"], dtype=np.int64),
            rotation_teams=np.array(asked["rotation_teams"], dtype=np.int64),
            steps=asked["steps"],
        )
    )
    return {
        "chosen": found.chosen.tolist(),
        "project_prices": found.project_prices.tolist(),
        "rotation_prices": found.rotation_prices.tolist(),
        "team_prices": found.team_prices.tolist(),
        "solver": f"HiGHS {metadata.version('highspy')}",
    }


def optimum(network: Network) -> Optimum:
    """The cheapest choice over all pairs, by looking at as few of them as needed."""
    looked_at = _cheapest_of_each(network, FIRST_PAIRS)
    while True:
        numbers = np.flatnonzero(looked_at)
        found = _of_pairs(network, numbers)
        prices = found.project_prices[network.projects] + found.rotation_prices[network.rotations]
        cheaper = (prices > network.costs) & ~looked_at
        if not cheaper.any():
            return found
        looked_at |= cheaper


def _cheapest_of_each(network: Network, many: int) -> npt.NDArray[np.bool_]:
    order = np.lexsort((network.rotations, network.costs, network.projects))
    ordered = network.projects[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    looked_at = np.zeros(len(order), dtype=np.bool_)
    looked_at[order[place < many]] = True
    return looked_at


def _of_pairs(network: Network, numbers: Whole) -> Optimum:
    """The optimum as if there were these pairs only. Columns: pairs, unplaced, rotations used, steps of teams."""
    projects, rotations = len(network.unplaced), len(network.rotation_teams)
    of_rotation, of_team = projects, projects + rotations
    step_teams = np.repeat(np.arange(len(network.steps)), [len(each) for each in network.steps]).astype(np.int64)
    step_costs = np.array([cost for each in network.steps for cost in each], dtype=np.int64)
    every_project, every_rotation = np.arange(projects), np.arange(rotations)
    ones = (np.ones(len(numbers)), np.ones(projects), np.ones(rotations), np.ones(len(step_teams)))
    costs = np.concatenate([network.costs[numbers], network.unplaced, np.zeros(rotations), step_costs])
    uppers = np.concatenate([np.full(len(numbers) + projects, _INFINITY), ones[2], ones[3]])
    height = np.concatenate([np.full(len(numbers), 2), ones[1], np.full(rotations, 2), ones[3]])
    rows = np.concatenate(
        [
            np.column_stack([network.projects[numbers], of_rotation + network.rotations[numbers]]).ravel(),
            every_project,
            np.column_stack([of_rotation + every_rotation, of_team + network.rotation_teams]).ravel(),
            of_team + step_teams,
        ]
    )
    values = np.concatenate([np.ones(2 * len(numbers) + projects), np.tile([-1.0, 1.0], rotations), -ones[3]])
    demands = np.concatenate([ones[1], np.zeros(rotations + len(network.steps))])
    starts = np.concatenate([[0], np.cumsum(height)])
    amounts, prices = _run(_Programme(costs, uppers, starts, rows, values, demands))
    whole = np.rint(prices).astype(np.int64)
    return Optimum(
        chosen=numbers[np.rint(amounts[: len(numbers)]) == 1],
        project_prices=whole[:projects],
        rotation_prices=whole[of_rotation:of_team],
        team_prices=whole[of_team:],
    )


@dataclass(frozen=True)
class _Programme:
    """A linear programme by columns; every row is an equation."""

    costs: npt.NDArray[np.double]
    uppers: npt.NDArray[np.double]
    starts: npt.NDArray[np.double]
    rows: Whole
    values: npt.NDArray[np.double]
    demands: npt.NDArray[np.double]


def _run(programme: _Programme) -> tuple[npt.NDArray[np.double], npt.NDArray[np.double]]:
    if not len(programme.costs):
        return np.zeros(0), np.zeros(len(programme.demands))  # nothing to choose is no model to the library
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(programme.costs), len(programme.demands)
    model.col_cost_ = programme.costs.astype(np.double)
    model.col_lower_ = np.zeros(len(programme.costs))
    model.col_upper_ = programme.uppers
    model.row_lower_ = model.row_upper_ = programme.demands
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = programme.starts.astype(np.int32)
    model.a_matrix_.index_ = programme.rows.astype(np.int32)
    model.a_matrix_.value_ = programme.values
    solver = highspy.Highs()  # type: ignore[no-untyped-call]  # the library's own signature
    # One thread and the simplex method: the same input has the same answer, and that answer is a corner, so whole.
    # Without presolve, which takes longer than the rest on a network.
    options: dict[str, bool | int | str] = {
        "output_flag": False,
        "threads": 1,
        "solver": "simplex",
        "presolve": "off",
        "random_seed": 0,
    }
    for option, value in options.items():
        solver.setOptionValue(option, value)
    solver.passModel(model)
    solver.run()
    status = solver.getModelStatus()
    if status != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"not solved: {solver.modelStatusToString(status)}")
    solution = solver.getSolution()
    return np.array(solution.col_value), np.array(solution.row_dual)


def main() -> None:
    """Answer one question under limits of its own: whoever asked may be gone, and nobody else would end this."""
    seconds, megabytes = (int(each) for each in sys.argv[1:3])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The library greets on standard output, which is for the answer alone.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with answer:
        json.dump(solve(json.load(sys.stdin)), answer)


if __name__ == "__main__":
    main()
