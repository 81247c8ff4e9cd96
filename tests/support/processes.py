"""Finding processes by what they belong to, however they came to be: for tests that claim that nothing is left."""

import contextlib
from pathlib import Path

import psutil


def processes_of(folder: Path) -> list[str]:
    """Every live process whose command line or environment names the folder, as `name (pid)`."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == psutil.Process().pid:
                continue
            words = [*process.cmdline(), *process.environ().values(), process.cwd()]
            if any(str(folder) in word for word in words):
                found.append(f"{' '.join(process.cmdline()[:4])} ({process.pid})")
    return found
