"""Says what was found: ratios first, floor and target beside them, absolutes in brackets, what each cost."""

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tools.bench import probe
from tools.bench.figures import Verdict, judge
from tools.bench.ground import Ground
from tools.bench.suites import Readings

_LIBRARIES = ("fastapi", "starlette", "uvicorn", "uvloop", "sqlalchemy", "asyncpg", "aiokafka", "msgspec", "pydantic")


@dataclass
class Report:
    """One run's report."""

    readings: Sequence[Readings]
    ground: Ground
    seed: int
    seconds: float

    def __post_init__(self) -> None:
        self._verdicts = [judge(figure, one.rounds) for one in self.readings for figure in one.suite.figures]

    @property
    def void(self) -> bool:
        return any(verdict.void for verdict in self._verdicts)

    def text(self) -> str:
        """The report as Markdown."""
        return "\n\n".join([*self._figures(), *self._rates(), *self._machine()]) + "\n"

    def write(self, folder: Path) -> Path:
        """Keep it under the date of today."""
        path = folder / f"{datetime.now(UTC):%Y-%m-%d}.md"
        path.write_text(self.text(), encoding="utf-8")
        return path

    def _figures(self) -> list[str]:
        rows = ["| figure | ratio [middle half] | floor | target | reached | rounds |", "|---|---|---|---|---|---|"]
        return ["\n".join(rows + [_row(verdict) for verdict in self._verdicts])]

    def _rates(self) -> list[str]:
        rows = ["| slice | rate, median | CPU us per operation |", "|---|---|---|"]
        for one in self.readings:
            names = dict.fromkeys(name for found in one.rounds for name in found)
            for name in names:
                slices = [found[name] for found in one.rounds if name in found]
                rate = statistics.median(each.rate for each in slices)
                costs = {
                    part: statistics.median(each.cpu_seconds[part] / max(1, each.operations) for each in slices) * 1e6
                    for part in slices[0].cpu_seconds
                }
                told = ", ".join(f"{part} {cost:.0f}" for part, cost in costs.items())
                rows.append(f"| {name} | ({rate:,.0f}/s) | {told} |")
        return ["\n".join(rows)]

    def _machine(self) -> list[str]:
        thrown = ", ".join(
            f"{one.suite.name} {one.thrown_away} of {one.thrown_away + len(one.rounds)}" for one in self.readings
        )
        flushes = probe.flushes_per_second(self.ground.folder)
        libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
        return [
            f"{os.cpu_count()} cores, {platform.machine()}; Python {platform.python_version()}; {libraries}.",
            f"{flushes:,.0f} flushes a second; seed {self.seed}; {self.seconds:.0f} s in all.",
            f"Rounds thrown away: {thrown}.",
        ]


def _row(verdict: Verdict) -> str:
    figure = verdict.figure
    marks = ["" if mark is None else f"{mark:g}" for mark in (figure.floor, figure.target)]
    if verdict.void:
        return f"| {figure.id} {figure.title} | VOID: {verdict.faults[0]} | {marks[0]} | {marks[1]} | VOID | |"
    if not verdict.ratios:
        return f"| {figure.id} {figure.title} | not measured | {marks[0]} | {marks[1]} | | 0 |"
    low, high = verdict.middle_half
    ratio = f"**{verdict.median:.2f}** [{low:.2f} to {high:.2f}]"
    return (
        f"| {figure.id} {figure.title} | {ratio} | {marks[0]} | {marks[1]} | {verdict.word()} | {len(verdict.ratios)} |"
    )
