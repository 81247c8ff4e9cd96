"""Promise R27 in numbers: slow, endless and malformed senders by the hundred, beside one who behaves."""

import asyncio
import contextlib
import itertools
import json
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil
import pytest

from smartfactory.stack.gateway import gateway_command
from smartfactory.stack.process import Child
from smartfactory.stack.process import start as start_process
from smartfactory.stack.provision import DatabaseUrls
from tests.integration.web.notebook.main import SERVICE, WRITER
from tests.integration.web.notebook.process import ISSUED, Running
from tests.support.drills.figures import Drill
from tests.support.key_server import serving_keys
from tests.support.polite_client import Behaved, behave
from tests.support.raw_http import Answer, Raw, chunked, request
from tests.support.servers import Servers
from tests.support.waiting import eventually_now

_FRONT = "/applicant"
_NOTICEABLE_SECONDS = 0.025
"""Below this a difference is the machine's noise and no client's wait."""

_GARBAGE = (
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 200_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50,
)

# Made once: the attackers' own work is not what the client that behaves waits for.
_HOSTILE_JSON = (
    b"[" * 100_000 + b"]" * 100_000,
    b"{" + b",".join(b'"%x":1' % number for number in range(25_000)) + b"}",
)


@dataclass
class Site:
    """A service behind a gateway, both reachable, and where their memory is to be read."""

    service: Running
    gateway: Child
    gateway_port: int
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)

    @property
    def service_port(self) -> int:
        return int(self.service.client.base_url.port or 0)

    def doors(self) -> Sequence[tuple[int, str]]:
        """Port and path prefix of the service itself and of the gateway."""
        return (self.service_port, ""), (self.gateway_port, _FRONT)

    def memory(self) -> float:
        """Resident megabytes of the service."""
        assert self.service.process.child is not None
        return psutil.Process(self.service.process.child.pid).memory_info().rss / 1e6

    def note(self, answer: Answer, port: int) -> None:
        self.answers[
            answer.status, f"{answer.code} at the {'gateway' if port == self.gateway_port else 'service'}"
        ] += 1

    def answered(self, lowest: int, highest: int) -> int:
        """How many rough requests got such a status."""
        return sum(count for (status, _), count in self.answers.items() if lowest <= status <= highest)


@pytest.fixture
def site(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], drill: Drill, tmp_path: Path
) -> Iterator[Site]:
    servers.have_template(SERVICE)
    urls = fresh_databases("notebook", migrated=True)["notebook"]
    with serving_keys(ISSUED) as keys, Running(servers, urls, keys.jwks_url) as running:
        running.start(REQUEST_TIMEOUT_SECONDS=str(drill.scale(ci=3, full=10)))
        port = servers.free_port()
        upstream = int(running.client.base_url.port or 0)
        named = dict.fromkeys(("applicant", "funding", "mentoring", "metrics", "outside"), upstream)
        command = gateway_command(port=port, upstream_ports=named, directory=tmp_path, log=tmp_path / "gateway.log")
        gateway = start_process(command)
        try:
            eventually_now(lambda: _answers(port), what="the gateway serves")
            yield Site(running, gateway, port)
        finally:
            gateway.stop()


@pytest.mark.promise("R27")
def test_rough_senders_harm_nobody_else(site: Site, drill: Drill):
    """Slow, oversized, deep and malformed requests at the service and at the gateway, beside a client that behaves."""
    seconds, slow = drill.scale(ci=3, full=25), drill.scale(ci=100, full=200)
    _behave(site, 1.0)
    quiet = _behave(site, seconds)
    before = site.memory()
    stop = threading.Event()
    with ThreadPoolExecutor(4, initializer=_yield_the_cores) as attackers:
        work = [
            attackers.submit(asyncio.run, _drip(site, slow, stop)),
            attackers.submit(_attack, site, stop, _oversized),
            attackers.submit(_attack, site, stop, _hostile_json),
            attackers.submit(_attack, site, stop, _malformed),
        ]
        rough = _behave(site, seconds)
        highest = site.memory()
        stop.set()
        dripped, taken = work[0].result(), max(work[1].result())
        for one in work[2:]:
            one.result()

    drill.figure("slow connections", slow)
    drill.figure("slow connections that were never ended", dripped, limit="== 0")
    drill.figure("refused requests", site.answered(400, 499), limit="> 20")
    drill.figure("most sent of an endless body before its refusal", taken / 1_048_576, unit="MiB", limit="<= 1")
    for status, what in sorted(site.answers):
        drill.figure(f"answered {status} {what}", site.answers[status, what])
    drill.figure("5xx of rough requests", site.answered(500, 599), limit="== 0")
    drill.figure("2xx of rough requests", site.answered(200, 299), limit="== 0")
    drill.figure("failed requests of the good client", quiet.failed + rough.failed, limit="== 0")
    drill.figure("good client's p99, alone", quiet.p99 * 1000, unit="ms")
    drill.figure("good client's p99, beside them", rough.p99 * 1000, unit="ms")
    ratio = max(rough.p99, _NOTICEABLE_SECONDS) / max(quiet.p99, _NOTICEABLE_SECONDS)
    # The worst of a hundred requests, as the short slice makes, is the machine's own news.
    drill.figure("p99 beside them to p99 alone, counted from 25 ms on", ratio, limit=drill.scale(ci="", full="<= 2"))
    drill.figure("memory the service grew by", highest - before, unit="MB", limit="<= 20")
    assert site.service.process.exit_code() is None
    assert site.gateway.exit_code() is None


