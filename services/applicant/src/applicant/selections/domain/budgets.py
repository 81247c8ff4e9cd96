"""What a case needs of each budget, and which budget is short of it (rule F-05); funding stays the authority."""

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.types import Source

NeedWon = Mapping[str, int]
"""Won per budget: the key is `budget_key(source, municipality_code)`."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first budget that cannot bear a case: what the case needs of it and what is left in it."""

    budget: str
    needed_won: int
    left_won: int


def budget_key(source: str, municipality_code: str | None) -> str:
    """Name a budget: the source, and for the municipalities whose."""
    return f"{source}/{municipality_code}" if source == Source.MUNICIPALITY else source


def shortage(need: NeedWon, left: NeedWon) -> Shortage | None:
    """Find the first budget, in a fixed order, that is short of a need; one nobody has named does not bound here."""
    for budget in sorted(need):
        if budget in left and need[budget] > left[budget]:
            return Shortage(budget, need[budget], left[budget])
    return None


def minus(left: NeedWon, need: NeedWon) -> dict[str, int]:
    """What is left of each budget once a need is taken from it."""
    return {budget: won - need.get(budget, 0) for budget, won in left.items()}
