"""Watches the event loops of processes from inside, and reads what was seen: blocking calls, and how long turns took."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.repo.tree import ROOT


@dataclass(frozen=True)
class LoopWatch:
    """The folder where watched processes leave what they saw."""

    folder: Path

    @property
    def env(self) -> Mapping[str, str]:
        """What makes a process a watched one, from its first import on."""
        return {
            "PYTHONPATH": f"{ROOT / 'tests/support/watched'}:{ROOT}",
            "LOOP_LAG_FILE": str(self.folder / "lag"),
            "BLOCKED_FILE": str(self.folder / "blocked"),
        }

    def blocked(self) -> list[str]:
        """Each blocking call, and where it was made."""
        file = self.folder / "blocked"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    def lags(self, *, since: float) -> list[float]:
        """Seconds that loops kept a callback waiting, of all watched processes, sampled since then."""
        lines = [line.split() for path in self.folder.glob("lag.*") for line in path.read_text("ascii").splitlines()]
        return [float(line[1]) for line in lines if len(line) == 2 and float(line[0]) >= since]
