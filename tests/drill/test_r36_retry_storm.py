"""R36: a dependency that answers every second question with 503 is not asked more, is left alone, and is asked again."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from common.http import HttpClient, HttpFault, LeftAlone
from tests.support.drills.figures import Drill
from tests.support.drills.pacing import pause
from tests.support.waiting import eventually

_CLIENTS = 8


@dataclass
class Flaky:
    """An HTTP server that fails a share of its questions, chosen by a seed."""

    port: int = 0
    share: float = 0.5
    asked: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(36))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (await reader.readline()).strip():
                while (await reader.readline()).strip():
                    pass
                self.asked += 1
                status = "503 Busy" if self.chance.random() < self.share else "200 OK"
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()
                )
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def flaky() -> AsyncIterator[Flaky]:
    made = Flaky()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@pytest.mark.promise("R36")
async def test_a_retry_storm(flaky: Flaky, drill: Drill):
    """Half of all answers are 503, then none: attempts per request, and how soon it is left alone and asked again."""
    seconds = drill.scale(ci=5.0, full=60.0)
    requests, left_alone, opened_after = 0, 0, 0.0
    began = time.monotonic()

    async def keep_asking(client: HttpClient) -> None:
        nonlocal requests, left_alone, opened_after
        while time.monotonic() - began < seconds:
            requests += 1
            try:
                await client.get_json("/")
            except LeftAlone:
                left_alone += 1
                await pause(0.005)
            except HttpFault:
                await pause(0.005)
            if client.leaves_alone and not opened_after:
                opened_after = time.monotonic() - began

    async with HttpClient(f"http://127.0.0.1:{flaky.port}") as client:
        await asyncio.gather(*(keep_asking(client) for _ in range(_CLIENTS)))
        drill.figure("requests", requests)
        asked = requests - left_alone
        drill.figure("of them not asked, since it was left alone", left_alone)
        # Three retries are allowed at once before any share of the requests is.
        drill.figure("attempts per request that was asked", (flaky.asked - 3) / asked, limit="<= 1.1")
        drill.figure("left alone after", opened_after, unit="s", limit="<= 5")
        assert opened_after > 0, "it was never left alone"

        flaky.share = 0.0
        healed = time.monotonic()

        async def is_well() -> bool:
            try:
                await client.get_json("/")
            except HttpFault:
                return False
            return not client.leaves_alone

        await eventually(is_well, 15)
        drill.figure("asked as always after it was well", time.monotonic() - healed, unit="s", limit="<= 10")
