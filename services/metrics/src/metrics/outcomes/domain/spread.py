"""How improvements are summed up: exact fractions until the end, the method as `kpi_definitions` names it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median, quartiles and the median's interval in basis points; all are none of no figures."""

    median_bp: int | None = None
    lower_quartile_bp: int | None = None
    upper_quartile_bp: int | None = None
    interval_low_bp: int | None = None
    interval_high_bp: int | None = None
    interval_coverage_bp: int | None = None


def spread_of(improvements: Sequence[Fraction], *, level_bp: int) -> Spread:
    """Of one cell's valid improvements."""
    ordered = sorted(improvements)
    if not ordered:
        return Spread()
    depth, coverage = _depth(len(ordered), Fraction(level_bp, _WHOLE_BP))
    return Spread(
        median_bp=in_bp(_quantile(ordered, Fraction(1, 2))),
        lower_quartile_bp=in_bp(_quantile(ordered, Fraction(1, 4))),
        upper_quartile_bp=in_bp(_quantile(ordered, Fraction(3, 4))),
        interval_low_bp=in_bp(ordered[depth - 1]) if depth else None,
        interval_high_bp=in_bp(ordered[-depth]) if depth else None,
        interval_coverage_bp=in_bp(coverage) if depth else None,
    )


def median_bounded_bp(improvements: Sequence[Fraction], n_due: int) -> int | None:
    """The median if every due firm without a valid figure had stayed as it was."""
    if not n_due:
        return None
    unchanged = [Fraction(0)] * max(0, n_due - len(improvements))
    return in_bp(_quantile(sorted([*improvements, *unchanged]), Fraction(1, 2)))


def mean_bp(improvements: Sequence[Fraction]) -> int | None:
    """The mean of the firms' own changes."""
    return in_bp(sum(improvements, Fraction(0)) / len(improvements)) if improvements else None


def in_bp(value: Fraction) -> int:
    """Rounded to a basis point, halves away from zero."""
    whole = (2 * abs(value) * _WHOLE_BP + 1) // 2
    return int(whole if value >= 0 else -whole)


def _quantile(ordered: Sequence[Fraction], at: Fraction) -> Fraction:
    place = at * (len(ordered) - 1)
    below = place.numerator // place.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _depth(n: int, level: Fraction) -> tuple[int, Fraction]:
    """The deepest pair of order statistics that holds the median at this level, and how sure it is; 0 if none does."""
    outside, found = Fraction(0), (0, Fraction(0))
    for depth in range(1, n // 2 + 1):
        outside += Fraction(2 * comb(n, depth - 1), 2**n)
        if 1 - outside < level:
            break
        found = (depth, 1 - outside)
    return found
