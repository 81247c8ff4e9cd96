"""Reads whole answers and streams over one connection that stays open, and takes the webhooks that come."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Self

import msgspec

from smartfactory.stack.ports import LOOPBACK

_LINE_BYTES = 1 << 24
_END_OF_HEAD = b"\r\n\r\n"
_CREATED_OR_FINE = range(200, 300)


class NotAnswered(Exception):
    """The service refused, or said something else than was asked for."""


class Line:
    """One connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Self:
        """Connect to a port of this machine."""
        return cls(*await asyncio.open_connection(LOOPBACK, port, limit=_LINE_BYTES))

    async def ask(self, request: bytes) -> bytes:
        """The body of the answer; raises NotAnswered with what it says unless it is 2xx."""
        self._writer.write(request)
        status, length = await self._head()
        body = await self._reader.readexactly(length)
        if status not in _CREATED_OR_FINE:
            raise NotAnswered(f"{status}: {body[:300].decode(errors='replace')}")
        return body

    async def events(self, request: bytes) -> AsyncIterator[bytes]:
        """Server-sent events as they come, each without its empty line; chunk by chunk (RFC 9112)."""
        self._writer.write(request)
        status, _ = await self._head()
        if status not in _CREATED_OR_FINE:
            raise NotAnswered(f"{status} instead of a stream")
        held = b""
        while size := int(await self._reader.readline(), 16):
            held += (await self._reader.readexactly(size + 2))[:size]
            *whole, held = held.split(b"\n\n")
            for one in whole:
                yield one

    def close(self) -> None:
        self._writer.close()

    async def _head(self) -> tuple[int, int]:
        head = (await self._reader.readuntil(_END_OF_HEAD)).lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        return int(head[9:12]), length


class Receiver:
    """Takes webhooks and answers 204: when each came, by its `webhook-id`."""

    def __init__(self) -> None:
        self.came: dict[str, list[float]] = {}
        self.url = ""
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    def close(self) -> None:
        """Listen no more, and let go of who is connected."""
        if self._server is not None:
            self._server.close()
        for writer in self._connections:
            writer.close()

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._server = await asyncio.start_server(self._answer, LOOPBACK, 0, limit=_LINE_BYTES)
        self.url = f"http://{LOOPBACK}:{self._server.sockets[0].getsockname()[1]}/hooks"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while head := await reader.readuntil(_END_OF_HEAD):
                named = dict(line.split(b": ", 1) for line in head.strip().split(b"\r\n")[1:])
                headers = {name.lower(): value for name, value in named.items()}
                await reader.readexactly(int(headers[b"content-length"]))
                self.came.setdefault(headers[b"webhook-id"].decode(), []).append(time.monotonic())
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        except asyncio.IncompleteReadError:
            self._connections.discard(writer)
            writer.close()


class StreamedEvent(msgspec.Struct):
    """What a reader of the stream needs of an event: which it is."""

    id: str
    position: str


class FeedPage(msgspec.Struct):
    """What a reader of the feed needs of a page."""

    items: list[StreamedEvent]
    after: int
    more: bool
