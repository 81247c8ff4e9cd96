"""What every client does with "not now", the honest answer of a busy machine: it comes again with the same key."""

from collections.abc import Awaitable, Callable, Container
from typing import Protocol, TypeVar

_TRIES = 20


class _Answer(Protocol):
    @property
    def headers(self) -> Container[str]: ...


Answer = TypeVar("Answer", bound=_Answer)


async def patiently(send: Callable[[], Awaitable[Answer]]) -> Answer:
    """Send, and again while the answer asks for it; the last answer, whatever it is."""
    answer = await send()
    for _ in range(_TRIES):
        if "retry-after" not in answer.headers:
            break
        answer = await send()
    return answer
