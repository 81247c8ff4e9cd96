"""Amounts as people write them in the calculator of burdens, and shares as they are quoted."""

import pytest

from metrics.burdens.domain import MOST_WON, WHY, Unreadable, read_won
from metrics.pages.domain.shares import share


@pytest.mark.parametrize(
    ("written", "won"),
    [
        ("132000000", 132_000_000),
        ("132,000,000", 132_000_000),
        (" 132,000,000 원 ", 132_000_000),
        ("１３２００００００", 132_000_000),
        ("1억 3,200만", 132_000_000),
        ("1억3200만원", 132_000_000),
        ("3,200만 1", 32_000_001),
        ("2억", 200_000_000),
        ("132000001", 132_000_001),
        ("1", 1),
        (str(MOST_WON), MOST_WON),
    ],
)
def test_an_amount_is_read_as_people_write_it(written: str, won: int) -> None:
    assert read_won(written) == won


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", Unreadable.EMPTY),
        ("  ", Unreadable.EMPTY),
        ("0", Unreadable.NOT_POSITIVE),
        ("0억 0만원", Unreadable.NOT_POSITIVE),
        ("-5", Unreadable.NOT_POSITIVE),
        ("−132,000,000", Unreadable.NOT_POSITIVE),
        ("132.5", Unreadable.NOT_WHOLE),
        (".5원", Unreadable.NOT_WHOLE),
        ("1e8", Unreadable.NOT_A_NUMBER),
        ("1,32,000", Unreadable.NOT_A_NUMBER),
        ("만", Unreadable.NOT_A_NUMBER),
        ("원", Unreadable.NOT_A_NUMBER),
        ("많이", Unreadable.NOT_A_NUMBER),
        ("1\x00", Unreadable.NOT_A_NUMBER),
        ("<script>", Unreadable.NOT_A_NUMBER),
        ("NaN", Unreadable.NOT_A_NUMBER),
        (str(MOST_WON + 1), Unreadable.TOO_LARGE),
        ("999999억", Unreadable.TOO_LARGE),
        ("9" * 30, Unreadable.NOT_A_NUMBER),
    ],
)
def test_what_is_no_amount_says_why(written: str, why: Unreadable) -> None:
    assert read_won(written) is why
    assert WHY[why].ko
    assert WHY[why].en


def test_a_share_is_cut_and_not_rounded() -> None:
    assert [share(bp) for bp in (3454, 3459, 2000, 5, 10_000)] == ["34.5%", "34.5%", "20.0%", "0.0%", "100.0%"]
