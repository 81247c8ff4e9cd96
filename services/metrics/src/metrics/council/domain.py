"""What firms bear of what their projects cost, in all and from the least to the most."""

from collections.abc import Sequence
from dataclasses import dataclass

_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Burdens:
    """Projects with committed money: their costs, the firms' own parts, and what part of its cost each firm bears.

    Amounts are in won. Parts are basis points, cut; `together_bp` is of all costs in one sum, the others are of single
    projects. Without a project there is none.
    """

    projects: int
    total_cost_won: int
    own_won: int
    together_bp: int | None
    least_bp: int | None
    middle_bp: int | None
    most_bp: int | None


def burdens_of(costs: Sequence[tuple[int, int]]) -> Burdens:
    """Of each project its cost, which is above zero, and the firm's own part of it."""
    parts = sorted(own_won * _WHOLE_BP // cost_won for cost_won, own_won in costs)
    cost_won, own_won = sum(cost for cost, _ in costs), sum(own for _, own in costs)
    if not parts:
        return Burdens(0, 0, 0, None, None, None, None)
    middle_bp = (parts[(len(parts) - 1) // 2] + parts[len(parts) // 2]) // 2
    return Burdens(len(parts), cost_won, own_won, own_won * _WHOLE_BP // cost_won, parts[0], middle_bp, parts[-1])
