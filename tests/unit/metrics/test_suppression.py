"""Cell suppression: no small cell is shown, and none can be worked out from the total and the cells that are."""

from hypothesis import given
from hypothesis import strategies as st

from metrics.progress.domain import suppress, suppress_parts, suppress_total

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


def test_where_nobody_is_zero_stays_and_covers_no_other_cell() -> None:
    shown = suppress({"a": 0, "b": 1, "c": 7, "d": 8}, minimum=MINIMUM, nobody_in={"a"})
    assert shown == {"a": 0, "b": None, "c": None, "d": 8}
    assert suppress({"a": 0, "b": 0, "c": 7}, minimum=MINIMUM, nobody_in={"a", "b"}) == {"a": 0, "b": 0, "c": 7}
    assert suppress({"a": 1, "b": 7}, minimum=MINIMUM, nobody_in={"a"}) == {"a": None, "b": None}, "it has somebody"


@given(tables, st.sets(st.sampled_from([f"52{n}" for n in range(110, 124)])))
def test_cells_that_may_have_somebody_are_hidden_as_if_the_others_were_not_there(
    counts: dict[str, int], nobody_in: set[str]
) -> None:
    others = {place: count for place, count in counts.items() if count or place not in nobody_in}
    shown = suppress(counts, minimum=MINIMUM, nobody_in=nobody_in)
    assert {place: shown[place] for place in others} == suppress(others, minimum=MINIMUM)
    assert all(shown[place] == 0 for place in counts if place not in others)


def test_a_large_line_that_is_apart_is_covered_by_lines_with_somebody_or_nothing_is_told() -> None:
    told = suppress({"a": 0, "b": 7, "c": 30}, minimum=MINIMUM, apart={"c"}, nobody_in={"a"})
    assert told == {"a": 0, "b": None, "c": None}
    told = suppress({"a": 0, "b": 30}, minimum=MINIMUM, apart={"b"}, nobody_in={"a"})
    assert told == {"a": None, "b": None}, "else the total is the one line's number"
    assert suppress({"a": 0}, minimum=MINIMUM, apart={"a"}, nobody_in={"a"}) == {"a": None}


places = st.sets(st.sampled_from([f"52{n}" for n in range(110, 124)]))


@given(tables, places, places)
def test_a_zero_of_nobody_covers_nothing_whatever_is_set_apart(
    counts: dict[str, int], apart: set[str], nobody_in: set[str]
) -> None:
    shown = suppress(counts, minimum=MINIMUM, apart=apart, nobody_in=nobody_in)
    hidden = {place for place, count in shown.items() if count is None}
    nobody = {place for place in nobody_in - apart if counts.get(place) == 0}
    assert hidden >= apart & counts.keys()
    assert all(shown[place] == counts[place] for place in counts.keys() - hidden)
    if apart & counts.keys() and hidden != counts.keys():
        somebody = hidden - nobody
        largest = max(counts[place] for place in apart & counts.keys())
        assert hidden == somebody, "a zero of nobody is told, or nothing is"
        assert len(somebody) >= 2
        assert sum(counts[place] for place in somebody) - largest >= MINIMUM


def test_a_stage_with_nobody_is_told_unless_a_small_one_needs_it_beside_itself() -> None:
    assert suppress_parts({"p": 0, "a": 9, "c": 7}, minimum=MINIMUM) == {"p": 0, "a": 9, "c": 7}
    assert suppress_parts({"p": 0, "a": 0, "c": 0}, minimum=MINIMUM) == {"p": 0, "a": 0, "c": 0}
    assert suppress_parts({"p": 0, "a": 9, "c": 2}, minimum=MINIMUM) == {"p": None, "a": 9, "c": None}
    assert suppress_parts({"p": 0, "a": 1, "c": 3}, minimum=MINIMUM) == {"p": None, "a": None, "c": None}
    assert suppress_parts({"p": 0, "a": 2, "c": 3}, minimum=MINIMUM) == {"p": 0, "a": None, "c": None}


@given(st.dictionaries(st.sampled_from("pacwt"), st.integers(0, 9), min_size=1))
def test_a_zero_is_told_only_where_the_whole_gives_no_small_stage_away(parts: dict[str, int]) -> None:
    shown = suppress_parts(parts, minimum=MINIMUM)
    assert all(shown[part] in {None, count} for part, count in parts.items())
    assert all(count == 0 or count >= MINIMUM for count in shown.values() if count is not None)
    assert all(shown[part] == count for part, count in parts.items() if count >= MINIMUM)
    if 0 in shown.values():
        hidden = [parts[part] for part, count in shown.items() if count is None]
        assert not hidden or (len(hidden) >= 2 and sum(hidden) >= MINIMUM)
        assert sum(parts.values()) == 0 or sum(parts.values()) >= MINIMUM


def test_a_small_total_is_hidden_too() -> None:
    assert suppress_total(4, minimum=MINIMUM) is None
    assert suppress_total(5, minimum=MINIMUM) == 5
