"""A TCP proxy that a drill puts before a server to make the way there slow, cut, or deaf; in a thread of its own.

The faults apply to connections that stand as well as to new ones, and go when the drill says so.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Callable, Iterator

from smartfactory.stack import ports
from tests.support.drills.pacing import pause

_CHUNK = 65_536


class FaultProxy:
    """Listens on a port of its own and hands every byte on, as long as no fault is set."""

    def __init__(self, target_port: int, *, seed: int = 1) -> None:
        self.port = ports.free_port()
        self.target_port = target_port
        """Where to; a new one holds for new connections, so a failover also cuts."""
        self.seconds: tuple[float, float] = (0.0, 0.0)
        """How long each piece of a request is held back, at least and at most."""
        self.deaf_share = 0.0
        """The share of connections whose next answer is thrown away and the connection with it."""
        self._chance = random.Random(seed)
        self._links: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._open.wait(10), "the proxy does not listen"

    @contextlib.contextmanager
    def slow(self, least: float, most: float) -> Iterator[None]:
        self.seconds = (least, most)
        try:
            yield
        finally:
            self.seconds = (0.0, 0.0)

    @contextlib.contextmanager
    def deaf(self, share: float) -> Iterator[None]:
        self.deaf_share = share
        try:
            yield
        finally:
            self.deaf_share = 0.0

    def cut(self) -> None:
        """End every connection at once, without a word."""
        self._call(self._abort_all)

    def switch_to(self, target_port: int) -> None:
        """Send everybody to another server, as the address of a cluster does after a failover."""
        self.target_port = target_port
        self.cut()

    def close(self) -> None:
        self._call(self._abort_all)
        self._call(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        self._open.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(pause(0.05))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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

    def _abort_all(self) -> None:
        for link in list(self._links):
            link.transport.abort()

    def _call(self, work: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(work)
