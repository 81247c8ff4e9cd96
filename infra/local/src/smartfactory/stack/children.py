"""Who was started, kept in a file: a supervisor that was killed hard leaves its successor the means to clean up."""

import contextlib
import json
from pathlib import Path

import psutil

from smartfactory.stack.process import Child, Identity


class ChildRecord:
    """The processes that live, by name, in a file that is replaced whole."""

    def __init__(self, path: Path, *, grace_seconds: float = 10.0) -> None:
        self._path = path
        self._grace_seconds = grace_seconds
        self._known: dict[str, Identity] = {}

    def add(self, child: Child) -> None:
        """Remember a child that was started."""
        self._known[child.command.name] = child.identity
        self._save()

    def clear(self) -> None:
        """All were stopped."""
        self._known.clear()
        self._save()

    def end_leftovers(self) -> list[str]:
        """End what a run before ours left behind, and give the names. A stranger with a reused pid is safe."""
        found = {name: identity.find() for name, identity in recorded_children(self._path).items()}
        alive = {name: process for name, process in found.items() if process is not None}
        for process in alive.values():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        _, stubborn = psutil.wait_procs(list(alive.values()), timeout=self._grace_seconds)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(stubborn, timeout=self._grace_seconds)
        return sorted(alive)

    def _save(self) -> None:
        entries = {name: [identity.pid, identity.started_at] for name, identity in self._known.items()}
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_text(json.dumps(entries))
        fresh.replace(self._path)


def recorded_children(path: Path) -> dict[str, Identity]:
    """Who was started last under each name, by the file; nobody when there is none."""
    try:
        entries: dict[str, list[float]] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {name: Identity(int(pid), started_at) for name, (pid, started_at) in entries.items()}
