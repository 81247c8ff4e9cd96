"""Waiting for a condition instead of for time: the only way a test may wait."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

_Value = TypeVar("_Value")
_POLL_SECONDS = 0.02
_DEADLINE_SECONDS = 60.0
"""Longer than anything takes that is on its way, on a machine that does much else: it is no claim, and costs nothing."""


async def eventually(
    condition: Callable[[], _Value | Awaitable[_Value]], deadline: float = _DEADLINE_SECONDS, *, what: str = ""
) -> _Value:
    """The first truthy value of `condition` (plain or async); fails after `deadline` seconds with the last one.

    A condition may also `assert`: its failure counts as "not yet", and the last one is shown at the deadline.
    """
    ends = time.monotonic() + deadline
    while True:
        value, failure = await _try(condition)
        if failure is None and value:
            return value  # type: ignore[return-value]
        if time.monotonic() > ends:
            name = what or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"{name} did not hold within {deadline} s; last: {value!r}") from failure
        await asyncio.sleep(_POLL_SECONDS)


def eventually_now(condition: Callable[[], _Value], deadline: float = _DEADLINE_SECONDS, *, what: str = "") -> _Value:
    """`eventually` for tests that run no loop."""
    ends = time.monotonic() + deadline
    failure: AssertionError | None = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except AssertionError as error:
            failure = error
            value = None  # type: ignore[assignment]
        if time.monotonic() > ends:
            name = what or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"{name} did not hold within {deadline} s; last: {value!r}") from failure
        time.sleep(_POLL_SECONDS)


async def _try(
    condition: Callable[[], _Value | Awaitable[_Value]],
) -> tuple[_Value | None, AssertionError | None]:
    try:
        value = condition()
        if inspect.isawaitable(value):
            return await value, None
        return value, None  # type: ignore[return-value]
    except AssertionError as error:
        return None, error
