"""Python itself loads this in processes that have its folder on their path: it watches their event loops from inside.

A call that would block the loop raises, and is noted in BLOCKED_FILE also where somebody swallows what was raised.
LOOP_LAG_FILE, with the process's id for its ending, gets a line for each sample of how long the loop kept a callback
waiting.
"""

import os
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import uvloop
from blockbuster import BlockBuster, blockbuster

_EVERY_SECONDS = 0.01
_SHOWN = 4

_Loop: Any = uvloop.Loop
_Blocking: Any = blockbuster.BlockingError


class WatchedLoop(_Loop):
    """A loop that a thread of its own asks, again and again, to call it back."""

    def __init__(self) -> None:
        super().__init__()
        if "LOOP_LAG_FILE" in os.environ:
            path = Path(os.environ["LOOP_LAG_FILE"]).with_suffix(f".{os.getpid()}")
            threading.Thread(target=_sample, args=(self, path), daemon=True).start()


class NotedBlockingError(_Blocking):
    """Blocking that leaves a note: where it happened, and which of the program's own lines led there."""

    def __init__(self, func: str) -> None:
        super().__init__(func)
        if _blocked is not None:
            own = [
                f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_stack() if "/src/" in frame.filename
            ]
            os.write(_blocked, f"{func} {' < '.join(reversed(own))}\n".encode())


def _sample(loop: Any, path: Path) -> None:
    pace = threading.Event()
    with path.open("a", encoding="ascii", buffering=1) as file:
        while not pace.wait(_EVERY_SECONDS) and not loop.is_closed():
            asked, answered = time.perf_counter(), threading.Event()
            try:
                loop.call_soon_threadsafe(answered.set)
            except RuntimeError:
                return
            if answered.wait(60):
                file.write(f"{time.time():.3f} {time.perf_counter() - asked:.6f}\n")


def _allow_what_is_ours_to_allow(watch: BlockBuster) -> None:
    # Programme time is a file in local and test installations only, looked at by one stat; production has none.
    # Log lines go to stdout, which a container's runtime reads; blockbuster lets that pass by itself.
    for name in ("os.stat", "io.TextIOWrapper.read", "io.BufferedReader.read", "builtins.open", "os.open"):
        if name in watch.functions:
            watch.functions[name].can_block_in("common/clock.py", {"now", "_read"})
    # What a scrape of the metrics tells of memory and processor it reads from the kernel's own tables, not from a disk.
    for name in ("io.BufferedReader.read", "builtins.open", "os.listdir", "os.stat"):
        if name in watch.functions:
            watch.functions[name].can_block_in("prometheus_client/process_collector.py", {"collect"})


_blocked = (
    os.open(os.environ["BLOCKED_FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    if "BLOCKED_FILE" in os.environ
    else None
)
uvloop.Loop = WatchedLoop  # type: ignore[misc]
blockbuster.BlockingError = NotedBlockingError  # type: ignore[misc]
_watch = BlockBuster()
_allow_what_is_ours_to_allow(_watch)
_watch.activate()
