"""The next reserve for a freed place: in order, fundable, never above the seats."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicant.selections.domain import places
from applicant.selections.domain.budgets import Balance, Shortage, known_left, minus, shortage
from applicant.selections.domain.places import Places, Reserve, Skipped
from applicant.selections.domain.ranking import Line

LINE, OTHER = Line("JS1", "52710"), Line("JS2", "52710")
COUNTY = "MUNICIPALITY/52710"


def reserve(
    rank: int, county_won: int, province_won: int = 1, *, line: Line = LINE, order: int | None = None
) -> Reserve:
    need = {"PROVINCE": province_won, COUNTY: county_won}
    return Reserve(line, UUID(int=rank), UUID(int=900), 10, order or rank, need, rank)


def fill(waiting: list[Reserve], counters: dict[Line, Places], left: dict[str, int]) -> tuple[list[int], list[Skipped]]:
    """Who moves up, by rank, and whom that passed over; the counters are changed with it."""
    in_order, promoted, passed_over = iter(places.best_first(waiting)), list[int](), list[Skipped]()
    while True:
        chosen, skipped = places.next_fundable(in_order, counters, left)
        passed_over += skipped
        if chosen is None:
            return promoted, passed_over
        counters[chosen.line] = places.take_place(counters[chosen.line])
        left |= minus(left, chosen.need_won)
        promoted.append(chosen.rank)


def free(line: Line, count: int = 1) -> Places:
    return Places(line, seats=count, taken=0, vacated=count)


def test_the_first_reserve_that_the_county_can_fund_comes_next():
    promoted, skipped = fill([reserve(2, 5), reserve(1, 9)], {LINE: free(LINE)}, {"PROVINCE": 10, COUNTY: 6})
    assert promoted == [2]
    assert [(s.application_id.int, s.shortage) for s in skipped] == [(1, Shortage(COUNTY, 9, 6))]


def test_with_nobody_fundable_the_place_stays_open_and_each_knows_why():
    waiting = [reserve(1, 9), reserve(2, 1, province_won=11)]
    promoted, skipped = fill(waiting, {LINE: free(LINE)}, {"PROVINCE": 10, COUNTY: 6})
    assert promoted == []
    assert [s.shortage.budget for s in skipped] == [COUNTY, "PROVINCE"]


def test_money_of_several_lines_goes_to_the_better_reserve_whatever_its_line():
    first_of_its_line, better = reserve(7, 6, order=1), reserve(3, 6, line=OTHER, order=2)
    promoted, skipped = fill(
        [first_of_its_line, better], {LINE: free(LINE), OTHER: free(OTHER)}, {"PROVINCE": 10, COUNTY: 6}
    )
    assert promoted == [3]
    assert [s.application_id.int for s in skipped] == [7]


def test_who_waits_for_a_line_without_a_place_is_not_passed_over():
    promoted, skipped = fill(
        [reserve(1, 99), reserve(2, 1, line=OTHER)], {LINE: free(LINE, 0), OTHER: free(OTHER)}, {COUNTY: 6}
    )
    assert (promoted, skipped) == ([2], [])


NEEDS = st.lists(st.tuples(st.sampled_from([LINE, OTHER]), st.integers(1, 20)), max_size=12)


@given(NEEDS, st.integers(0, 60), st.integers(0, 4), st.integers(0, 4), st.randoms())
def test_promotions_never_pass_the_seats_or_the_money_and_rest_on_the_order_of_nothing_but_the_ranking(
    needs, county_won, free_here, free_there, shuffle
):
    waiting = [reserve(rank, need, line=line) for rank, (line, need) in enumerate(needs, start=1)]
    counters = {LINE: free(LINE, free_here), OTHER: free(OTHER, free_there)}
    left = {"PROVINCE": 10**6, COUNTY: county_won}
    promoted, skipped = fill(list(waiting), counters, left)
    assert all(counter.taken + counter.vacated == counter.seats for counter in counters.values())
    assert left[COUNTY] >= 0
    assert promoted == sorted(promoted)
    passed_over = {each.application_id for each in skipped}
    for each in waiting:
        if each.rank not in promoted and counters[each.line].vacated:
            assert each.application_id in passed_over
            assert shortage(each.need_won, left)
    shuffle.shuffle(waiting)
    again = {"PROVINCE": 10**6, COUNTY: county_won}
    assert fill(waiting, {LINE: free(LINE, free_here), OTHER: free(OTHER, free_there)}, again)[0] == promoted


def test_a_place_is_taken_only_when_one_was_given_back():
    with pytest.raises(places.NoPlaceLeft):
        places.take_place(Places(LINE, seats=2, taken=2))
    with pytest.raises(places.NoPlaceLeft):
        places.take_place(Places(LINE, seats=2, taken=1))
    freed = places.vacate_place(Places(LINE, seats=2, taken=2))
    assert freed == Places(LINE, seats=2, taken=1, vacated=1)
    assert places.take_place(freed) == Places(LINE, seats=2, taken=2)


def told(line: int, left_won: int, *, source: str = "MUNICIPALITY", municipality_code: str | None = "52710") -> Balance:
    return Balance(UUID(int=line), source, municipality_code, 2024, "B", left_won, 1)


def test_what_funding_told_wins_over_what_the_call_planned():
    planned = [("PROVINCE", None, 100), ("MUNICIPALITY", "52710", 50)]
    left = known_left(planned, [told(1, 7), told(2, 3)], ["52710", "52720"])
    assert left == {"PROVINCE": 100, "MUNICIPALITY/52710": 10, "MUNICIPALITY/52720": 0}


def test_where_no_municipality_pays_none_is_short():
    assert known_left([("PROVINCE", None, 100)], [], ["52710"]) == {"PROVINCE": 100}
