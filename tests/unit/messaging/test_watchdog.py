"""How long nothing moved is counted against who could have moved it."""

import time

import pytest

from common.consumer.watchdog import Patience, Progress, Stuck
from common.kafka import KafkaFault

PATIENCE = Patience(not_ready_seconds=30.0, join_again_seconds=60.0, give_up_seconds=120.0)


class Time:
    """Seconds that pass when told to."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(time, "monotonic", made.monotonic)
    return made


def test_whoever_is_given_a_partition_that_stood_still_with_another_has_its_own_time_for_it(passing: Time):
    progress = Progress(PATIENCE, fault="")
    progress.judge(7, replaceable=False)
    passing.now += 3_600
    with pytest.raises(KafkaFault):
        progress.judge(7, replaceable=False)
    passing.now += 1
    progress.judge(7, replaceable=True)
    assert progress.complaint() == ""
    passing.now += 119
    with pytest.raises(KafkaFault):
        progress.judge(7, replaceable=True)
    passing.now += 2
    with pytest.raises(Stuck):
        progress.judge(7, replaceable=True)


def test_whoever_joins_again_does_not_begin_its_time_anew(passing: Time):
    progress = Progress(PATIENCE, fault="")
    progress.judge(7, replaceable=True)
    passing.now += 61
    with pytest.raises(KafkaFault):
        progress.judge(7, replaceable=True)
    progress.judge(7, replaceable=False)
    passing.now += 60
    with pytest.raises(Stuck):
        progress.judge(7, replaceable=True)
