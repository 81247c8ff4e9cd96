"""Moves programme time: the one clock file that every process of an installation reads."""

import os
from datetime import UTC, datetime
from pathlib import Path


class ClockFile:
    """The file of `common.clock.FileClock`, from the writing side."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, instant: datetime) -> None:
        """Stop programme time at this aware instant, at once and for everybody."""
        if instant.tzinfo is None:
            raise ValueError("programme time needs an offset, as 2024-03-04T09:00:00+09:00")
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        fresh.write_text(instant.astimezone(UTC).isoformat(), encoding="ascii")
        fresh.replace(self._path)

    def let_go(self) -> None:
        """Let programme time be real time again."""
        self._path.unlink(missing_ok=True)
