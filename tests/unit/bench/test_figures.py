"""The benchmark's own arithmetic: what a figure is, when it is void, and which rounds do not count."""

import random

import pytest

from tools.bench import suites
from tools.bench.applications import fault_of
from tools.bench.figures import Figure, Slice, judge, middle_half, quantile, ratio, steady
from tools.bench.measured import consuming, relay
from tools.bench.workload import mixed, poison_in

P = Figure("P", "ours / limit", ratio("ours", "limit"), ("ours", "limit"), floor=0.2, target=0.35)


def a_round(ours: int, limit: int, fault: str = "") -> dict[str, Slice]:
    return {"ours": Slice(ours, 1.0, fault=fault), "limit": Slice(limit, 1.0)}


def test_a_figure_is_the_median_of_ratios_taken_inside_rounds():
    # The machine was twice as slow in the second round: the ratio does not see it, a mean of rates would.
    verdict = judge(P, [a_round(40, 100), a_round(18, 50), a_round(30, 100)])
    assert verdict.median == pytest.approx(0.36)
    assert verdict.word() == "target"


def test_the_marks_are_reached_from_the_good_side():
    slower_is_worse = Figure("L", "", ratio("ours", "limit"), ("ours", "limit"), 5.0, 3.0, higher_is_better=False)
    assert [P.reached(value) for value in (0.1, 0.2, 0.34, 0.35)] == ["below floor", "floor", "floor", "target"]
    assert [slower_is_worse.reached(value) for value in (2.0, 3.0, 5.0, 5.1)] == [
        "target",
        "target",
        "floor",
        "below floor",
    ]


def test_one_lost_effect_in_one_round_voids_the_figure_however_good_it_is():
    verdict = judge(
        P, [a_round(90, 100), a_round(90, 100, fault="900 answered with 201, but told 899"), a_round(90, 100)]
    )
    assert verdict.void
    assert verdict.word() == "VOID"
    assert verdict.faults == ("ours: 900 answered with 201, but told 899",)


def test_a_fault_of_another_slice_voids_only_what_rests_on_it():
    one = a_round(40, 100) | {"peer": Slice(1, 1.0, fault="lost")}
    assert not judge(P, [one, one, one]).void


def test_a_round_without_the_slice_says_nothing():
    verdict = judge(P, [{"ours": Slice(1, 1.0)}, a_round(40, 100)])
    assert list(verdict.ratios) == [pytest.approx(0.4)]
    assert "too few rounds" in verdict.word()
    assert judge(P, []).word() == "not measured"


def test_the_middle_half_and_quantiles():
    assert middle_half([1, 2, 3, 4, 5]) == (2, 4)
    assert middle_half([7]) == (7, 7)
    ascending = [float(value) for value in range(100)]
    assert (quantile(ascending, 0.5), quantile(ascending, 0.99), quantile([], 0.5)) == (50.0, 99.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "kept"), [(10, 10, True), (10, 7.1, True), (10, 6.9, False), (6.9, 10, False)]
)
def test_a_round_in_which_the_machine_changed_its_speed_is_thrown_away(before: float, after: float, kept: bool):
    assert steady(before, after) is kept


GOOD = {"submitted": 10, "told": 10, "keys": 10, "explained": 10, "kept": 10}


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("number", [9, 11], ids=["lost", "doubled"])
def test_every_201_has_exactly_one_of_everything(name: str, number: int):
    assert fault_of(GOOD, answered=10, refused=0) == ""
    assert fault_of(GOOD | {name: number}, answered=10, refused=0) == f"10 answered with 201, but {name} {number}"
    assert "not answered with 201" in fault_of(GOOD, answered=10, refused=1)


def test_a_consumers_slice_is_void_when_an_effect_is_missing_doubled_or_parked():
    good = {"claimed": 100, "effects": 99, "parked": 1, "doubled": 0}
    wanted = {"effects": 99, "parked": 1}
    assert consuming._fault_of(good | {"claimed": 99}, **wanted) == ""
    for name in ("claimed", "effects", "parked", "doubled"):
        assert name in consuming._fault_of(good | {"claimed": 99, name: 7}, **wanted)


def test_a_relays_slice_is_void_when_an_event_is_missing_or_out_of_order():
    good = {"events": relay.ROWS, "again": 0, "disordered": 0}
    assert relay._fault_of(good, left=0) == ""
    assert relay._fault_of(good | {"events": relay.ROWS - 1}, left=0)
    assert relay._fault_of(good | {"disordered": 1}, left=0)
    assert relay._fault_of(good, left=1)


def test_the_worst_hour_holds_ten_percent_again_half_of_them_at_once_and_one_percent_poison():
    events = _records(2_000)
    load = mixed(events)
    again = [index for index, one in enumerate(load) if any(one is earlier for earlier in load[:index])]
    at_once = [index for index in again if load[index] is load[index - 1]]
    assert (len(again), len(at_once)) == (200, 100)
    assert sum(one.value == b'{"not": "the event"}' for one in load) == poison_in(2_000) == 20


async def test_every_variant_is_measured_once_a_round_in_an_order_that_the_seed_fixes():
    async def order(seed: int) -> list[str]:
        seen: list[str] = []
        suite = _Suite(seen)
        await suites._round(suite, random.Random(seed))
        return seen

    assert await order(1) == await order(1)
    assert sorted(await order(1)) == sorted(await order(2)) == ["a", "b", "c", "d", "e"]
    assert len({tuple(await order(seed)) for seed in range(5)}) > 1


async def test_a_round_that_is_thrown_away_is_measured_again_even_when_only_one_was_asked_for(monkeypatch):
    speeds = iter([10.0, 5.0, 10.0, 5.0, 10.0, 10.0])
    monkeypatch.setattr(suites.probe, "speed", lambda: next(speeds))
    (reading,) = await suites.run([_Suite([])], rounds=1, seed=1, until=float("inf"), say=lambda _: None)
    assert (len(reading.rounds), reading.thrown_away) == (1, 2)


async def test_a_suite_that_cannot_be_prepared_voids_its_figures_and_leaves_the_others_alone(monkeypatch):
    monkeypatch.setattr(suites.probe, "speed", lambda: 10.0)
    broken, whole = _Suite([]), _Suite([])

    async def refuse() -> None:
        raise RuntimeError("no port")

    broken.prepare = refuse
    readings = await suites.run([broken, whole], rounds=2, seed=1, until=float("inf"), say=lambda _: None)
    assert [[one["a"].fault for one in reading.rounds] for reading in readings] == [
        ["RuntimeError: no port"] * 2,
        [""] * 2,
    ]


class _Suite:
    name = "planted"
    figures = ()

    def __init__(self, seen: list[str]) -> None:
        self._seen = seen

    async def prepare(self) -> None: ...

    async def begin_round(self) -> None: ...

    def variants(self):
        def variant(name: str):
            async def measure() -> Slice:
                self._seen.append(name)
                return Slice(1, 1.0)

            return measure

        return {name: variant(name) for name in "abcde"}


def _records(count: int):
    from common.event import WireRecord  # noqa: PLC0415  only this test needs records

    return [WireRecord(topic="t", key=b"k", value=b"%d" % number, headers=[]) for number in range(count)]
