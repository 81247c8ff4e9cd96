"""Median, quartiles and interval, against the standard library and a sum over all outcomes of a fair coin."""

import statistics
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.outcomes.domain.spread import in_bp, in_order, mean_bp, median_bounded_bp, ratio_bp, spread_of

LEVEL = 9500
improvements = st.lists(st.fractions(-3, 3, max_denominator=500), min_size=2, max_size=60)


@given(improvements)
def test_it_agrees_with_the_standard_library(values: list[Fraction]) -> None:
    found = spread_of(in_order(values), level_bp=LEVEL)
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    assert found.median_bp == in_bp(Fraction(statistics.median(values))) == in_bp(Fraction(median))
    assert (found.lower_quartile_bp, found.upper_quartile_bp) == (in_bp(Fraction(lower)), in_bp(Fraction(upper)))
    assert mean_bp(values) == in_bp(statistics.mean(values))


@pytest.mark.parametrize(("n", "depth"), [(5, 0), (6, 1), (8, 1), (9, 2), (12, 3), (15, 4)])
def test_the_interval_holds_the_median_as_often_as_it_says(n: int, depth: int) -> None:
    found = spread_of(in_order(Fraction(number, 100) for number in range(1, n + 1)), level_bp=LEVEL)
    if depth == 0:
        assert (found.interval_low_bp, found.interval_high_bp, found.interval_coverage_bp) == (None, None, None)
        return
    assert (found.interval_low_bp, found.interval_high_bp) == (100 * depth, 100 * (n + 1 - depth))
    # Each of n firms lies above or below the true median by a fair coin: all of them that keep it inside.
    inside = sum(depth <= sum(sides) <= n - depth for sides in product((0, 1), repeat=n))
    assert found.interval_coverage_bp == in_bp(Fraction(inside, 2**n))
    deeper = sum(depth + 1 <= sum(sides) <= n - depth - 1 for sides in product((0, 1), repeat=n))
    assert Fraction(deeper, 2**n) < Fraction(LEVEL, 10_000) <= Fraction(inside, 2**n)


def test_nobody_is_no_figure_and_the_silent_pull_it_to_nothing() -> None:
    assert spread_of([], level_bp=LEVEL).median_bp is None
    assert mean_bp([]) is None
    assert median_bounded_bp([], 0) is None
    assert median_bounded_bp(in_order([Fraction(1, 2)]), 1) == 5000
    assert median_bounded_bp(in_order([Fraction(1, 2), Fraction(1, 4)]), 5) == 0


@given(improvements, st.integers(0, 40))
def test_the_silent_are_counted_as_unchanged(values: list[Fraction], silent: int) -> None:
    expected = statistics.median([*values, *[Fraction(0)] * silent])
    assert median_bounded_bp(in_order(values), len(values) + silent) == in_bp(Fraction(expected))


@given(
    st.lists(st.tuples(st.fractions(-3, 3, max_denominator=997), st.fractions(0, 3, max_denominator=991)), min_size=1)
)
def test_sums_are_bounded_until_they_are_exact(pairs: list[tuple[Fraction, Fraction]]) -> None:
    gains, before = [gain for gain, _ in pairs], [value for _, value in pairs]
    expected = in_bp(sum(gains, Fraction(0)) / sum(before, Fraction(0))) if any(before) else None
    assert ratio_bp(gains, before) == expected


def test_a_sum_that_lies_halfway_between_two_basis_points_is_worked_out_whole() -> None:
    thirds = [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3) + Fraction(3, 20_000)]
    assert mean_bp(thirds) == in_bp(Fraction(1, 3) + Fraction(1, 20_000)) == 3334
    assert ratio_bp([Fraction(1, 3), Fraction(1, 6)], [Fraction(10_000, 3), Fraction(5_000, 3)]) == 1
    assert ratio_bp([Fraction(1, 20_000)], [Fraction(1)]) == 1


@pytest.mark.parametrize(
    ("value", "bp"),
    [(Fraction(1, 20_000), 1), (Fraction(-1, 20_000), -1), (Fraction(1, 20_001), 0), (Fraction(1, 3), 3333)],
)
def test_halves_are_rounded_away_from_zero(value: Fraction, bp: int) -> None:
    assert in_bp(value) == bp
