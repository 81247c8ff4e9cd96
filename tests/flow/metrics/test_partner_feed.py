"""The feed of a running process: the quick start's own commands, and readers that stop reading or never come back."""

import os
import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx2
import pytest
from sqlalchemy import text

from common.acting import THE_SERVICE
from common.clock import FixedClock
from common.db import Database
from metrics.partners.jobs import place_partner_events
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT
from tests.support.key_server import serving_keys
from tests.support.listening import NOW
from tests.support.partners import FEED, MANY, SAMSUNG
from tests.support.servers import Servers, ServiceProcess
from tests.support.tokens import ISSUER, Issuer
from tests.support.waiting import eventually

PAGE = (ROOT / "docs/partner/quick-start.md").read_text("utf-8")
_EVENTS = 20_000


@dataclass
class Api:
    """Metrics' API as a process, with so many events in its feed."""

    process: ServiceProcess
    port: int
    token: str

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def head(self, **headers: str) -> bytes:
        said = {"Host": "metrics", "Authorization": f"Bearer {self.token}", "Accept": "text/event-stream", **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        return f"GET {FEED} HTTP/1.1\r\n{lines}\r\n".encode()

    async def answers(self) -> bool:
        assert self.process.exit_code() is None, self.process.log
        try:
            async with httpx2.AsyncClient(base_url=self.origin) as http:
                return (await http.get("/livez")).status_code == 200
        except httpx2.HTTPError:
            return False


@pytest.fixture
async def api(servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]) -> AsyncIterator[Api]:
    urls, issuer = fresh_databases("metrics", migrated=True)["metrics"], Issuer()
    database = Database(urls.application, application_name="tests", acting=THE_SERVICE)
    async with database.transaction() as tx:
        await tx.execute(text("SET LOCAL statement_timeout = '60s'"))
        await tx.execute(text(MANY), {"count": _EVENTS})
    while await place_partner_events(database, FixedClock(NOW)):
        pass
    await database.dispose()
    with serving_keys(issuer) as keys:
        told = {"ISSUER": ISSUER, "JWKS_URL": keys.jwks_url, "PARTNER_STREAM_STALL_SECONDS": "1"}
        process = servers.service("metrics", "api", urls, env=told).start()
        made = Api(process, int(process.env["HTTP_PORT"]), issuer.token(**SAMSUNG, subject="samsung"))
        await eventually(made.answers, deadline=60, what="metrics is alive")
        yield made


async def test_the_quick_start_reads_the_feed_and_its_stream(api: Api):
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    script = "set -euo pipefail\n" + "\necho; echo '-- end --'\n".join(blocks)
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "METRICS": api.origin, "TOKEN": api.token}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr.decode()
    page, stream = done.stdout.decode().split("-- end --")
    assert page.strip().endswith('"after":2,"more":true}')
    assert page.count('"specversion":"1.0"') == 2
    # Broken off after its seconds, wherever it was: the last event may have come in part.
    whole = stream.rpartition("\n\n")[0]
    ids = [int(each) for each in re.findall(r"^id: (\d+)$", whole, re.MULTILINE)]
    assert ids == list(range(3, 3 + len(ids)))
    assert len(ids) > 100


async def test_a_reader_that_stops_reading_is_cut_off_and_the_rest_are_served(api: Api):
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    deaf.settimeout(60)
    deaf.connect(("127.0.0.1", api.port))
    try:
        deaf.sendall(api.head())
        await eventually(lambda: "is cut off" in api.process.log, what="the deaf reader is cut off")
        async with httpx2.AsyncClient(
            base_url=api.origin, headers={"Authorization": f"Bearer {api.token}"}, timeout=30
        ) as http:
            assert (await http.get(FEED, params={"after": _EVENTS - 1})).json()["after"] == _EVENTS
            metrics = (await http.get("/openmetrics")).text
        assert re.search(r"^streams_cut_off\w* 1\.0$", metrics, re.MULTILINE)
        # What was on its way comes, and no end of the answer: it was broken off, not waited for.
        assert not _rest_of(deaf).endswith(b"0\r\n\r\n")
    finally:
        deaf.close()


async def test_a_stream_stops_a_process_that_is_told_to_end_no_longer_than_a_moment(api: Api):
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as reader:
        reader.sendall(api.head(**{"Last-Event-ID": str(_EVENTS)}))
        assert reader.recv(65_536).startswith(b"HTTP/1.1 200")
        assert api.process.stop() == 0
        assert _rest_of(reader).endswith(b"0\r\n\r\n")


def _rest_of(connection: socket.socket) -> bytes:
    got = b""
    try:
        while more := connection.recv(65_536):
            got = got[-65_536:] + more
    except ConnectionResetError:
        pass
    return got
