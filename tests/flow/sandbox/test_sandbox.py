"""The sandbox as an integrator has it: the page's own commands, clients that survive it, one that does not, and its end."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from common.event import open_envelope
from common.kafka import KafkaOptions
from common.kafka_history import History
from smartfactory.sandbox.gathering import PARTNER_TOPICS
from smartfactory.stack.ports import free_port
from tests.repo.tree import ROOT
from tests.support.processes import processes_of
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually, eventually_now

PAGE = (ROOT / "docs/partner/sandbox.md").read_text("utf-8")
_START_SECONDS, _STOP_SECONDS = 300.0, 90.0


@dataclass
class Sandbox:
    """A running sandbox in a folder of its own, and an integrator's shell beside it."""

    folder: Path
    process: ServiceProcess
    env: dict[str, str]

    def shell(self, script: str, *, code: int = 0) -> str:
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{script}"], cwd=self.folder, env=self.env, capture_output=True,
            timeout=480, check=False,
        )  # fmt: skip
        said = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == code, said + self.process.log
        return said

    def report(self, *words: str, code: int = 0) -> Any:
        said = self.shell(f"smartfactory sandbox report --json {' '.join(words)}", code=code)
        return json.loads(said[said.index("{") :])

    @property
    def kafka(self) -> KafkaOptions:
        return KafkaOptions(bootstrap_servers=self.env["BOOTSTRAP_SERVERS"], client_id="test")


class Stream(threading.Thread):
    """A reader of the feed's stream that comes again behind the last event it has, whenever the stream is over."""

    def __init__(self, origin: str, token: str) -> None:
        super().__init__(daemon=True)
        self._url, self._token = f"{origin}/metrics/v1/partner-events", token
        self._left = threading.Event()
        self.places: list[int] = []
        self.opened = 0

    def run(self) -> None:
        with httpx2.Client(timeout=60) as http:  # longer than the feed is ever silent
            while not self._left.wait(0.05):
                with contextlib.suppress(httpx2.HTTPError):
                    self._read(http)

    def _read(self, http: httpx2.Client) -> None:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": str(self.places[-1])} if self.places else {}
        with http.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code == 200:
                self.opened += 1
                for line in answer.iter_lines():
                    self.places += [int(line.removeprefix("id: "))] if line.startswith("id: ") else []

    def leave(self) -> None:
        """Open it no more; what is open ends with the sandbox."""
        self._left.set()


@pytest.fixture(scope="module")
def sandbox(session_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("integrator")
    shutil.copytree(ROOT / "docs/partner", folder / "docs/partner")
    port, kafka_port = free_port(), free_port()
    argv = (sys.executable, "-m", "smartfactory", "sandbox", "--data-dir", str(folder / ".sandbox"))
    ports = ("--port", str(port), "--kafka-port", str(kafka_port))
    process = session_servers.process("sandbox", (*argv, *ports)).start()
    process.wait_for_log("Ctrl-C stops everything", _START_SECONDS)
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": str(folder),
        "ORIGIN": f"http://127.0.0.1:{port}", "BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka_port}",
        "HOOK_PORT": str(free_port()),
    }  # fmt: skip
    yield Sandbox(folder, process, env)
    process.child.send(signal.SIGINT)
    assert process.wait_for_end(_STOP_SECONDS) == 130
    eventually_now(lambda: processes_of(folder) == [], what="Ctrl-C leaves nothing running")


async def test_the_pages_commands_bring_everything_once_to_the_samples_and_a_naive_client_is_found_out(
    sandbox: Sandbox,
) -> None:
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    token = sandbox.shell("smartfactory token --role samsung.client --data-dir .sandbox").strip()
    stream = Stream(sandbox.env["ORIGIN"], token)
    stream.start()
    said = sandbox.shell("trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(blocks))
    assert said.count("everything was handled once") == 2
    verdict = sandbox.report()
    assert verdict["ledger"] == 1
    for process in ("metrics-worker ended with exit code -9", "metrics-api ended", "kafka ended"):
        assert process in sandbox.process.log

    naive, kafka, (endpoint,) = verdict["naive"], verdict["kafka"], verdict["endpoints"]
    assert kafka["events"] == verdict["in_feed"] == endpoint["messages"] == endpoint["delivered"]
    assert kafka["acknowledged"] == kafka["records"] == kafka["events"] + naive["doubled_by_records"]
    assert endpoint["taken"] == endpoint["messages"] + naive["doubled_by_webhooks"]
    assert all(naive.values()), "every kind of naive client would have been caught"

    await eventually(lambda: len(stream.places) >= verdict["in_feed"], 60, what="the stream has everything")
    stream.leave()
    assert stream.opened > 1, "it never broke off"
    assert stream.places == list(range(1, verdict["in_feed"] + 1))

    # Planted: a client that keeps whatever comes.
    everything = []
    async with History(sandbox.kafka, PARTNER_TOPICS) as history:
        async for batch in history.to_the_end():
            everything += [open_envelope(record)[0] for record in batch]
    (sandbox.folder / "naive.txt").write_text("\n".join(f"got {one.event_id}" for one in everything))
    caught = sandbox.report("--received", "naive.txt", code=1)["received"]
    assert sum(caught["doubled"].values()) - len(caught["doubled"]) == naive["doubled_by_records"]
    assert caught["missing"] == []
    _in_order_of_each_key(everything)


def _in_order_of_each_key(told: list[Any]) -> None:
    """Nothing the programme promises not to do: a repetition begins again somewhere behind, and passes over nothing."""
    newest: dict[Any, int] = {}
    for one in told:
        key = (one.topic, one.key)
        assert 1 <= one.sequence <= newest.get(key, 0) + 1, f"{key} has a gap before {one.sequence}"
        newest[key] = max(newest.get(key, 0), one.sequence)


def test_told_again_under_the_same_ids_nothing_is_new_and_another_replay_is(sandbox: Sandbox) -> None:
    sandbox.shell("smartfactory sandbox replay --speed max --only mentor --seed 3")
    first = sandbox.report()
    assert first["ledger"] == 2, "the replay of the test before was another one"
    assert first["kafka"]["records"] == first["kafka"]["events"] == first["in_feed"] == 6
    sandbox.shell("smartfactory sandbox replay --speed max --again")
    again = sandbox.report()
    assert again["ledger"] == first["ledger"]
    assert again["kafka"]["events"] == again["in_feed"] == 6
    assert again["kafka"]["records"] == 12
