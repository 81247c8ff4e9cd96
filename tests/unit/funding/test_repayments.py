"""What goes back is shared out to the won, months are counted as the calendar has them, and late charges follow the rules."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.types import Source, Won
from funding.recoveries.domain import Ground, ground_of, principals, surcharges
from funding.repayments.domain import months_after, months_late, share_out
from funding.repayments.store import rules_of
from funding.settlements.domain import Paid, figures

SOURCES = list(Source)


@pytest.mark.promise("I1")
@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**10), min_size=1, max_size=5))
def test_shares_sum_to_the_whole_and_nobody_is_more_than_a_won_off(total: int, weights: list[int]):
    named = dict(zip(SOURCES, weights, strict=False))
    shared = share_out(total, named)
    if sum(weights) == 0:
        assert set(shared.values()) == {0}
        return
    assert sum(shared.values()) == total
    for source, weight in named.items():
        assert abs(shared[source] * sum(weights) - total * weight) < sum(weights)


@given(st.integers(1, 10**9), st.integers(0, 10_000), st.integers(0, 10**6))
def test_rule_f_09_what_goes_back_and_what_stays_is_what_was_paid_and_earned(share: int, saved_bp: int, interest: int):
    shares = [(Source.PROVINCE, Won(share)), (Source.SME, Won(share // 3 + 1))]
    whole = sum(won for _, won in shares)
    unspent = share_out(whole * saved_bp // 10_000, dict(shares))
    paid = [Paid(source=Source.PROVINCE, kept_won=Won(share), left_won=Won(0))]
    province, firm = figures(shares, paid, unspent=unspent, interest={Source.PROVINCE: Won(interest)})
    assert province.refund_won == province.paid_won + province.interest_won - province.fixed_won
    assert (firm.refund_won, firm.fixed_won) == (0, shares[1][1] - unspent[Source.SME])
    assert province.fixed_won + firm.fixed_won + sum(unspent.values()) == whole


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2024, 5, 20), 2, date(2024, 7, 20)),
        (date(2024, 12, 31), 2, date(2025, 2, 28)),
        (date(2023, 12, 30), 2, date(2024, 2, 29)),
        (date(2024, 11, 15), 2, date(2025, 1, 15)),
        (date(2024, 10, 31), 2, date(2024, 12, 31)),
    ],
)
def test_two_months_end_on_the_same_day_or_the_last_one(day: date, months: int, after: date):
    assert months_after(day, months) == after


@pytest.mark.parametrize(("on", "months"), [(date(2024, 7, 22), 0), (date(2024, 8, 21), 0), (date(2025, 7, 22), 12)])
def test_lateness_counts_whole_months(on: date, months: int):
    assert months_late(date(2024, 7, 22), on) == months


@pytest.mark.parametrize(
    ("days", "rate"), [(0, 0), (1, 1), (7, 1), (8, 2), (30, 2), (31, 3), (61, 4), (91, 5), (1_000, 5)]
)
def test_a_late_surcharge_costs_as_the_rules_say_and_at_most_five_percent(days: int, rate: int):
    due = date(2024, 6, 19)
    paid = date.fromordinal(due.toordinal() + days)
    assert rules_of("2024-1").late_charge_won(1_000_000, due, paid) == rate * 10_000


def test_a_small_case_bears_no_surcharge_and_what_is_taken_is_rounded_down():
    taken = principals([(Source.PROVINCE, Won(999_999)), (Source.MUNICIPALITY, Won(3))], 3_333)
    assert taken == {Source.PROVINCE: 333_299, Source.MUNICIPALITY: 0}
    assert set(surcharges(taken, 50_000, free_won=1_000_000).values()) == {0}
    assert surcharges({Source.PROVINCE: Won(1_000_001)}, 50_000, free_won=1_000_000) == {Source.PROVINCE: 5_000_005}


@pytest.mark.parametrize(
    ("cause", "fault", "ground"),
    [
        ("FRAUD", "SUPPLIER", Ground.FRAUD),
        ("SUPPLIER_INSOLVENT", "SUPPLIER", Ground.NOT_AT_FAULT),
        ("ADOPTER_REQUEST", "ADOPTER", Ground.GAVE_UP),
        ("FIX_OVERDUE", "BOTH", Ground.POOR_RESULT),
        ("DISPUTE", "ADOPTER", Ground.OTHER_BREACH),
        ("FORCE_MAJEURE", "UNDETERMINED", Ground.NOT_AT_FAULT),
    ],
)
def test_fault_decides_the_ground(cause: str, fault: str, ground: Ground):
    assert ground_of(cause, fault) is ground
