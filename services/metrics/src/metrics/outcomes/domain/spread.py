"""How improvements are summed up, as `kpi_definitions` names it: exact until the end, however many they are.

Fractions of different denominators are never added up one by one: the sum of thousands would be a number of a million
digits. A sum is bounded from both sides instead, ever more closely, until both bounds round to the same basis point.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_WHOLE_BP = 10_000
_FIRST_BITS, _MOST_BITS = 64, 512
_DEPTHS_KEPT = 1_024

Ordered = tuple[float, Fraction]
"""An improvement behind the float next to it: they are in the same order, and floats are compared sooner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median, quartiles and the median's interval in basis points; all are none of no figures."""

    median_bp: int | None = None
    lower_quartile_bp: int | None = None
    upper_quartile_bp: int | None = None
    interval_low_bp: int | None = None
    interval_high_bp: int | None = None
    interval_coverage_bp: int | None = None


def in_order(improvements: Iterable[Fraction]) -> list[Ordered]:
    """The improvements from the least on, exactly: where two floats are the same, the fractions decide."""
    return sorted((float(each), each) for each in improvements)


def spread_of(ordered: Sequence[Ordered], *, level_bp: int) -> Spread:
    """Of one cell's valid improvements, in their order."""
    if not ordered:
        return Spread()
    depth, coverage_bp = _depth(len(ordered), Fraction(level_bp, _WHOLE_BP))
    return Spread(
        median_bp=in_bp(_quantile(ordered, Fraction(1, 2))),
        lower_quartile_bp=in_bp(_quantile(ordered, Fraction(1, 4))),
        upper_quartile_bp=in_bp(_quantile(ordered, Fraction(3, 4))),
        interval_low_bp=in_bp(ordered[depth - 1][1]) if depth else None,
        interval_high_bp=in_bp(ordered[-depth][1]) if depth else None,
        interval_coverage_bp=coverage_bp if depth else None,
    )


def median_bounded_bp(ordered: Sequence[Ordered], n_due: int) -> int | None:
    """The median if every due firm without a valid figure had stayed as it was."""
    if not n_due:
        return None
    nothing = (0.0, Fraction(0))
    worse, better = bisect_left(ordered, nothing), bisect_right(ordered, nothing)
    unchanged = [nothing] * (better - worse + max(0, n_due - len(ordered)))
    return in_bp(_quantile([*ordered[:worse], *unchanged, *ordered[better:]], Fraction(1, 2)))


def mean_bp(improvements: Sequence[Fraction]) -> int | None:
    """The mean of the firms' own changes."""
    return ratio_bp(improvements, [Fraction(len(improvements))]) if improvements else None


def ratio_bp(numerators: Sequence[Fraction], denominators: Sequence[Fraction]) -> int | None:
    """The sum of the first over the sum of the second, none of which is below zero; none where that is nothing."""
    if not any(denominators):
        return None
    bits = _FIRST_BITS
    while bits <= _MOST_BITS:
        low, high = _scaled(numerators, bits)
        least, most = _scaled(denominators, bits)
        if least > 0:
            corners = {in_bp(Fraction(part, whole)) for part in (low, high) for whole in (least, most)}
            if len(corners) == 1:
                return corners.pop()
        bits *= 2
    # Halfway between two basis points, where no bounds can agree.
    return in_bp(_whole(numerators) / _whole(denominators))


def in_bp(value: Fraction) -> int:
    """Rounded to a basis point, halves away from zero."""
    whole = (2 * abs(value.numerator) * _WHOLE_BP + value.denominator) // (2 * value.denominator)
    return whole if value.numerator >= 0 else -whole


def _scaled(values: Sequence[Fraction], bits: int) -> tuple[int, int]:
    """Two whole numbers between which the sum lies, in units of one half to the power of `bits`."""
    low = sum((each.numerator << bits) // each.denominator for each in values)
    return low, low + len(values)


def _whole(values: Sequence[Fraction]) -> Fraction:
    """The sum itself, by halves: what is added up is of about the same size."""
    if len(values) <= 1:
        return values[0] if values else Fraction(0)
    middle = len(values) // 2
    return _whole(values[:middle]) + _whole(values[middle:])


def _quantile(ordered: Sequence[Ordered], at: Fraction) -> Fraction:
    place = at * (len(ordered) - 1)
    below = place.numerator // place.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below][1] + (place - below) * (ordered[above][1] - ordered[below][1])


@lru_cache(maxsize=_DEPTHS_KEPT)
def _depth(n: int, level: Fraction) -> tuple[int, int]:
    """The deepest pair of order statistics that holds the median at this level, and how sure it is; 0 if none does.

    Whole numbers throughout: of `2**n` ways in which n firms can lie to both sides of the median, how many lie outside.
    """
    ways, chosen, outside, found = 2**n, 1, 0, (0, 0)
    for depth in range(1, n // 2 + 1):
        outside += 2 * chosen
        if (ways - outside) * level.denominator < level.numerator * ways:
            break
        found = (depth, outside)
        chosen = chosen * (n - depth + 1) // depth
    depth, outside = found
    return depth, in_bp(Fraction(ways - outside, ways))
