"""Sends HTTP requests that are bytes already, over connections that stay open: cheap enough not to measure itself.

Closed loop for saturation: so many connections, each sends when it has its answer. Open loop for latency: requests
leave at the times of a Poisson process, whether or not earlier ones are answered.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from smartfactory.stack.ports import LOOPBACK

_END_OF_HEAD = b"\r\n\r\n"
_KEPT_SECONDS = 3.0
"""A server closes what has been idle for five: what was unused for this long may be closed while it is written to."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One answered request: when it was meant to leave, when its answer was there, its status."""

    number: int
    due_at: float
    answered_at: float
    status: int


@dataclass
class Load:
    """What a run of the generator saw."""

    exchanges: list[Exchange] = field(default_factory=list)
    seconds: float = 0.0

    def statuses(self) -> Counter[int]:
        return Counter(one.status for one in self.exchanges)

    def latencies(self) -> list[float]:
        """Ascending, from the moment a request was due: a late start counts against the service."""
        return sorted(one.answered_at - one.due_at for one in self.exchanges)


class _Connection(asyncio.Protocol):
    """One request at a time, its answer's status back; the body is counted, not kept."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) >= end + 4 + length and self._answer is not None and not self._answer.done():
            self._buffer.clear()
            self._answer.set_result(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        self.is_closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(0)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        assert self._transport is not None  # noqa: S101  connected before it is used
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Generator:
    """Connections to one port, kept open from slice to slice."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[tuple[float, _Connection]] = []

    async def saturate(self, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
        """Send as fast as the service answers, until the time is up or nothing is left to send."""
        load, left = Load(), iter(enumerate(requests))
        began = time.monotonic()
        lines = [await self._take() for _ in range(connections)]
        await asyncio.gather(*(self._work(line, left, load, began + seconds) for line in lines))
        load.seconds = time.monotonic() - began
        return load

    async def poisson(self, requests: Sequence[bytes], *, rate: float, seed: int) -> Load:
        """Send at random moments with this mean rate, all of them, and wait for every answer."""
        chance, load, tasks = random.Random(seed), Load(), set[asyncio.Task[None]]()  # noqa: S311  reproducible
        due = began = time.monotonic()
        for number, request in enumerate(requests):
            due += chance.expovariate(rate)
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._send_one(number, due, request, load))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        load.seconds = time.monotonic() - began
        return load

    def close(self) -> None:
        for _, line in self._free:
            line.close()

    async def _work(self, line: _Connection, left: Iterator[tuple[int, bytes]], load: Load, until: float) -> None:
        for number, request in left:
            sent_at = time.monotonic()
            status = await line.ask(request)
            load.exchanges.append(Exchange(number, sent_at, time.monotonic(), status))
            if time.monotonic() >= until:
                break
        self._free.append((time.monotonic(), line))

    async def _send_one(self, number: int, due: float, request: bytes, load: Load) -> None:
        line = await self._take()
        status = await line.ask(request)
        load.exchanges.append(Exchange(number, due, time.monotonic(), status))
        self._free.append((time.monotonic(), line))

    async def _take(self) -> _Connection:
        while self._free:
            free_since, line = self._free.pop()
            if not line.is_closed and time.monotonic() - free_since < _KEPT_SECONDS:
                return line
            line.close()
        _, made = await asyncio.get_running_loop().create_connection(_Connection, LOOPBACK, self._port)
        return made


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """One request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {LOOPBACK}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Content-Length: {len(body)}")
    if body:
        lines.append("Content-Type: application/json")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
