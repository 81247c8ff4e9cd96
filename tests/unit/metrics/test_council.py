"""What firms bear: of all costs together, and from the least to the most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.council.domain import Burdens, burdens_of


def test_story_5_and_its_neighbour_without_a_cap() -> None:
    found = burdens_of([(132_000_000, 45_600_000), (100_000_000, 20_000_000)])
    assert found == Burdens(2, 232_000_000, 65_600_000, 2_827, 2_000, 2_727, 3_454)


@pytest.mark.parametrize(("costs", "middle"), [([(10, 3)], 3_000), ([(10, 3), (10, 1), (10, 9)], 3_000)])
def test_the_middle_is_that_of_an_odd_number_itself(costs: list[tuple[int, int]], middle: int) -> None:
    assert burdens_of(costs).middle_bp == middle


def test_without_a_project_there_is_no_part() -> None:
    assert burdens_of([]) == Burdens(0, 0, 0, None, None, None, None)


@given(st.lists(st.tuples(st.integers(1, 10**13), st.integers(0, 10_000)), min_size=1, max_size=20))
def test_least_middle_and_most_are_in_order_and_the_whole_between_them(drawn: list[tuple[int, int]]) -> None:
    found = burdens_of([(cost, cost * bp // 10_000) for cost, bp in drawn])
    assert found.least_bp is not None
    assert found.middle_bp is not None
    assert found.most_bp is not None
    assert found.together_bp is not None
    assert 0 <= found.least_bp <= found.middle_bp <= found.most_bp <= 10_000
    assert found.least_bp <= found.together_bp <= found.most_bp + 1
