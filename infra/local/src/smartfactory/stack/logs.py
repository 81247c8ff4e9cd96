"""One stream out of many log files: each line with the name of its process in that process's colour."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.text import Text

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
_LOUD = frozenset({"warning", "warn", "error", "critical", "fatal"})
_LEVEL_STYLES = {"warning": "yellow", "warn": "yellow", "error": "red", "critical": "bold red", "fatal": "bold red"}
_SKIPPED_FIELDS = frozenset({"level", "timestamp", "event", "message", "msg", "service", "logger", "ts", "time"})
_POLL_SECONDS = 0.15
_NAME_WIDTH = 16


class Loudness(StrEnum):
    """How much of the logs the console shows; the files always hold all."""

    ALL = "all"
    WARNINGS = "warnings"
    NONE = "none"


@dataclass(slots=True)
class _Followed:
    path: Path
    colour: str
    stream: IO[bytes] | None = None
    partial: bytes = b""


class LogStream:
    """Follows log files as they grow and prints their lines."""

    def __init__(self, console: Console, loudness: Loudness) -> None:
        self._console, self._loudness = console, loudness
        self._followed: dict[str, _Followed] = {}
        self.starting = True
        """Servers warn while they come up that they are not up; of that, only a request for all lines shows any."""

    def follow(self, name: str, path: Path) -> None:
        """Show what is written to this file from now on."""
        if name in self._followed:
            return
        followed = _Followed(path, _COLOURS[len(self._followed) % len(_COLOURS)])
        if path.exists():
            followed.stream = path.open("rb")
            followed.stream.seek(0, 2)
        self._followed[name] = followed

    async def run(self) -> None:
        """Print until cancelled, and then what came last."""
        try:
            while True:
                self._print_new()
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            self._print_new()
            for followed in self._followed.values():
                if followed.stream is not None:
                    followed.stream.close()

    def _print_new(self) -> None:
        for name, followed in self._followed.items():
            if followed.stream is None and followed.path.exists():
                followed.stream = followed.path.open("rb")
            if followed.stream is None:
                continue
            *lines, followed.partial = (followed.partial + followed.stream.read()).split(b"\n")
            for line in lines:
                if self.starting and self._loudness is not Loudness.ALL:
                    continue
                rendered = render(line.decode(errors="replace"), self._loudness)
                if rendered is not None:
                    prefix = Text(f"{name:<{_NAME_WIDTH}} ", style=followed.colour)
                    self._console.print(prefix + rendered, soft_wrap=True)


def render(line: str, loudness: Loudness) -> Text | None:
    """One log line for a person's eye, or None if it is not to be shown."""
    if loudness is Loudness.NONE or not line.strip():
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, Mapping):
        return _render_plain(line, loudness)
    level = str(entry.get("level", "info")).lower()
    if loudness is Loudness.WARNINGS and level not in _LOUD and "failpoint" not in entry:
        return None
    message = str(entry.get("event") or entry.get("message") or entry.get("msg") or "")
    rest = " ".join(f"{key}={value}" for key, value in entry.items() if key not in _SKIPPED_FIELDS)
    return Text.assemble(
        (f"{level:<8}", _LEVEL_STYLES.get(level, "dim")), message, (f"  {rest}" if rest else "", "dim")
    )


def _render_plain(line: str, loudness: Loudness) -> Text | None:
    loud = any(mark in line for mark in (" WARN ", " ERROR ", "ERROR:", "FATAL:", "PANIC:", "Traceback"))
    if loudness is Loudness.WARNINGS and not loud:
        return None
    return Text(line, style="yellow" if loud else "")
