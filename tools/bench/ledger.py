"""Where the time and the memory went, from the kernel's books: CPU seconds and PSS per group of processes."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

GENERATOR = "generator"
_KIB = 1024


class Ledger:
    """Named process trees, and this process alone as the generator. A reading is the CPU time each has used so far."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._trees = {name: psutil.Process(pid) for name, pid in pids.items()}

    def read(self) -> dict[str, float]:
        """CPU seconds per name."""
        return {name: _cpu_seconds(process) for name, process in self._trees.items()} | {GENERATOR: time.process_time()}

    def since(self, before: Mapping[str, float]) -> dict[str, float]:
        return {name: seconds - before.get(name, 0.0) for name, seconds in self.read().items()}


def _cpu_seconds(process: psutil.Process) -> float:
    total = 0.0
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        # Children that have ended count too: PostgreSQL's background workers come and go.
        total = times.user + times.system + times.children_user + times.children_system
        for child in process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                own = child.cpu_times()
                total += own.user + own.system
    return total


def tree_pss_bytes(pid: int) -> int:
    """Memory of a process and all that it has started."""
    total = pss_bytes(pid)
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(OSError, ValueError):
            total += pss_bytes(child.pid)
    return total


def pss_bytes(pid: int) -> int:
    """Memory of one process, what it shares with others divided among them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * _KIB
    raise ValueError(f"the kernel names no PSS for process {pid}")
