"""One step of the check: what it found, or why it could not look."""

import time
from collections.abc import Callable
from dataclasses import dataclass


class Skipped(Exception):
    """The step cannot run on this machine; its words say what is lacking."""


class Failed(Exception):
    """The step ran and found what it says."""


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    title: str
    state: str
    words: str
    seconds: float

    def __str__(self) -> str:
        first, _, rest = self.words.partition("\n")
        return f"{self.state:>7}  {self.title} ({self.seconds:.1f} s): {first}" + (f"\n{rest}" if rest else "")


def take(title: str, step: Callable[[], str]) -> Outcome:
    """Run a step, which returns what it saw, and tell how it ended."""
    started = time.monotonic()
    try:
        state, words = "passed", step()
    except Skipped as reason:
        state, words = "skipped", str(reason)
    except Failed as fault:
        state, words = "FAILED", str(fault)
    return Outcome(title, state, words, time.monotonic() - started)
