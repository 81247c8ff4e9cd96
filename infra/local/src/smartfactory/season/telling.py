"""Shows a season while it runs: a moving bar for a person at a terminal, one line a step for a log, more of a long one.

A long step's lines say how many are done, at which rate, and what memory this process has: in a season of any size it
is to stay where it is.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text as RichText

from common.clock import KST
from smartfactory.season.steps import named

Advance = Callable[[], None]

_EVERY_SECONDS = 15.0
_MEGABYTE = 1_048_576


class Telling:
    """What is being done, at which programme time, and how far it has come."""

    def __init__(self, console: Console | None, *, every_seconds: float = _EVERY_SECONDS) -> None:
        self._console = console or Console(stderr=True)
        self._every_seconds = every_seconds

    @contextmanager
    def step(self, at: datetime, what: str, total: int) -> Iterator[Advance]:
        """One step of the season over `total` things; call the yielded function after each."""
        title = f"{at.astimezone(KST):%Y-%m-%d %H:%M} KST  {named(what)}"
        if self._console.is_terminal:
            with self._bar() as progress:
                task = progress.add_task(title, total=total)
                yield lambda: progress.advance(task)
            return
        counted = _Counted(total)

        def advance() -> None:
            counted.done += 1
            if counted.done < total and counted.untold_seconds >= self._every_seconds:
                counted.told_at = time.monotonic()
                self._console.print(f"{title}: {counted.so_far()}", highlight=False, soft_wrap=True)

        yield advance
        self._console.print(f"{title}: {counted.at_the_end()}", highlight=False, soft_wrap=True)

    def _bar(self) -> Progress:
        columns = (
            TextColumn("{task.description:<62}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            _Pace(),
        )
        return Progress(*columns, console=self._console)


@dataclass(slots=True)
class _Counted:
    """How far a step is."""

    total: int
    done: int = 0
    began_at: float = field(default_factory=time.monotonic)
    told_at: float = field(default_factory=time.monotonic)

    @property
    def untold_seconds(self) -> float:
        return time.monotonic() - self.told_at

    def so_far(self) -> str:
        seconds = time.monotonic() - self.began_at
        rate, megabytes = self.done / max(seconds, 0.001), memory_bytes() // _MEGABYTE
        of_all = f"{self.done:,}/{self.total:,}"
        return (
            f"{of_all}건, 초당 {rate:.1f}건, {seconds:.0f}초, 메모리 {megabytes:,} MB"
            f" · {of_all} done, {rate:.1f}/s, {seconds:.0f} s, memory {megabytes:,} MB"
        )

    def at_the_end(self) -> str:
        seconds = time.monotonic() - self.began_at
        pace = f" ({self.done / seconds:.1f}/s)" if seconds >= 1 and self.done > 1 else ""
        return f"{self.done}/{self.total} in {seconds:.1f} s{pace}"


class _Pace(ProgressColumn):
    """Rate and memory at the end of a bar."""

    def render(self, task: Task) -> RichText:
        return RichText(f"{task.speed or 0:.0f}/s {memory_bytes() // _MEGABYTE:,} MB", style="dim")


def memory_bytes() -> int:
    """What this process has in memory now; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
