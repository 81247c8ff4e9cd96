"""How often one caller may ask, whatever the others do."""

from common.web.pace import Pace
from common.web.streams import wanted


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_some_at_once_and_then_as_many_as_time_brings():
    clock = Seconds()
    pace = Pace(per_minute=60, at_once=3, monotonic=clock)
    assert [pace.take("one") for _ in range(5)] == [0, 0, 0, 1, 1]
    assert pace.take("another") == 0
    clock.now = 1.0
    assert [pace.take("one") for _ in range(2)] == [0, 1]
    clock.now = 100.0
    assert [pace.take("one") for _ in range(4)] == [0, 0, 0, 1]


def test_the_wait_that_is_told_is_long_enough():
    clock = Seconds()
    pace = Pace(per_minute=7, at_once=1, monotonic=clock)
    assert pace.take("one") == 0
    wait = pace.take("one")
    clock.now = float(wait)
    assert pace.take("one") == 0


def test_whoever_is_gone_is_forgotten_and_nobody_gains_by_it():
    clock = Seconds()
    pace = Pace(per_minute=60, at_once=2, monotonic=clock)
    assert [pace.take("busy") for _ in range(3)] == [0, 0, 1]
    for number in range(5_000):
        pace.take(f"once-{number}")
        clock.now += 0.001
    assert len(pace._buckets) <= 1_000


def test_a_stream_is_sent_to_whoever_asks_for_one():
    assert wanted("text/event-stream")
    assert wanted("application/json;q=0.5, Text/Event-Stream; q=1")
    for accept in (None, "", "*/*", "text/*", "application/json", "text/event-streams"):
        assert not wanted(accept)
