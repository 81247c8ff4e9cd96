"""What a replay does, decided before it begins: by seed, in each key's order, at the speed that was asked for."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from metrics.webhooks.domain.messages import SAMSUNG, MessageType
from smartfactory.sandbox.options import Faults, Restarted, kinds_of, restarts_of, speed_of
from smartfactory.sandbox.pace import Pace
from smartfactory.sandbox.planning import Again, Close, Release, Restart, Step, Tell, all_again, planned
from smartfactory.sandbox.recording import endings_of, the_season, to_tell
from smartfactory.stack.faults import StackFault

EVENTS = to_tell(the_season(), replay=1)
ENDINGS = endings_of(EVENTS)
EVERYTHING = frozenset(MessageType)
NOW = datetime(2024, 5, 20, 1, 0, tzinfo=UTC)


def plan(kinds: frozenset[MessageType] = EVERYTHING, **faults: object) -> list[Step]:
    return planned(EVENTS, kinds, Faults(**faults))  # type: ignore[arg-type]


def shape(steps: list[Step]) -> list[object]:
    return [(type(step).__name__, step.at, getattr(step, "what", None) or step.one.place) for step in steps]  # type: ignore[union-attr]


def test_without_faults_everything_is_told_once_in_its_order() -> None:
    steps = plan()
    assert [step.one.place for step in steps if isinstance(step, Tell)] == list(range(len(EVENTS)))
    assert not any(step.late for step in steps if isinstance(step, Tell))
    assert [step.one.place for step in steps if isinstance(step, Close)] == [one.place for one in ENDINGS]
    assert len(steps) == len(EVENTS) + len(ENDINGS)


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_says_where_the_faults_come_and_they_break_no_promise(seed: int) -> None:
    wanted = {"duplicates": 9, "gaps": 5, "restarts": {Restarted.WORKER: 2, Restarted.API: 1}}
    steps = plan(seed=seed, **wanted)
    assert shape(steps) == shape(plan(seed=seed, **wanted))
    told = [step for step in steps if isinstance(step, Tell)]
    assert sorted(step.one.place for step in told) == list(range(len(EVENTS))), "none is lost or doubled by a gap"
    assert any(step.late for step in told)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    order: dict[object, list[int]] = defaultdict(list)
    for step in told:
        order[step.one.recorded.key].append(step.one.place)
    assert all(places == sorted(places) for places in order.values())
    repeated = [step for step in steps if isinstance(step, Again)]
    assert len(repeated) == 9
    for step in repeated:
        before = [one for one in steps[: steps.index(step)] if isinstance(one, Tell | Close)]
        assert step.one.place in [one.one.place for one in before], "only what was told is told again"
    assert sorted(step.what for step in steps if isinstance(step, Restart)) == ["api", "worker", "worker"]


@pytest.mark.parametrize("seed", range(20))
def test_a_wave_ends_where_the_clock_comes_to_it_and_behind_its_completion(seed: int) -> None:
    steps = plan(seed=seed, gaps=40)
    closings = [step for step in steps if isinstance(step, Close)]
    assert sorted(step.one.place for step in closings) == [one.place for one in ENDINGS] != []
    for step in closings:
        told = [one.one.place for one in steps[: steps.index(step)] if isinstance(one, Tell)]
        assert step.one.completion.place in told
        assert step.late == (step.at > step.one.closes_at)
        behind = steps[steps.index(step) + 1 :]
        assert all(one.at > step.one.closes_at for one in behind if isinstance(one, Tell)), "the clock came past it"


@pytest.mark.parametrize("seed", range(20))
def test_a_held_webhook_is_let_go_behind_the_next_of_its_key_and_never_repeated_before(seed: int) -> None:
    steps = plan(seed=seed, gaps=4, duplicates=9)
    held = [step for step in steps if isinstance(step, Tell) and step.hold]
    released = [step for step in steps if isinstance(step, Release)]
    assert len(held) == len(released) == 4
    assert {step.one.place for step in held} == {step.one.place for step in released}
    repeated = {step.one.place for step in steps if isinstance(step, Again)}
    for step in released:
        told = [one.one.place for one in steps[: steps.index(step)] if isinstance(one, Tell)]
        assert told.index(step.one.place) < told.index(step.behind.place)
        assert step.one.key == step.behind.key
        owners = [{message.owner for message in one.messages} for one in (step.one, step.behind)]
        assert SAMSUNG in owners[0] & owners[1], "most listen for Samsung's"
        assert step.one.place not in repeated
    assert not {step.behind.place for step in released} & {step.one.place for step in held}


def test_without_gaps_no_webhook_is_held() -> None:
    assert not any(isinstance(step, Release) or (isinstance(step, Tell) and step.hold) for step in plan(duplicates=5))


def test_waves_are_told_with_their_completions_alone_or_not_before_the_clock_comes_there() -> None:
    alone = plan(kinds_of("outcome"))
    assert {step.one.type for step in alone if isinstance(step, Tell)} == {"applicant.project.completed.v1"}
    assert len([step for step in alone if isinstance(step, Close)]) == len(ENDINGS)
    without = plan(kinds_of("project.completed"))
    assert [step for step in without if isinstance(step, Close)] == [], "the last completion is before the first end"


def test_another_seed_is_another_replay() -> None:
    assert len({str(shape(plan(seed=seed, duplicates=5, gaps=3))) for seed in range(20)}) == 20


def test_only_some_kinds_are_told_and_none_is_said() -> None:
    kinds = kinds_of("residency, project.selected")
    assert kinds == {MessageType.PROJECT_SELECTED, *(kind for kind in MessageType if kind.startswith("residency."))}
    told = [step.one.recorded.type for step in plan(kinds) if isinstance(step, Tell)]
    assert set(told) == {
        "applicant.project.selected.v1",
        *(f"mentoring.rotation.residency-{what}.v1" for what in ("assigned", "started", "ended")),
    }
    assert kinds_of("") == EVERYTHING
    with pytest.raises(StackFault, match="no event of these kinds"):
        planned(EVENTS, frozenset(), Faults())


def test_everything_again_begins_each_key_once_on_kafka() -> None:
    everything = [*EVENTS, *ENDINGS]
    places = [one.place for one in everything]
    assert places == list(range(len(everything)))
    steps = [step for step in all_again(everything, places) if isinstance(step, Again)]
    assert [step.one.place for step in steps] == places
    begun = [step.one.key for step in steps if step.on_kafka]
    assert len(begun) == len(set(begun))


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("1d/s", 86_400), ("12h/s", 43_200), ("0.5m/s", 30), ("2w/s", 1_209_600), ("1s/s", 1), ("max", None)],
)
def test_a_speed_is_programme_time_in_a_second(word: str, seconds: float | None) -> None:
    assert speed_of(word) == seconds


@pytest.mark.parametrize(
    ("read", "wrong", "said"),
    [
        (speed_of, "fast", "is no speed"),
        (speed_of, "0d/s", "is no speed"),
        (speed_of, "-1d/s", "is no speed"),
        (speed_of, "٣d/s", "is no speed"),
        (speed_of, "1d", "is no speed"),
        (restarts_of, "bank", "does not know bank"),
        (restarts_of, "worker=-1", "does not know worker=-1"),
        (restarts_of, "worker=6", "3 times"),
        (restarts_of, "api=3,api=3", "3 times"),
        (kinds_of, "residences", "does not know the kind residences"),
        (lambda gaps: plan(gaps=int(gaps)), "1000", "can be"),
        (lambda duplicates: plan(duplicates=int(duplicates)), "1001", f"can be {len(EVENTS) + len(ENDINGS)} here"),
    ],
)
def test_a_wrong_word_is_answered_in_both_languages_with_what_to_do(
    read: Callable[[str], object], wrong: str, said: str
) -> None:
    with pytest.raises(StackFault) as fault:
        read(wrong)
    assert said in fault.value.what.en
    assert re.search("[가-힣]", fault.value.what.ko)
    assert re.search("[가-힣]", fault.value.remedy.ko)
    assert fault.value.remedy.en


def test_restarts_are_counted_by_what() -> None:
    assert restarts_of("worker,broker=2,api, worker") == {
        Restarted.WORKER: 2, Restarted.BROKER: 2, Restarted.API: 1,
    }  # fmt: skip
    assert restarts_of("") == {}


class Time:
    """Real time that passes only by waiting, and a pause that begins and ends at its moments."""

    def __init__(self, *, paused: tuple[float, float] = (-1, -1)) -> None:
        self.now, self._paused = 100.0, paused

    async def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def is_paused(self) -> bool:
        return self._paused[0] <= self.now - 100 < self._paused[1]

    def pace(self, speed: float | None) -> Pace:
        return Pace(speed, is_paused=self.is_paused, now=lambda: self.now, wait=self.wait)


def passed(time: Time, speed: float | None, days: list[float]) -> list[float]:
    async def run() -> list[float]:
        pace, found = time.pace(speed), []
        for day in days:
            await pace.until(NOW + timedelta(days=day))
            found.append(round(time.now - 100, 3))
        return found

    return asyncio.run(run())


def test_the_speed_is_kept_from_the_first_event_on_and_a_pause_takes_its_time() -> None:
    assert passed(Time(), speed_of("1d/s"), [0, 1, 1, 3]) == [0, 1, 1, 3]
    assert passed(Time(), speed_of("12h/s"), [0, 1, 3]) == [0, 2, 6]
    assert passed(Time(), speed_of("max"), [0, 100, 700]) == [0, 0, 0]
    held = passed(Time(paused=(1.5, 4.5)), speed_of("1d/s"), [0, 1, 2, 3])
    assert held[:2] == [0, 1]
    assert held[2:] == pytest.approx([5, 6], abs=0.25)
    assert passed(Time(paused=(0, 2)), speed_of("max"), [0, 1])[-1] == pytest.approx(2, abs=0.2)
