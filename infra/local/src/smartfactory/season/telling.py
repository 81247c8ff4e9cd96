"""Shows a season while it runs: a moving bar for a person at a terminal, one line a step for a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from common.clock import KST

Advance = Callable[[], None]


class Telling:
    """What is being done, at which programme time, and how far it has come."""

    def __init__(self, console: Console | None) -> None:
        self._console = console or Console(stderr=True)

    @contextmanager
    def step(self, at: datetime, what: str, total: int) -> Iterator[Advance]:
        """One step of the season over `total` things; call the yielded function after each."""
        title = f"{at.astimezone(KST):%Y-%m-%d %H:%M} KST  {what}"
        started = time.monotonic()
        if self._console.is_terminal:
            with self._bar() as progress:
                task = progress.add_task(title, total=total)
                yield lambda: progress.advance(task)
            return
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1

        yield advance
        self._console.print(f"{title}: {done}/{total} in {time.monotonic() - started:.1f} s", highlight=False)

    def _bar(self) -> Progress:
        columns = (TextColumn("{task.description:<62}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self._console)
