"""How fast the machine is at this moment: a pure-Python loop, and how often its disk flushes a second."""

import os
import statistics
import time
from pathlib import Path

_LOOPS, _TIMES = 50_000, 5
_FLUSH_BYTES = 8192


def speed() -> float:
    """Million loop steps per second of one core, at the start and the end of every round: the median of a few goes.

    A single go would be as long as the turn that the kernel gives to somebody else, and throw good rounds away.
    """
    return statistics.median(_once() for _ in range(_TIMES))


def _once() -> float:
    total, began = 0, time.perf_counter()
    for step in range(_LOOPS):
        total += step & 7
    return _LOOPS / (time.perf_counter() - began) / 1e6


def flushes_per_second(folder: Path, *, seconds: float = 0.3) -> float:
    """How often 8 KiB can be written to a file and flushed, one after the other: the limit of single commits."""
    path = folder / "flush-probe"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.pwrite(handle, b"x" * _FLUSH_BYTES, (count % 64) * _FLUSH_BYTES)
            os.fdatasync(handle)
            count += 1
        return count / (time.perf_counter() - began)
    finally:
        os.close(handle)
        path.unlink()
