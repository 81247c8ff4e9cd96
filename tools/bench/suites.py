"""What a group of figures needs in common: its variants, measured side by side in every round."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tools.bench import probe
from tools.bench.figures import Figure, Slice, steady

Variant = Callable[[], Awaitable[Slice]]

_FEWEST_AGAIN = 2


class Suite(Protocol):
    """One group of figures."""

    name: str
    figures: Sequence[Figure]

    def variants(self) -> Mapping[str, Variant]: ...

    async def prepare(self) -> None: ...

    async def begin_round(self) -> None: ...


@dataclass
class Readings:
    """All rounds of one suite, and how many were thrown away because the machine changed its speed in them."""

    suite: Suite
    rounds: list[dict[str, Slice]] = field(default_factory=list)
    thrown_away: int = 0
    probes: list[float] = field(default_factory=list)


async def run(
    suites: Sequence[Suite], *, rounds: int, seed: int, until: float, say: Callable[[str], None]
) -> list[Readings]:
    """Warm every suite up, then measure round after round, suites and variants in a shuffled order that the seed fixes.

    No round begins after `until`, but for a suite that has none yet. A round that is thrown away is measured again, at
    most half as many times as asked, and at least twice.
    """
    chance, readings = random.Random(seed), [Readings(suite) for suite in suites]  # noqa: S311  reproducible
    for reading in list(readings):
        say(f"warming up: {reading.suite.name}")
        try:
            await reading.suite.prepare()
            await _round(reading.suite, chance)
        except Exception as error:  # noqa: BLE001  the other suites are measured all the same
            say(f"{reading.suite.name} could not be prepared: {error}")
            reading.rounds = [_broken(reading.suite, error)] * rounds
    for number in range(rounds + max(_FEWEST_AGAIN, rounds // 2)):
        wanting = [one for one in readings if len(one.rounds) < rounds]
        chance.shuffle(wanting)
        for reading in wanting:
            if time.monotonic() > until and reading.rounds:
                continue
            began = time.monotonic()
            await _measure(reading, chance)
            say(f"round {number + 1} of {rounds}: {reading.suite.name}, {time.monotonic() - began:.0f} s")
    return readings


async def _measure(reading: Readings, chance: random.Random) -> None:
    before = probe.speed()
    slices = await _round(reading.suite, chance)
    after = probe.speed()
    reading.probes += [before, after]
    if steady(before, after):
        reading.rounds.append(slices)
    else:
        reading.thrown_away += 1


async def _round(suite: Suite, chance: random.Random) -> dict[str, Slice]:
    try:
        await suite.begin_round()
    except Exception as error:  # noqa: BLE001  the same
        return _broken(suite, error)
    variants = list(suite.variants().items())
    chance.shuffle(variants)
    return {name: await _measured(variant) for name, variant in variants}


async def _measured(variant: Variant) -> Slice:
    try:
        return await variant()
    except Exception as error:  # noqa: BLE001  one that breaks voids its figures, and the others are measured
        return _spoilt(error)


def _broken(suite: Suite, error: Exception) -> dict[str, Slice]:
    return {name: _spoilt(error) for name in suite.variants()}


def _spoilt(error: Exception) -> Slice:
    return Slice(0, 1.0, fault=f"{type(error).__name__}: {' '.join(str(error)[-200:].split())}")
