"""What a case needs of each budget, and which budget is short of it (rule F-05); funding stays the authority."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from contracts.types import Source

NeedWon = Mapping[str, int]
"""Won per budget: the key is `budget_key(source, municipality_code)`."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What funding told to be left on one of its lines; a higher `line_version` is newer, whatever came first."""

    budget_line_id: UUID
    source: str
    municipality_code: str | None
    fiscal_year: int
    track: str
    left_won: int
    line_version: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first budget that cannot bear a case: what the case needs of it and what is left in it."""

    budget: str
    needed_won: int
    left_won: int


def budget_key(source: str, municipality_code: str | None) -> str:
    """Name a budget: the source, and for the municipalities whose."""
    return f"{source}/{municipality_code}" if source == Source.MUNICIPALITY else str(source)


def shortage(need: NeedWon, left: NeedWon) -> Shortage | None:
    """Find the first budget, in a fixed order, that is short of a need; one nobody has named does not bound here."""
    for budget in sorted(need):
        if budget in left and need[budget] > left[budget]:
            return Shortage(budget, need[budget], left[budget])
    return None


def minus(left: NeedWon, need: NeedWon) -> dict[str, int]:
    """What is left of each budget once a need is taken from it."""
    return {budget: won - need.get(budget, 0) for budget, won in left.items()}


def known_left(
    planned: Iterable[tuple[str, str | None, int]], told: Iterable[Balance], municipalities: Iterable[str]
) -> dict[str, int]:
    """What is left of each budget as far as is known here: what funding told wins over what the call planned.

    Where municipalities pay at all, one that has no line has nothing. A source without any line does not bound here.
    """
    left: dict[str, int] = {}
    for source, municipality_code, won in planned:
        left[budget_key(source, municipality_code)] = won
    by_budget: dict[str, int] = {}
    for balance in told:
        key = budget_key(balance.source, balance.municipality_code)
        by_budget[key] = by_budget.get(key, 0) + balance.left_won
    left |= by_budget
    if any(key.startswith(f"{Source.MUNICIPALITY}/") for key in left):
        left = {budget_key(Source.MUNICIPALITY, code): 0 for code in municipalities} | left
    return left
