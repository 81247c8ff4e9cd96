"""What a day shows: seats that nobody holds and no later call offers, and every reason against an extra call."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from applicant.calls import domain as calls
from contracts.types import BasisPoints, Source, Won
from metrics.today import domain, store
from metrics.today.domain import ClosedBecause, Rate, SeatLine, Surroundings, Unused
from tests.unit.applicant.test_calls import terms

START = datetime(2024, 4, 3, 8, tzinfo=UTC)
CALM = Surroundings(reserves=0, call_under_way=False, unanswered=False, shares_won={"P": 10}, left_won={"P": 31})


def line(number: int, seats: int, held: int = 0, *, decided: bool = True, place: str = "52710") -> SeatLine:
    """JS1 of Track B in the call of this number, whose window ends so many days after the start."""
    return SeatLine(
        call_id=UUID(int=number),
        track="B",
        closes_at=START + timedelta(days=number),
        decided=decided,
        type_code="JS1",
        municipality_code=place,
        seats=seats,
        held=held,
        reserves=0,
    )


def left(*lines: SeatLine) -> list[tuple[int, int, int]]:
    """By call: seats that nobody holds, and how many of them no call offers."""
    return [(each.line.call_id.int, each.unused, each.left) for each in domain.unused_seats(lines)]


def around(**changes: object) -> Surroundings:
    values = {name: getattr(CALM, name) for name in Surroundings.__dataclass_fields__}
    return Surroundings(**(values | changes))  # type: ignore[arg-type]


def test_the_seats_of_a_decided_call_are_unused_where_no_project_holds_them() -> None:
    assert left(line(1, 5, 1), line(1, 3, 3, place="52110"), line(1, 0, place="52130")) == [(1, 4, 4)]
    assert left(line(1, 5, 1, decided=False)) == [], "who decides it may still give them"
    assert left(line(1, 2, 3)) == [], "an upheld objection may have added a place"


def test_a_later_call_of_the_same_place_takes_over_the_oldest_seats_first() -> None:
    first, second = line(1, 4), line(2, 3)
    assert left(first, second, line(3, 5, decided=False)) == [(1, 4, 0), (2, 3, 0)]
    assert left(second, first) == [(1, 4, 1), (2, 3, 3)], "whatever the order in which they are told"
    assert left(first, line(2, 4, 3), line(2, 9, place="52110")) == [(1, 4, 0), (2, 1, 1), (2, 9, 9)]


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, []),
        ({"reserves": 1}, [ClosedBecause.RESERVES_WAIT]),
        ({"call_under_way": True}, [ClosedBecause.CALL_UNDER_WAY]),
        ({"unanswered": True}, [ClosedBecause.FUNDING_NOT_ANSWERED]),
        ({"shares_won": {}}, [ClosedBecause.SHARES_UNKNOWN]),
        ({"left_won": {"P": 9}}, [ClosedBecause.NO_MONEY]),
        ({"shares_won": {"P": 10, "M": 1}}, [ClosedBecause.NO_MONEY]),
        ({"reserves": 1, "left_won": {}}, [ClosedBecause.RESERVES_WAIT, ClosedBecause.NO_MONEY]),
    ],
)
def test_an_extra_call_is_offered_unless_something_stands_against_it_and_all_of_that_is_said(
    changes: dict[str, object], reasons: list[ClosedBecause]
) -> None:
    assert domain.closed_because(Unused(line(1, 4), 4), around(**changes)) == reasons


def test_seats_that_are_offered_again_are_offered_no_second_time() -> None:
    assert domain.closed_because(Unused(line(1, 4), 4, offered_again=4), CALM) == [ClosedBecause.OFFERED_AGAIN]


def test_as_many_seats_can_be_paid_for_as_the_poorest_source_has_full_shares() -> None:
    assert around(shares_won={"P": 10, "M": 15}, left_won={"P": 99, "M": 31}).fundable == 2
    assert around(shares_won={"P": 10, "M": 0}, left_won={"P": 19}).fundable == 1
    assert around(shares_won={"P": 10}, left_won={"P": -5}).fundable == 0
    assert around(shares_won={}).fundable == 0


@given(
    st.integers(1, 3_000_000_000),
    st.integers(1, 3_000),
    st.integers(1, 3_000),
    st.integers(1, 3_000),
    st.integers(1, 9_000_000_000),
)
def test_no_project_of_any_cost_takes_more_of_a_capped_source_than_its_full_share(
    cap_won: int, province: int, municipality: int, national: int, cost_won: int
) -> None:
    rates = [("PROVINCE", province, True), ("MUNICIPALITY", municipality, True), ("NATIONAL", national, False)]
    full = domain.full_shares(cap_won, [Rate(*rate) for rate in rates])
    call = terms(*(calls.Rate(Source(who), BasisPoints(bp), capped) for who, bp, capped in rates), cap_won=cap_won)
    for source in (Source.PROVINCE, Source.MUNICIPALITY):
        assert calls.estimate_shares(call, "BASIC", Won(cost_won))[source] <= full[source]
        assert calls.estimate_shares(call, "BASIC", Won(cap_won * 10_000))[source] == full[source]
    assert sum(full[source] for source in ("PROVINCE", "MUNICIPALITY")) <= cap_won


def test_without_a_capped_source_nobody_can_say_what_a_project_costs_at_most() -> None:
    assert domain.full_shares(40_000_000, [Rate("PROVINCE", 5_000, capped=False)]) == {}
    assert domain.full_shares(40_000_000, []) == {}


def test_a_day_is_koreas_and_its_rule_says_where_the_number_of_days_is_from() -> None:
    assert domain.today_of(datetime(2024, 12, 1, 15, tzinfo=UTC)) == date(2024, 12, 2)
    rule = store.rule_in_force(date(2024, 12, 2))
    assert (rule.version, rule.due_soon_days) == ("2024-1", 7)
    assert rule.due_soon_source.startswith("assumed")
    assert store.rule_in_force(date(2000, 1, 1)) == rule, "before the first version there is no other"
