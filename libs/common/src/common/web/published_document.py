"""The OpenAPI document as a running API gives it out: the one that its package carries, made when its code was written.

Making it takes seconds of work, in which the loop of a process has little time for anybody else. So the process that
serves reads it, and only says in it where it is served. An application without one (a test's) makes its own.
"""

import asyncio
from pathlib import Path

import msgspec
from fastapi import FastAPI

_SERVERS = "servers"


class PublishedDocument:
    """The document as bytes, kept from the first time that somebody asks for it."""

    def __init__(self, app: FastAPI, carried: Path | None) -> None:
        self._app, self._carried = app, carried
        self._content: bytes | None = None
        self._making = asyncio.Lock()

    async def content(self) -> bytes:
        """The document; whoever asks while it is being got ready waits for that one."""
        if self._content is None:
            async with self._making:
                if self._content is None:
                    self._content = await asyncio.to_thread(self._got_ready)
        return self._content

    def _got_ready(self) -> bytes:
        if self._carried is None or not self._carried.is_file():
            return msgspec.json.encode(self._app.openapi())
        # Only its first level is looked at: the rest is a megabyte that stays the text it is.
        parts = msgspec.json.decode(self._carried.read_bytes(), type=dict[str, msgspec.Raw])
        parts[_SERVERS] = msgspec.Raw(msgspec.json.encode(served_at(self._app.state.runtime.settings.root_path)))
        return msgspec.json.format(msgspec.json.encode(parts), indent=-1)


def served_at(root_path: str) -> list[dict[str, str]]:
    """What a document says of where it is served."""
    return [{"url": root_path or "/"}]
