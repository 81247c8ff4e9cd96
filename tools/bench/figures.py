"""What a figure is: one ratio per round, the median and the middle half over the rounds, and when it is void.

A ratio is taken inside a round only, never across rounds: a machine that others use is slower for both sides.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MOST_PROBE_DIFFERENCE = 0.30
"""A round during which the machine's speed changed by more is thrown away, and counted."""

MOST_GENERATOR_SHARE = 0.20
"""A load generator that takes more of the cores measures itself."""

ROUNDS_FOR_SMALL_DIFFERENCES = 15
"""A median of fewer claims no difference below 1.3x."""

_FEWEST_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Slice:
    """What one variant did in one round. A `fault` voids every figure that rests on it."""

    operations: int
    seconds: float
    fault: str = ""
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.seconds if self.seconds > 0 else 0.0


Round = Mapping[str, Slice]


class NotMeasured(Exception):
    """The round has no such slice, so it says nothing about the figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A goal, or a peer's figure without one. `of` is the ratio of one round, `absolute` what it is made of."""

    id: str
    title: str
    of: Callable[[Round], float]
    rests_on: tuple[str, ...]
    floor: float | None = None
    target: float | None = None
    higher_is_better: bool = True

    def reached(self, value: float) -> str:
        """Which of its marks a value reaches."""
        if self.floor is None or self.target is None:
            return ""
        if self._at_least(value, self.target):
            return "target"
        return "floor" if self._at_least(value, self.floor) else "below floor"

    def _at_least(self, value: float, mark: float) -> bool:
        return value >= mark if self.higher_is_better else value <= mark


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure over all kept rounds."""

    figure: Figure
    ratios: Sequence[float]
    faults: Sequence[str]

    @property
    def void(self) -> bool:
        """Whether something was lost, doubled or refused: then the figure says nothing, however good it looks."""
        return bool(self.faults)

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def middle_half(self) -> tuple[float, float]:
        """The range that holds the middle half of the rounds."""
        return middle_half(self.ratios)

    def word(self) -> str:
        """What to print beside the figure."""
        if self.void:
            return "VOID"
        if not self.ratios:
            return "not measured"
        few = "" if len(self.ratios) >= _FEWEST_ROUNDS else " (too few rounds)"
        return self.figure.reached(self.median) + few


def judge(figure: Figure, rounds: Sequence[Round]) -> Verdict:
    """Take the figure from every round that measured it; one fault in any of them voids it."""
    ratios: list[float] = []
    faults: list[str] = []
    for one in rounds:
        faults += [f"{name}: {one[name].fault}" for name in figure.rests_on if name in one and one[name].fault]
        if all(name in one and not one[name].fault for name in figure.rests_on):
            ratios.append(figure.of(one))
    return Verdict(figure, ratios, tuple(dict.fromkeys(faults)))


def middle_half(values: Sequence[float]) -> tuple[float, float]:
    """First and third quartile, between neighbours where they fall between two."""
    if len(values) < 2:  # noqa: PLR2004  quartiles need two
        return (values[0], values[0]) if values else (0.0, 0.0)
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third


def ratio(of: str, to: str) -> Callable[[Round], float]:
    """The rate of one slice over the rate of another."""
    return lambda one: one[of].rate / one[to].rate if one[to].rate else 0.0


def value_ratio(of: tuple[str, str], to: tuple[str, str]) -> Callable[[Round], float]:
    """A value of one slice over a value of another: (slice, value) each."""
    return lambda one: one[of[0]].values[of[1]] / one[to[0]].values[to[1]]


def quantile(ascending: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; of an ascending sequence."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else 0.0


def steady(before: float, after: float) -> bool:
    """Whether the machine was as fast at the end of a round as at its start."""
    return abs(before - after) <= MOST_PROBE_DIFFERENCE * max(before, after)
