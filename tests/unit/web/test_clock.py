"""Programme time stands still in a file until somebody moves it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from common.clock import FileClock, FixedClock, SystemClock

MORNING = datetime(2024, 3, 4, 0, 0, tzinfo=UTC)


def write(path, instant: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(instant)
    beside.replace(path)


def test_a_file_clock_follows_its_file_and_then_stands_still(tmp_path):
    path = tmp_path / "clock"
    write(path, "2024-03-04T09:00:00+09:00\n")
    clock = FileClock(path)
    assert clock.now() == clock.now() == MORNING
    assert clock.now().tzinfo == UTC
    write(path, (MORNING + timedelta(days=30)).isoformat())
    assert clock.now() == MORNING + timedelta(days=30)


def test_without_its_file_it_tells_real_time(tmp_path):
    assert abs(FileClock(tmp_path / "none").now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_broken_line_keeps_the_last_good_instant_and_is_an_error_without_one(tmp_path):
    path = tmp_path / "clock"
    write(path, MORNING.isoformat())
    clock = FileClock(path)
    clock.now()
    write(path, "tomorrow-ish, perhaps")
    assert clock.now() == MORNING
    with pytest.raises(ValueError, match="isoformat"):
        FileClock(path).now()


def test_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        FixedClock(datetime(2024, 3, 4))  # noqa: DTZ001  that is the fault
    clock = FixedClock(datetime(2024, 3, 4, 9, tzinfo=timezone(timedelta(hours=9))))
    assert clock.now() == MORNING
    clock.move_to(MORNING - timedelta(days=1))
    assert clock.now() == MORNING - timedelta(days=1)
