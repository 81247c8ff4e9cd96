"""The process of a fault proxy: `python -m tests.support.drills.proxy_process PORT TARGET_PORT SEED`.

Each line at its input is a JSON object of what changes: `seconds`, `deaf_share`, `target_port`, or `cut` to end every
connection at once, without a word. It answers with a line when it listens and after each change, and ends with its
input.
"""

import asyncio
import json
import random
import sys
from typing import Any

from tests.support.drills.pacing import pause

_CHUNK = 65_536


class Forwarding:
    """What stands between the two sides, and how badly."""

    def __init__(self, target_port: int, seed: int) -> None:
        self.target_port = target_port
        self.seconds: tuple[float, float] = (0.0, 0.0)
        self.deaf_share = 0.0
        self._chance = random.Random(seed)
        self._links: set[asyncio.StreamWriter] = set()

    def change(self, *, cut: bool = False, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        if cut:
            for link in list(self._links):
                link.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        both = (writer, back)
        self._links.update(both)
        try:
            await asyncio.gather(self._forward(reader, back), self._answer(there, writer))
        except OSError:
            pass
        finally:
            for one in both:
                self._links.discard(one)
                one.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_CHUNK):
            least, most = self.seconds
            if most:
                await pause(self._chance.uniform(least, most))
            writer.write(piece)
            await writer.drain()
        raise ConnectionResetError

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_CHUNK):
            if self.deaf_share and self._chance.random() < self.deaf_share:
                raise ConnectionResetError
            writer.write(piece)
            await writer.drain()
        raise ConnectionResetError


async def _main(port: int, target_port: int, seed: int) -> None:
    forwarding = Forwarding(target_port, seed)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    server = await asyncio.start_server(forwarding.serve, "127.0.0.1", port)
    _tell("listens")
    while order := await orders.readline():
        forwarding.change(**json.loads(order))
        _tell("done")
    server.close()
    forwarding.change(cut=True)


def _tell(what: str) -> None:
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_main(*map(int, sys.argv[1:])))
