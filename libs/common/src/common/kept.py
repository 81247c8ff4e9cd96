"""Answers that cost much and that many ask for: worked out once for all who wait, and kept, the newest so many.

A key must say all that the answer is a function of. Then what is kept is right for ever, in each process by itself, and
nobody has to be told that something changed.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Answer = TypeVar("_Answer")


class Kept(Generic[_Key, _Answer]):
    """What one process keeps, in one event loop. One answer is worked out at a time; a fault is nobody's answer."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._answers: OrderedDict[_Key, _Answer] = OrderedDict()
        self._under_way: dict[_Key, asyncio.Task[_Answer]] = {}
        self._turn = asyncio.Lock()

    async def get(self, key: _Key, make: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """The answer, made by `make` unless it is kept or being made; what is raised there reaches all who wait."""
        if key in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key]
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._make(key, make), name="an answer to keep")
            task.add_done_callback(_heard)
        # Whoever leaves does not take the answer away from the others.
        return await asyncio.shield(task)

    async def _make(self, key: _Key, make: Callable[[], Awaitable[_Answer]]) -> _Answer:
        try:
            async with self._turn:
                answer = self._answers[key] = await make()
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
            return answer
        finally:
            del self._under_way[key]


def _heard(task: asyncio.Task[_Answer]) -> None:
    # Those who waited were told; if they have all left, it is no news to anybody.
    if not task.cancelled():
        task.exception()
