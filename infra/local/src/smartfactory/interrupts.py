"""Ctrl-C and SIGTERM: the first asks for a clean stop, the second for an immediate one."""

import asyncio
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Inside the `with`, a signal cancels the current task; `fired` tells that cancellation from any other."""

    def __init__(self) -> None:
        self.fired = False
        self.at_second: Callable[[], None] = lambda: None
        self._task: asyncio.Task[Any] | None = None

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        for one in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(one, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        for one in _SIGNALS:
            asyncio.get_running_loop().remove_signal_handler(one)

    def _on_signal(self) -> None:
        if self.fired:
            self.at_second()
        elif self._task is not None:
            self.fired = True
            self._task.cancel()
