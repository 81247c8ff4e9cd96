"""What was carried over covers what is unpaid up to its limit, and the rest of a year's money lapses with the year."""

from datetime import date

import pytest

from funding.carry_overs import domain


@pytest.mark.parametrize(
    ("unpaid_won", "paid_won", "limit_won", "carried_won"),
    [
        (70, 30, 0, 0),  # nobody carried anything over
        (70, 30, 100, 70),  # all of it
        (90, 30, 100, 70),  # twenty more were promised afterwards
        (20, 80, 100, 20),  # fifty of it are paid by now
        (0, 100, 100, 0),
        (10, 120, 100, 0),  # never less than nothing
    ],
)
def test_what_is_unpaid_is_carried_up_to_the_limit(
    unpaid_won: int, paid_won: int, limit_won: int, carried_won: int
) -> None:
    assert domain.carried_won(unpaid_won=unpaid_won, paid_won=paid_won, limit_won=limit_won) == carried_won


def test_what_lapses_is_uncommitted_or_neither_paid_nor_carried_and_nothing_of_a_private_fund() -> None:
    money = {"uncommitted_won": 5, "unpaid_won": 70, "carried_won": 40}
    assert domain.lapsing_won("LOCAL_SUBSIDY", **money) == 35
    assert domain.lapsing_won("PRIVATE_FUND", **money) == 0


def test_a_year_is_over_on_its_first_day_after_and_a_private_funds_never() -> None:
    assert not domain.is_over("LOCAL_SUBSIDY", 2024, date(2024, 12, 31))
    assert domain.is_over("LOCAL_SUBSIDY", 2024, date(2025, 1, 1))
    assert not domain.is_over("PRIVATE_FUND", 2024, date(2031, 1, 1))
    assert (domain.days_left(2024, date(2024, 12, 31)), domain.days_left(2024, date(2025, 1, 1))) == (0, -1)


def test_the_last_won_that_was_carried_over_is_paid_and_not_one_more() -> None:
    domain.check_limit(2024, date(2025, 2, 1), used_won=100, limit_won=100)
    with pytest.raises(domain.FiscalYearOver):
        domain.check_limit(2024, date(2025, 2, 1), used_won=101, limit_won=100)
