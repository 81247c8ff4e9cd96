"""Server-sent events that hold little and end: when the reader leaves, or does not take what it is sent.

What is sent waits for the reader: beyond the buffers of one connection nothing is made for it. A reader that takes
nothing for long is cut off, and comes again with the id of the last event that it has.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from common import telemetry

MEDIA_TYPE = "text/event-stream"

_log = logging.getLogger(__name__)
_cut_off = telemetry.counter(
    "streams.cut_off", "{stream}", "Streams that were cut off, since nobody took their events."
)


class Reader:
    """Whoever reads a stream, as long as the connection stands."""

    def __init__(self, receive: Receive) -> None:
        self._leaving = asyncio.create_task(_left(receive), name="a reader leaves")

    async def stays(self, seconds: float) -> bool:
        """Wait so long; False, and at once, when the reader leaves."""
        await asyncio.wait({self._leaving}, timeout=seconds)
        return not self._leaving.done()

    def forget(self) -> None:
        """Look no more whether it is there."""
        self._leaving.cancel()


Parts = Callable[[Reader], AsyncGenerator[str, None]]


class EventStream(Response):
    """The parts as they come, each taken within `stall_seconds`; `place` is held as long as the stream is open."""

    media_type = MEDIA_TYPE

    def __init__(self, parts: Parts, *, place: AbstractContextManager[object], stall_seconds: float) -> None:
        # Not the parent's: a stream has no body and no length.
        self.status_code, self.background = 200, None
        self._parts, self._place, self._stall_seconds = parts, place, stall_seconds
        self.init_headers({"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._place:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope.get("state", {}).get("headers_only") or await self._taken(receive, send):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _taken(self, receive: Receive, send: Send) -> bool:
        """Send all parts; False when the reader was too slow, and the answer is left without an end."""
        reader = Reader(receive)
        try:
            async with contextlib.aclosing(self._parts(reader)) as parts:
                async for part in parts:
                    body = {"type": "http.response.body", "body": part.encode(), "more_body": True}
                    try:
                        async with asyncio.timeout(self._stall_seconds):
                            await send(body)
                    except TimeoutError:
                        _cut_off.add(1)
                        _log.info("a reader took no events for %g s and is cut off", self._stall_seconds)
                        return False
        finally:
            reader.forget()
        return True


def wanted(accept: str | None) -> bool:
    """Whether a request asks for a stream, by its Accept header."""
    ranges = [each.partition(";")[0].strip().lower() for each in (accept or "").split(",")]
    return MEDIA_TYPE in ranges


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
