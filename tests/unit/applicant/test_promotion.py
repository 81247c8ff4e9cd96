"""The next reserve for a freed place: in order, fundable, never above the seats."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicant.selections.domain import places
from applicant.selections.domain.budgets import Balance, Shortage, known_left, minus, shortage
from applicant.selections.domain.places import Places, Reserve
from applicant.selections.domain.ranking import Line

LINE = Line("JS1", "52710")
COUNTY = "MUNICIPALITY/52710"


def reserve(order: int, county_won: int, province_won: int = 1) -> Reserve:
    return Reserve(LINE, UUID(int=order), UUID(int=900), 10, order, {"PROVINCE": province_won, COUNTY: county_won})


def test_the_first_reserve_that_the_county_can_fund_comes_next():
    chosen, skipped = places.next_fundable([reserve(2, 5), reserve(1, 9)], {"PROVINCE": 10, COUNTY: 6})
    assert chosen == reserve(2, 5)
    assert [(s.application_id.int, s.shortage) for s in skipped] == [(1, Shortage(COUNTY, 9, 6))]


def test_with_nobody_fundable_the_place_stays_open_and_each_knows_why():
    chosen, skipped = places.next_fundable([reserve(1, 9), reserve(2, 1, province_won=11)], {"PROVINCE": 10, COUNTY: 6})
    assert chosen is None
    assert [s.shortage.budget for s in skipped] == [COUNTY, "PROVINCE"]


@given(st.lists(st.integers(1, 20), max_size=12), st.integers(0, 60), st.integers(0, 4), st.integers(0, 6))
def test_promotions_never_pass_the_seats_or_the_money_and_skip_only_the_unfundable(needs, county_won, free, kept):
    waiting = [reserve(order, need) for order, need in enumerate(needs, start=1)]
    counter = Places(LINE, seats=kept + free, taken=kept, vacated=free)
    left = {"PROVINCE": 10**6, COUNTY: county_won}
    promoted = []
    while counter.vacated:
        chosen, skipped = places.next_fundable(waiting, left)
        assert all(
            shortage(r.need_won, left) for r in waiting if r.application_id in {s.application_id for s in skipped}
        )
        if chosen is None:
            break
        counter = places.take_place(counter)
        left = minus(left, chosen.need_won)
        waiting.remove(chosen)
        promoted.append(chosen)
    assert counter.taken + counter.vacated == counter.seats == kept + free
    assert len(promoted) <= free
    assert left[COUNTY] >= 0
    if len(promoted) < free:
        assert all(shortage(r.need_won, left) for r in waiting)


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
