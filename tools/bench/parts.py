"""Helper processes of the benchmark: a program that does what it is told over a socket, so that no part shares a core's
interpreter with another, and what it costs can be read from the kernel.
"""

import asyncio
import json
import os
import socket
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvloop

from smartfactory.stack.process import Child, Command, ProgramFailed, start

Answer = dict[str, Any]
Deed = Callable[..., Awaitable[Answer]]

_LINE_BYTES = 1 << 24
_ANSWER_SECONDS = 120.0


class Part:
    """The benchmark's side of one helper process."""

    def __init__(self, module: str, log: Path) -> None:
        ours, theirs = socket.socketpair()
        argv = (sys.executable, "-m", module, str(theirs.fileno()))
        self.child: Child = start(Command(name=module, argv=argv, log=log, pass_fds=(theirs.fileno(),)))
        theirs.close()
        self._socket = ours
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, deed: str, **arguments: object) -> Answer:
        """Have it done; raise with the end of its log when it could not be."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(sock=self._socket, limit=_LINE_BYTES)
        reader, writer = self._streams
        writer.write(json.dumps({"deed": deed, "arguments": arguments}).encode() + b"\n")
        try:
            line = await asyncio.wait_for(reader.readline(), _ANSWER_SECONDS)
        except TimeoutError:
            # What it might still answer would be taken for the answer to the next question.
            self.child.kill()
            raise
        if not line:
            raise ProgramFailed(self.child.command.name, self.child.wait(2.0), self.child.log_tail())
        answer: Answer = json.loads(line)
        if "failed" in answer:
            raise ProgramFailed(self.child.command.name, 0, answer["failed"])
        return answer

    def close(self) -> None:
        """Ask no more: the helper ends by itself."""
        if self._streams is None:
            self._socket.close()
        else:
            self._streams[1].close()


def serve(deeds: Mapping[str, Deed]) -> None:
    """The helper's side: do one thing after the other until the benchmark goes away."""
    uvloop.run(_serve(deeds, int(sys.argv[1])))


async def _serve(deeds: Mapping[str, Deed], handle: int) -> None:
    link = socket.socket(fileno=handle)
    reader, writer = await asyncio.open_connection(sock=link, limit=_LINE_BYTES)
    while line := await reader.readline():
        asked = json.loads(line)
        try:
            answer = await deeds[asked["deed"]](**asked["arguments"])
        except Exception:  # noqa: BLE001  whatever it is, the benchmark reports it and ends
            answer = {"failed": traceback.format_exc()}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
    os._exit(0)
