"""The benchmark works: its command measures a cheap figure to the report, and its drafts are ones the service accepts."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg

from smartfactory.stack.provision import DatabaseUrls
from tests.support.applicant import running_applicant
from tests.support.servers import Servers
from tools.bench.applications import Applications, fault_of

ROOT = Path(__file__).parents[3]


def test_the_command_measures_one_figure_and_writes_the_report(tmp_path: Path):
    command = (sys.executable, "-m", "tools.bench", "--rounds", "1", "--only", "P8", "--write", str(tmp_path))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    [report] = tmp_path.glob("*.md")
    assert "| P8 | event written, read and checked" in report.read_text("utf-8")


async def test_drafts_put_into_the_tables_are_submitted_by_the_shipped_route(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]]
):
    urls = fresh_databases("applicant", migrated=True)["applicant"]
    async with running_applicant(urls) as applicant:

        def token(**who: str) -> str:
            return applicant.issuer.token(**who)

        ground: Any = SimpleNamespace(administrator=_administrator(servers, urls), issuer=SimpleNamespace(token=token))
        applications = Applications(ground)
        await applications.begin_round()
        applicant.clock.move_to(applications.opened_at)
        for raw in await applications.drafts(3):
            line, *headers = raw.split(b"\r\n\r\n")[0].decode().split("\r\n")
            answer = await applicant.http.post(line.split(" ")[1], headers=dict(one.split(": ", 1) for one in headers))
            assert answer.status_code == 201, answer.text
        assert fault_of(await applications.counts(), answered=3, refused=0) == ""


def _administrator(servers: Servers, urls: DatabaseUrls):
    @asynccontextmanager
    async def connect(_service: str) -> AsyncIterator[Any]:
        admin = servers.postgres
        connection = await asyncpg.connect(
            host=admin.host,
            port=admin.port,
            user=admin.user,
            password=admin.password,
            database=urls.owner.rsplit("/", 1)[1],
        )
        await connection.execute("SET session_replication_role = replica")
        yield connection
        await connection.close()

    return connect
