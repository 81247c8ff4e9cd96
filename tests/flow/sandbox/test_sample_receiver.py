"""The sample receiver of webhooks, as a program: it believes what `standardwebhooks` signs, and keeps it once."""

import contextlib
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from standardwebhooks import Webhook

from smartfactory.stack.ports import free_port
from tests.repo.tree import ROOT
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually_now

SECRET, ANOTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = json.dumps({"type": "seat.empty", "timestamp": "2024-07-01T02:10:00Z", "data": {"cause": "WITHDRAWN"}})


class Receiver:
    def __init__(self, process: ServiceProcess, port: int, store: Path) -> None:
        self.process, self._url, self._store = process, f"http://127.0.0.1:{port}/hooks", store

    def send(self, id_: str, *, secret: str = SECRET, body: str = BODY, signed: str = BODY, age: int = 0) -> int:
        moment = datetime.now(UTC) - timedelta(seconds=age)
        headers = {
            "webhook-id": id_,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(id_, moment, signed),
        }
        return httpx2.post(self._url, content=body.encode(), headers=headers, timeout=30).status_code

    def kept(self) -> list[str]:
        with contextlib.closing(sqlite3.connect(self._store, timeout=10)) as store:
            return [row[0] for row in store.execute("SELECT id FROM message ORDER BY rowid")]

    def answers(self) -> bool:
        assert self.process.exit_code() is None, self.process.log
        with contextlib.suppress(httpx2.HTTPError):
            return httpx2.post(self._url, content=b"").status_code == 401
        return False


@pytest.fixture
def receiver(servers: Servers, tmp_path: Path) -> Iterator[Receiver]:
    port, store = free_port(), tmp_path / "hooks.db"
    env = {"PATH": os.environ["PATH"], "SECRET": SECRET, "STORE": str(store), "PORT": str(port)}
    process = servers.process("receiver", (sys.executable, str(ROOT / "docs/partner/receiver.py")), env).start()
    made = Receiver(process, port, store)
    eventually_now(made.answers, 60, what="the receiver answers")
    yield made
    process.kill()


def test_it_takes_what_is_signed_once_and_nothing_that_is_forged_old_or_changed(receiver: Receiver) -> None:
    first, second = str(uuid4()), str(uuid4())
    assert [receiver.send(first), receiver.send(second), receiver.send(first)] == [204, 204, 204]
    assert receiver.send(str(uuid4()), secret=ANOTHER) == 401
    assert receiver.send(str(uuid4()), age=301) == 401
    assert receiver.send(str(uuid4()), body=BODY.replace("WITHDRAWN", "NOT_FUNDED")) == 401
    assert receiver.kept() == [first, second]
    assert receiver.process.log.splitlines() == [f"{first} seat.empty", f"{second} seat.empty"]
