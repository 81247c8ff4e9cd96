"""Stopping a process in its place, as a long pause of its machine does."""

import signal
from pathlib import Path

from smartfactory.stack.process import Child
from tests.support.waiting import eventually_now


def pause_process(child: Child) -> None:
    """Send SIGSTOP and wait until every thread stands still: on a busy machine the signal is heard only after a while.

    Until then a thread that runs goes on, and may answer what the test sends because nobody answers.
    """
    child.send(signal.SIGSTOP)
    eventually_now(lambda: _states(child.pid) == {"T"}, what=f"the pause of process {child.pid}")


def resume_process(child: Child) -> None:
    child.send(signal.SIGCONT)


def _states(pid: int) -> set[str]:
    return {_state(stat) for stat in Path(f"/proc/{pid}/task").glob("*/stat")}


def _state(stat: Path) -> str:
    try:
        # The state stands after the name, which is in brackets and may hold anything.
        return stat.read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"  # it ended between the listing and here: who ends has not stood still yet
