"""The check's own sums, in exact fractions: written from domain.md F-01 and F-02, not from the service that splits."""

from collections.abc import Collection, Mapping
from fractions import Fraction
from math import floor

_WHOLE_BP = 10_000
SME = "SME"


def shares_of(
    total_cost_won: int, *, cap_won: int, rates_bp: Mapping[str, int], capped: Collection[str]
) -> dict[str, int]:
    """What each source owes of a cost: capped ones together at most the cap, all rounded down, the firm the rest."""
    wanted = {source: Fraction(rate, _WHOLE_BP) * total_cost_won for source, rate in rates_bp.items()}
    together = sum((wanted[source] for source in wanted if source in capped), Fraction(0))
    shrink = Fraction(cap_won) / together if together > cap_won else Fraction(1)
    owed = {source: floor(won * (shrink if source in capped else 1)) for source, won in wanted.items()}
    return owed | {SME: total_cost_won - sum(owed.values())}
