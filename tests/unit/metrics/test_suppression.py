"""Cell suppression: no small cell is shown, and none can be worked out from the total and the cells that are."""

from hypothesis import given
from hypothesis import strategies as st

from metrics.progress.domain import suppress, suppress_total

MINIMUM = 5
tables = st.dictionaries(st.sampled_from([f"52{n}" for n in range(110, 124)]), st.integers(0, 60), max_size=14)


def test_a_county_with_four_cases_is_hidden_and_takes_the_next_smallest_with_it() -> None:
    assert suppress({"a": 4, "b": 9, "c": 30}, minimum=MINIMUM) == {"a": None, "b": None, "c": 30}


def test_a_table_without_small_cells_is_shown_whole() -> None:
    assert suppress({"a": 5, "b": 9}, minimum=MINIMUM) == {"a": 5, "b": 9}


def test_counties_with_nobody_do_not_give_away_the_one_with_a_single_case() -> None:
    assert suppress({"a": 0, "b": 1, "c": 7, "d": 8}, minimum=MINIMUM) == {"a": None, "b": None, "c": None, "d": 8}


def test_what_another_table_would_give_away_is_hidden_with_a_partner() -> None:
    assert suppress({"a": 9, "b": 7, "c": 30}, minimum=MINIMUM, apart={"c"}) == {"a": 9, "b": None, "c": None}
    few_beside = suppress({"a": 9, "b": 1, "c": 30, "d": 40}, minimum=MINIMUM, apart={"c"})
    assert few_beside == {"a": None, "b": None, "c": None, "d": 40}


@given(tables, st.sets(st.sampled_from([f"52{n}" for n in range(110, 124)])))
def test_whatever_is_set_apart_no_hidden_cell_stands_alone(counts: dict[str, int], apart: set[str]) -> None:
    shown = suppress(counts, minimum=MINIMUM, apart=apart)
    hidden = [place for place, count in shown.items() if count is None]
    assert set(hidden) >= apart & counts.keys()
    if hidden and len(hidden) < len(counts):
        assert len(hidden) >= 2
        largest = max((counts[place] for place in apart & counts.keys()), default=0)
        assert sum(counts[place] for place in hidden) - largest >= MINIMUM


@given(tables)
def test_hidden_cells_reach_the_minimum_together_unless_everything_is_hidden(counts: dict[str, int]) -> None:
    shown = suppress(counts, minimum=MINIMUM)
    hidden = [place for place, count in shown.items() if count is None]
    assert all(shown[place] == counts[place] for place in shown if place not in hidden)
    assert all(counts[place] >= MINIMUM for place in shown if place not in hidden)
    if hidden and len(hidden) < len(counts):
        assert len(hidden) >= 2
        assert sum(counts[place] for place in hidden) >= MINIMUM


def test_a_small_total_is_hidden_too() -> None:
    assert suppress_total(4, minimum=MINIMUM) is None
    assert suppress_total(5, minimum=MINIMUM) == 5
