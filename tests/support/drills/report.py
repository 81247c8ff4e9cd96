"""The report of a run of drills: which promise was tried how, what was measured, and the command that shows it again."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.support.drills.figures import Figure, Size


@dataclass(frozen=True, slots=True)
class Outcome:
    """One drill, done."""

    promises: tuple[str, ...]
    name: str
    says: str
    passed: bool
    seconds: float
    figures: Sequence[Figure]


def text_of(outcomes: Sequence[Outcome], *, size: Size, seconds: float) -> str:
    """The report as Markdown."""
    kept = sum(outcome.passed for outcome in outcomes)
    command = "make drill" if size == "full" else f"make drill SIZE={size}"
    lines = [
        f"# Drills of {_today()}",
        "",
        f"Made by `{command}`. {kept} of {len(outcomes)} drills passed in {seconds:.0f} s.",
        "",
        f"Commit `{_commit()}` · {os.cpu_count()} cores · Python {platform.python_version()} · {platform.system()}",
        "",
        "How to read it: [README](README.md). What each promise says: [promises](../promises.md).",
    ]
    for outcome in sorted(outcomes, key=lambda one: (_order(one.promises), one.name)):
        lines += ["", *_section(outcome)]
    return "\n".join(lines) + "\n"


def _section(outcome: Outcome) -> list[str]:
    mark = "passed" if outcome.passed else "**FAILED**"
    lines = [
        f"## {', '.join(outcome.promises) or 'No promise'}: {outcome.says}",
        "",
        f"`{outcome.name}`, {mark}, {outcome.seconds:.1f} s",
    ]
    if outcome.figures:
        lines += ["", "| figure | measured | must be | |", "|---|---|---|---|"]
        lines += [
            f"| {figure.name} | {_number(figure.value)} {figure.unit} | {figure.limit or '-'} |"
            f" {'' if not figure.limit else '✓' if figure.kept else '✗'} |"
            for figure in outcome.figures
        ]
    return lines


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def _order(promises: tuple[str, ...]) -> tuple[str, int]:
    first = promises[0] if promises else "Z0"
    return first[0], int(first[1:])


def _today() -> str:
    return datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()


def _commit() -> str:
    shown = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or "unknown"
