"""Leaves another system alone while it keeps failing, and finds out by few questions when it is well again.

Beside the retry budget: that bounds what one failing request costs the other side, this what all of them do.
"""

import time
from collections import deque
from collections.abc import Callable

_WINDOW_ANSWERS = 20
_WINDOW_SECONDS = 30.0
_FEWEST_ANSWERS = 10
_BAD_SHARE = 0.5
_PAUSE_SECONDS = (1.0, 4.0)
_GOOD_IN_A_ROW = 3


class Breaker:
    """Closed: everybody may ask. Open: nobody. After a pause one at a time, until three answers in a row are good."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._answers: deque[tuple[float, bool]] = deque(maxlen=_WINDOW_ANSWERS)
        self._open_until: float | None = None
        self._pause_seconds = _PAUSE_SECONDS[0]
        self._probing = False
        self._good_in_a_row = 0

    @property
    def is_open(self) -> bool:
        """Whether the other side is being left alone, or only tried."""
        return self._open_until is not None

    def enter(self) -> bool:
        """Whether to ask now; whoever may, tells what came of it by `leave`."""
        if self._open_until is None:
            return True
        if self._probing or self._monotonic() < self._open_until:
            return False
        self._probing = True
        return True

    def leave(self, *, good: bool) -> None:
        """Note what came of one question."""
        now = self._monotonic()
        if self._open_until is not None:
            self._leave_probe(now, good=good)
            return
        self._answers.append((now, good))
        recent = [was_good for at, was_good in self._answers if now - at <= _WINDOW_SECONDS]
        if len(recent) >= _FEWEST_ANSWERS and recent.count(False) >= _BAD_SHARE * len(recent):
            self._open(now, _PAUSE_SECONDS[0])

    def abandon(self) -> None:
        """A question that was given up on our side says nothing about the other one."""
        self._probing = False

    def _leave_probe(self, now: float, *, good: bool) -> None:
        if not self._probing:
            return  # It was on its way when the breaker opened; what it says is known.
        self._probing = False
        if not good:
            self._open(now, min(2 * self._pause_seconds, _PAUSE_SECONDS[1]))
            return
        self._good_in_a_row += 1
        if self._good_in_a_row >= _GOOD_IN_A_ROW:
            self._open_until = None

    def _open(self, now: float, pause_seconds: float) -> None:
        self._open_until, self._pause_seconds = now + pause_seconds, pause_seconds
        self._good_in_a_row = 0
        self._answers.clear()
