"""`python -m tools.compose_check [--keep]`: up, every claim, down; 0 when all hold or no engine can be had here.

With --keep a system that came up stays up for a look, and the engine with it until Ctrl-C.
"""

import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tools.compose_check import stand_ins
from tools.compose_check.claims import CLAIMS
from tools.compose_check.commands import CheckFailed
from tools.compose_check.engine import Engine, NoEngine, engine
from tools.compose_check.stack import Stack

_ROOT = Path(__file__).resolve().parents[2]
FOLDER = _ROOT / ".cache" / "compose-check"
"""An engine's images are no installation's data: `make clean-data` leaves them."""
_BUILD_SECONDS = 1_500.0
_UP_SECONDS = 600.0
_TOLD_TO_END = 128 + signal.SIGTERM
_SKIPPED = (
    "profiles observability and tools: their images are not tried here; tests/repo/test_compose.py reads their files",
)


def main() -> int:
    # Whoever is told to end cleans up first, as after Ctrl-C: the engine is in a session of its own.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TOLD_TO_END))
    try:
        with engine(FOLDER) as found:
            return _checked(found)
    except NoEngine as reason:
        print(f"compose-check: SKIPPED, nothing was tried: {reason}")
        return 0
    except CheckFailed as failed:
        print(f"compose-check: FAILED: {failed}")
        return 1


def _checked(found: Engine) -> int:
    files = [_ROOT / "docker-compose.yml"]
    skipped = list(_SKIPPED)
    if missing := stand_ins.missing(found, _ROOT):
        print(f"· cannot be pulled: {', '.join(missing)}")
        stand_ins.make(found, _ROOT, FOLDER)
        files.append(_ROOT / stand_ins.OVERRIDE)
        skipped.append(f"the official images of {', '.join(missing)}: stand-ins of the same software ran instead")
    stack = Stack(found, _ROOT, tuple(files))
    try:
        _step(partial(_build, stack))
        _step(partial(_up, stack))
        for claim in CLAIMS:
            _step(partial(claim, stack))
    except CheckFailed:
        print(_ends_of_logs(stack))
        raise
    finally:
        if "--keep" in sys.argv:
            print(f"· kept at {stack.origin}; Ctrl-C ends it")
            _until_interrupted()
        stack.compose("down", "--volumes", "--remove-orphans", "--timeout", "30", seconds=300)
    for each in skipped:
        print(f"- skipped: {each}")
    print(f"compose-check: {len(CLAIMS)} claims hold")
    return 0


def _build(stack: Stack) -> str:
    stack.compose("build", seconds=_BUILD_SECONDS)
    return "five images built"


def _up(stack: Stack) -> str:
    stack.compose("down", "--volumes", "--remove-orphans", seconds=300)
    began = time.monotonic()
    stack.compose("up", "--detach", seconds=_UP_SECONDS)
    status = stack.wait_for_end("seed", seconds=_UP_SECONDS)
    if status:
        raise CheckFailed(f"the seed ended with {status}")
    return f"up, healthy and seeded in {time.monotonic() - began:.0f} s"


def _step(work: Callable[[], str]) -> None:
    began = time.monotonic()
    try:
        said = work()
    except OSError as fault:  # nobody answers, or with an error
        raise CheckFailed(str(fault)) from fault
    print(f"✓ {said}  {time.monotonic() - began:.1f} s", flush=True)


def _ends_of_logs(stack: Stack) -> str:
    try:
        return "\n".join(stack.compose("logs", "--no-color", "--tail=15", seconds=120).splitlines())
    except CheckFailed as failed:
        return str(failed)


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    sys.exit(main())
