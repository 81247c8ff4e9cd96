"""A finished file as an answer: sent in pieces from where it lies, and closed whatever becomes of its reader.

It was made before its first byte leaves, and its length is said. So what fails while it is made is a problem like any
other, and an answer that breaks off on the way is shorter than it said: no client takes a part for the whole.
"""

import asyncio
import logging
from typing import IO
from urllib.parse import quote

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from common import telemetry

_CHUNK_BYTES = 131_072

_log = logging.getLogger(__name__)
_cut_off = telemetry.counter("files.cut_off", "{file}", "Files whose sending was given up, since nobody took them.")


class SavedFile(Response):
    """A file to save, under its Korean title where the browser can (RFC 8187); each piece in `stall_seconds` or not."""

    def __init__(
        self, file: IO[bytes], *, size: int, media_type: str, name: str, title: str, stall_seconds: float
    ) -> None:
        # Not the parent's: there is no body in memory.
        self.status_code, self.background, self.media_type = 200, None, media_type
        self._file, self._stall_seconds = file, stall_seconds
        kind = name.rpartition(".")[2]
        disposition = f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(title, safe='')}.{kind}"
        self.init_headers({"Content-Disposition": disposition, "Content-Length": str(size)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope.get("state", {}).get("headers_only"):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await self._send(send)
        finally:
            await asyncio.to_thread(self._file.close)

    async def _send(self, send: Send) -> None:
        while chunk := await asyncio.to_thread(self._file.read, _CHUNK_BYTES):
            try:
                async with asyncio.timeout(self._stall_seconds):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            except TimeoutError:
                _cut_off.add(1)
                _log.info("a reader took nothing of a file for %g s and is cut off", self._stall_seconds)
                return
            except OSError:
                return  # the reader is gone, and nobody is there to be told
        await send({"type": "http.response.body", "body": b"", "more_body": False})
