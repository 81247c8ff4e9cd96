"""When each wave may be reported and by when, in the Korean calendar, and which version of the rules says so."""

from datetime import date, datetime

import pytest

from common.clock import KST
from metrics.outcomes import store
from metrics.outcomes.domain.definitions import Wave, last_publication
from metrics.outcomes.domain.waves import add_months, covers_months, window_of

_RULES = store.rules_in_force(date(2024, 6, 1))
assert _RULES is not None
RULES = _RULES


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KST)


@pytest.mark.parametrize(
    ("completed", "wave", "opens_on", "due_on"),
    [
        ("2025-05-09T10:00", Wave.COMPLETION, "2025-08-09", "2025-09-08"),
        ("2025-11-30T10:00", Wave.COMPLETION, "2026-02-28", "2026-03-30"),  # the month has no 30th
        ("2025-06-05T10:00", Wave.COMPLETION, "2025-09-05", "2025-10-10"),  # Chuseok is 3 to 9 October
        ("2025-05-09T10:00", Wave.YEAR_1, "2027-01-01", "2027-03-31"),
        ("2025-05-09T10:00", Wave.YEAR_2, "2028-01-01", "2028-03-30"),  # a leap year
        ("2025-05-09T10:00", Wave.YEAR_3, "2029-01-01", "2029-04-02"),  # 31 March is a Saturday
        ("2024-12-31T23:59", Wave.YEAR_1, "2026-01-01", "2026-03-31"),
        ("2025-01-01T00:00", Wave.YEAR_1, "2027-01-01", "2027-03-31"),  # a second later, a year later
    ],
)
def test_a_wave_opens_when_its_period_is_over_and_rolls_over_holidays(
    completed: str, wave: Wave, opens_on: str, due_on: str
) -> None:
    window = window_of(at(completed), RULES.wave(wave), store.is_working_day)
    assert (window.opens_on, window.due_on) == (date.fromisoformat(opens_on), date.fromisoformat(due_on))
    assert window.due_at > datetime.combine(window.due_on, datetime.max.time(), tzinfo=KST)


def test_a_year_after_is_a_whole_calendar_year() -> None:
    window = window_of(at("2025-05-09T10:00"), RULES.wave(Wave.YEAR_1), store.is_working_day)
    assert (window.period_from, window.period_to) == (date(2026, 1, 1), date(2026, 12, 31))
    assert covers_months(date(2026, 1, 1), date(2026, 12, 31), window.months_min)
    assert not covers_months(date(2026, 1, 2), date(2026, 12, 31), window.months_min)


def test_months_are_counted_to_the_last_day() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(2024, 12, 15), 12) == date(2025, 12, 15)
    assert covers_months(date(2024, 2, 1), date(2024, 4, 30), 3)
    assert not covers_months(date(2024, 2, 1), date(2024, 4, 29), 3)


@pytest.mark.parametrize(
    ("today", "published"),
    [("2025-06-30", "2024-12-31"), ("2025-07-01", "2025-06-30"), ("2026-01-01", "2025-12-31")],
)
def test_figures_are_published_as_of_days_that_are_over(today: str, published: str) -> None:
    day = last_publication(RULES.publication, date.fromisoformat(today))
    assert day == date.fromisoformat(published)


def test_every_number_of_the_definitions_has_a_source() -> None:
    assert store.rules_in_force(date(2021, 12, 31)) is None
    assert [each.code for each in RULES.kpis] == ["P1", "P2", "Q1", "C1", "D1", "D2"]
    parts = (*RULES.kpis, RULES.baseline, *RULES.waves, RULES.method, RULES.publication)
    assert all("domain.md" in each.source or "assumed" in each.source or "[" in each.source for each in parts)
    assert [each.wave for each in RULES.waves] == [wave for wave in Wave if wave is not Wave.BASELINE]
