"""The check's own arithmetic, held against the worked example and against the whole."""

from hypothesis import given
from hypothesis import strategies as st

from smartfactory.check.arithmetic import shares_of

TRACK_B = {"PROVINCE": 5508, "MUNICIPALITY": 3213}
PUBLIC = ("PROVINCE", "MUNICIPALITY")


def test_a_cap_on_state_and_samsung_leaves_the_firm_more_than_its_rate() -> None:
    rates = {"NATIONAL": 3000, "SAMSUNG": 3000, "PROVINCE": 2000}
    shares = shares_of(132_000_000, cap_won=60_000_000, rates_bp=rates, capped=("NATIONAL", "SAMSUNG"))
    assert shares == {"NATIONAL": 30_000_000, "SAMSUNG": 30_000_000, "PROVINCE": 26_400_000, "SME": 45_600_000}


def test_below_its_cap_every_source_pays_its_rate_rounded_down() -> None:
    shares = shares_of(10_000_001, cap_won=40_000_000, rates_bp=TRACK_B, capped=PUBLIC)
    assert shares == {"PROVINCE": 5_508_000, "MUNICIPALITY": 3_213_000, "SME": 1_279_001}


@given(st.integers(1, 10**12), st.integers(0, 10**11))
def test_shares_sum_to_the_whole_and_public_money_stays_under_the_cap(total_won: int, cap_won: int) -> None:
    shares = shares_of(total_won, cap_won=cap_won, rates_bp=TRACK_B, capped=PUBLIC)
    assert sum(shares.values()) == total_won
    assert sum(shares[source] for source in PUBLIC) <= cap_won
    assert min(shares.values()) >= 0
