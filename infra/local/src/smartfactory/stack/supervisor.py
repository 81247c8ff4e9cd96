"""Keeps a set of child processes: starts them, restarts those that may be, notices the death of the others, and
stops every one of them whatever happened before.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import psutil

from smartfactory.stack.children import ChildRecord
from smartfactory.stack.faults import StackFault, program_failed
from smartfactory.stack.process import Child, Command, start

_POLL_SECONDS = 0.05
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_RESTARTS_PER_MINUTE = 6


@dataclass(slots=True)
class _Kept:
    child: Child
    restarts: bool
    layer: int
    launch: Callable[[Command], Child]
    restarted_at: list[float]
    was_ready: bool = False
    due_at: float | None = None


class Supervisor:
    """All children of one installation. `layer` is the order of stopping: high layers first, one after another."""

    def __init__(self, record: ChildRecord, announce: Callable[[str, str], None]) -> None:
        self._record = record
        self._announce = announce
        self._kept: dict[str, _Kept] = {}
        self._stopping = False
        # Whoever made this supervisor may have children of its own; they are none of its business.
        self._strangers = psutil.Process().children()

    def start(
        self, command: Command, *, layer: int, restarts: bool = False, launch: Callable[[Command], Child] = start
    ) -> Child:
        """Start a child; with `restarts` it is started again when it dies after it was ready, without failpoints."""
        child = launch(command)
        self._kept[command.name] = _Kept(child, restarts, layer, launch, [])
        self._record.add(child)
        return child

    def adopt(self, child: Child, *, layer: int, restarts: bool = False) -> Child:
        """Keep a child that was started elsewhere on the main thread."""
        self._kept[child.command.name] = _Kept(child, restarts, layer, start, [])
        self._record.add(child)
        return child

    async def until_ready(self, name: str, is_ready: Callable[[], bool], *, timeout_seconds: float = 120.0) -> None:
        """Wait until a child answers for the first time; raise `StackFault` when it ended or time is over."""
        deadline = time.monotonic() + timeout_seconds
        kept = self._kept[name]
        while not await asyncio.to_thread(is_ready):
            if kept.child.exit_code() is not None or time.monotonic() > deadline:
                raise _failed(kept.child)
            await asyncio.sleep(_POLL_SECONDS)
        self.note_ready(name)

    def note_ready(self, name: str) -> None:
        """A child answered: from now on its death is an accident, not a failed start."""
        self._kept[name].was_ready = True

    async def watch(self) -> None:
        """Run until a child dies that may not be restarted, or too often; then raise `StackFault`."""
        while True:
            for kept in list(self._kept.values()):
                self._look_after(kept)
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self, *, grace_seconds: float = 15.0) -> None:
        """Stop all, layer by layer, and whatever else this process has started since the supervisor was made."""
        self._stopping = True
        for layer in sorted({kept.layer for kept in self._kept.values()}, reverse=True):
            await _stop_together([kept.child for kept in self._kept.values() if kept.layer == layer], grace_seconds)
        self._end_descendants()
        self._kept.clear()
        self._record.clear()

    def kill(self) -> None:
        """End all at once: the second Ctrl-C."""
        for kept in self._kept.values():
            kept.child.kill()

    def _end_descendants(self) -> None:
        started = [child for child in psutil.Process().children() if child not in self._strangers]
        descendants = [process for child in started for process in (child, *_children_of(child))]
        for process in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(descendants, timeout=5)

    def _look_after(self, kept: _Kept) -> None:
        code = kept.child.exit_code()
        if code is None or self._stopping:
            return
        name, now = kept.child.command.name, time.monotonic()
        if not (kept.restarts and kept.was_ready):
            raise _failed(kept.child)
        if kept.due_at is None:
            kept.restarted_at = [at for at in kept.restarted_at if now - at < 60] + [now]  # noqa: PLR2004 - a minute
            if len(kept.restarted_at) > _RESTARTS_PER_MINUTE:
                raise _failed(kept.child)
            pause = min(_FIRST_PAUSE_SECONDS * 2 ** (len(kept.restarted_at) - 1), _LONGEST_PAUSE_SECONDS)
            kept.due_at = now + pause
            self._announce(name, f"ended with exit code {code}; starting it again in {pause:.1f} s")
        elif now >= kept.due_at:
            # A fault that was injected once would otherwise be injected for ever.
            env = {key: value for key, value in kept.child.command.env.items() if key != "FAILPOINTS"}
            kept.child = kept.launch(replace(kept.child.command, env=env))
            kept.due_at = None
            self._record.add(kept.child)


async def _stop_together(children: Iterable[Child], grace_seconds: float) -> None:
    waiting = list(children)
    for child in waiting:
        child.send(child.command.stop_signal)
    await asyncio.to_thread(_wait_for_all, waiting, time.monotonic() + grace_seconds)
    for child in waiting:
        child.kill()


def _wait_for_all(children: Iterable[Child], deadline: float) -> None:
    for child in children:
        child.wait(max(0.0, deadline - time.monotonic()))


def _children_of(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _failed(child: Child) -> StackFault:
    return program_failed(child.command.name, child.command.log, child.log_tail())
