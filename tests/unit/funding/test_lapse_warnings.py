"""Warnings of lapse: which stage of the year's end a moment belongs to, by the Korean calendar."""

from datetime import UTC, datetime

import pytest

from funding.lapse_warnings import domain
from funding.lapse_warnings.store import rules_in_force

RULES = rules_in_force(datetime(2024, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("moment", "stage"),
    [
        ("2024-01-01T00:00+09:00", None),
        ("2024-11-01T08:59+09:00", None),
        ("2024-11-01T09:00+09:00", 60),
        ("2024-12-01T08:59+09:00", 60),
        ("2024-12-01T00:00+00:00", 30),  # 09:00 in Korea
        ("2024-12-21T09:00+09:00", 10),
        ("2024-12-31T23:59+09:00", 10),
        ("2025-01-01T00:00+09:00", None),
    ],
)
def test_a_moment_is_of_the_last_stage_whose_hour_has_come(moment: str, stage: int | None) -> None:
    assert domain.stage_at(RULES, datetime.fromisoformat(moment)) == stage


def test_the_days_stand_in_data_that_says_where_they_are_from() -> None:
    assert list(RULES.alert_days) == sorted(RULES.alert_days, reverse=True)
    assert RULES.source.startswith(("assumed", "["))


def test_a_year_begins_in_korea() -> None:
    assert domain.year_of(datetime.fromisoformat("2024-12-31T15:00+00:00")) == 2025
