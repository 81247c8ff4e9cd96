"""Says what was found: ratios first, floor and target beside them, absolutes in brackets, what each cost."""

import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tools.bench.figures import MOST_GENERATOR_SHARE, ROUNDS_FOR_SMALL_DIFFERENCES, Slice, Verdict, judge
from tools.bench.ledger import GENERATOR
from tools.bench.suites import Readings

_LIBRARIES = (
    *("fastapi", "starlette", "uvicorn", "uvloop", "sqlalchemy", "asyncpg", "aiokafka", "msgspec", "pydantic"),
    *("opentelemetry-sdk", "faststream", "confluent-kafka", "highspy", "scipy"),
)


@dataclass
class Report:
    """One run's report."""

    readings: Sequence[Readings]
    command: str
    seed: int
    seconds: float
    facts: Mapping[str, str]
    statements: Sequence[str] = ()
    verdicts: Sequence[Verdict] = field(init=False)

    def __post_init__(self) -> None:
        self.verdicts = [judge(figure, one.rounds) for one in self.readings for figure in one.suite.figures]

    @property
    def void(self) -> bool:
        return any(verdict.void for verdict in self.verdicts)

    def text(self) -> str:
        """The report as Markdown."""
        parts = [
            "# Benchmark",
            *self._figures(),
            *self._slices(),
            *self._values(),
            *self._statements(),
            *self._machine(),
        ]
        return "\n\n".join(parts) + "\n"

    def write(self, folder: Path) -> Path:
        """Keep it under the date of today."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{datetime.now(UTC):%Y-%m-%d}.md"
        path.write_text(self.text(), encoding="utf-8")
        return path

    def _figures(self) -> Iterator[str]:
        yield f"`{self.command}`. How to read it: [performance](../performance.md)."
        yield self._confidence()
        goals = [one for one in self.verdicts if one.figure.target is not None]
        others = [one for one in self.verdicts if one.figure.target is None]
        yield _table(
            ("goal", "", "ratio [middle half]", "floor", "target", "reached", "rounds"),
            [_goal(one) for one in goals],
        )
        if others:
            yield "Peers (X: what a simpler choice loses) and anchors against C (A: how honest the limit is):"
            yield _table(("", "", "ratio [middle half]", "rounds"), [_other(one) for one in others])

    def _confidence(self) -> str:
        kept = sorted({len(one.rounds) for one in self.readings}) or [0]
        rounds = f"{kept[0]}" if len(kept) == 1 else f"{kept[0]} to {kept[-1]}"
        if kept[0] >= ROUNDS_FOR_SMALL_DIFFERENCES:
            return f"Medians of {rounds} rounds; the middle half says how far a round lies from them."
        return (
            f"Medians of {rounds} rounds. Fewer than {ROUNDS_FOR_SMALL_DIFFERENCES} do not tell apart what differs by "
            "less than 1.3x: a mark that is missed or reached by less is open."
        )

    def _slices(self) -> Iterator[str]:
        yield "Absolutes of this machine on this day, and the ledger of CPU time. They compare with nothing:"
        rows = []
        for one in self.readings:
            for name, slices in _by_name(one).items():
                if slices[0].operations > 1:
                    rate = statistics.median(each.rate for each in slices)
                    rows.append((one.suite.name, name, f"({rate:,.0f}/s)", _costs(slices)))
        yield _table(("suite", "slice", "median rate", "CPU microseconds per operation"), rows)
        if crowded := [name for name, share in self._generator_shares() if share > MOST_GENERATOR_SHARE]:
            yield f"The generator took more than {MOST_GENERATOR_SHARE:.0%} of the cores in: {', '.join(crowded)}."

    def _values(self) -> Iterator[str]:
        rows = []
        for one in self.readings:
            for name, slices in _by_name(one).items():
                if slices[0].values:
                    medians = {key: statistics.median(each.values[key] for each in slices) for key in slices[0].values}
                    rows.append((name, ", ".join(f"{key} {value:.2f}" for key, value in medians.items())))
        if rows:
            yield _table(("slice", "medians over the rounds"), rows)

    def _statements(self) -> Iterator[str]:
        if self.statements:
            yield f"One submission is {len(self.statements)} round trips to PostgreSQL:"
            yield "\n".join(f"{number}. `{text}`" for number, text in enumerate(self.statements, start=1))

    def _machine(self) -> Iterator[str]:
        yield "## What it ran on"
        thrown = ", ".join(f"{one.suite.name} {one.thrown_away}" for one in self.readings if one.thrown_away)
        probes = [probe for one in self.readings for probe in one.probes] or [0.0]
        facts = {
            "cores": f"{os.cpu_count()}, {platform.machine()}",
            "Python": platform.python_version(),
            **self.facts,
            "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
            "speed probe": f"{min(probes):.1f} to {max(probes):.1f} million steps a second",
            "rounds thrown away": thrown or "none",
            "seed": str(self.seed),
            "time": f"{self.seconds:.0f} s",
        }
        yield _table(("", ""), list(facts.items()))

    def _generator_shares(self) -> Iterator[tuple[str, float]]:
        for one in self.readings:
            for name, slices in _by_name(one).items():
                if GENERATOR in slices[0].cpu_seconds:
                    shares = [each.cpu_seconds[GENERATOR] / each.seconds / (os.cpu_count() or 1) for each in slices]
                    yield name, statistics.median(shares)


def _by_name(reading: Readings) -> dict[str, list[Slice]]:
    names = dict.fromkeys(name for found in reading.rounds for name in found)
    slices = {
        name: [found[name] for found in reading.rounds if name in found and not found[name].fault] for name in names
    }
    return {name: some for name, some in slices.items() if some}


def _costs(slices: Sequence[Slice]) -> str:
    return ", ".join(
        f"{part} {statistics.median(each.cpu_seconds[part] / max(1, each.operations) for each in slices) * 1e6:.0f}"
        for part in slices[0].cpu_seconds
    )


def _goal(verdict: Verdict) -> tuple[str, ...]:
    figure = verdict.figure
    sign = "" if figure.higher_is_better else "<= "
    marks = [f"{sign}{mark:g}" for mark in (figure.floor, figure.target) if mark is not None]
    return (figure.id, figure.title, _ratio(verdict), *marks, f"**{verdict.word()}**", str(len(verdict.ratios)))


def _other(verdict: Verdict) -> tuple[str, ...]:
    return verdict.figure.id, verdict.figure.title, _ratio(verdict), str(len(verdict.ratios))


def _ratio(verdict: Verdict) -> str:
    if verdict.void:
        return f"void: {verdict.faults[0]}"
    if not verdict.ratios:
        return "-"
    low, high = verdict.middle_half
    return f"**{verdict.median:.3g}** [{low:.3g} to {high:.3g}]"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