def _yield_the_cores() -> None:
    """Attackers come from machines of their own: here their work must not stand in line before the service's."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)


def _behave(site: Site, seconds: float) -> Behaved:
    """Write and read in turn, by both doors, up to twenty times a second."""
    urls = [f"http://127.0.0.1:{port}{prefix}/v1/notes" for port, prefix in site.doors()]
    return behave(urls, ISSUED.headers(role=WRITER, tenant="t-1"), ISSUED.headers(role=WRITER), seconds)


def _attack(site: Site, stop: threading.Event, attack: Callable[[Site, int, str], int]) -> list[int]:
    """One attack after the other, by both doors in turn, until told to stop; what each one sent."""
    sent = []
    for port, prefix in itertools.cycle(site.doors()):
        sent.append(attack(site, port, prefix))
        if stop.wait(0.05):
            return sent
    return sent


def _oversized(site: Site, port: int, prefix: str) -> int:
    with Raw(port) as raw:
        raw.send(request("POST", f"{prefix}/v1/notes", _headers() | {"Transfer-Encoding": "chunked"}))
        raw.send_until_answered(chunked(b" " * 16_384 for _ in range(640)))
        answer = raw.answer()
        site.note(answer, port)
        return answer.sent


def _hostile_json(site: Site, port: int, prefix: str) -> int:
    for body in _HOSTILE_JSON:
        with Raw(port) as raw:
            raw.send(request("POST", f"{prefix}/v1/notes", _headers() | {"Content-Length": len(body)}, body))
            site.note(raw.answer(), port)
    return 0


def _malformed(site: Site, port: int, _prefix: str) -> int:
    for garbage in _GARBAGE:
        with Raw(port) as raw, contextlib.suppress(AssertionError, ConnectionError):
            # A gateway may end such a connection without a word.
            raw.send(garbage)
            site.note(raw.answer(), port)
    return 0


async def _drip(site: Site, connections: int, stop: threading.Event) -> int:
    """Half of them drip their head, half their body, a byte a second; how many were still alive at the end."""
    doors = site.doors()
    return sum(await asyncio.gather(*(_drip_one(*doors[n % 2], n % 4 < 2, stop) for n in range(connections))))


async def _drip_one(port: int, prefix: str, in_head: bool, stop: threading.Event) -> bool:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    whole = request("POST", f"{prefix}/v1/notes", _headers() | {"Content-Length": 100_000})
    writer.write(whole[:60] if in_head else whole)
    ended = asyncio.create_task(reader.read(-1))
    limit = time.monotonic() + 30
    while not ended.done() and time.monotonic() < limit:
        with contextlib.suppress(ConnectionError):
            writer.write(b"a")
            await writer.drain()
        await asyncio.wait({ended}, timeout=1.0)
    ended.cancel()
    writer.close()
    return not ended.done()


def _headers() -> dict[str, object]:
    token = ISSUED.headers(role=WRITER, tenant="t-1")
    return {**token, "Idempotency-Key": str(uuid.uuid4()), "Content-Type": "application/json"}


def _answers(port: int) -> bool:
    with contextlib.suppress(httpx2.HTTPError):
        return json.loads(httpx2.get(f"http://127.0.0.1:{port}/gateway/readyz").text) == {"status": "ready"}
    return False
