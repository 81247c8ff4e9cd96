"""The municipality's quick start, run as a developer would: every command against origin, issuer and services, every answer compared."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from smartfactory.issuer.app import ADMIN_HEADER
from smartfactory.stack.gateway import gateway_command
from tests.repo.tree import ROOT
from tests.support.applicant import (
    CLOSES,
    DURING,
    GUNSAN,
    IKSAN,
    OPENS,
    call_body,
    company_body,
    plan_body,
    worksite_body,
)
from tests.support.servers import Servers
from tests.support.waiting import eventually_now

_DOCUMENT = ROOT / "docs" / "municipalities" / "quick-start.md"
_BLOCK = re.compile(r"^```(bash|json|http|csv)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECRET = "secret-of-the-local-door"
_SECONDS = 180
_THE_SAME = {"code", "status", "state", "row", "rows", "accepted", "refused", "field", "cell"}
_MARK = "-- end of block --"


@dataclass(frozen=True)
class Step:
    """One block of commands, and the answer that the page shows for its last one."""

    commands: str
    kind: str | None
    shown: str


def steps() -> list[Step]:
    found: list[Step] = []
    for kind, content in _BLOCK.findall(_DOCUMENT.read_text("utf-8")):
        if kind == "bash":
            found.append(Step(content, None, ""))
        else:
            assert found[-1].kind is None, "two answers to one block"
            found[-1] = Step(found[-1].commands, kind, content)
    return found


class Origin:
    """Issuer, gateway and the two services that a municipality's machine meets, as processes."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.folder, self.port, outside = folder, servers.free_port(), servers.free_port()
        self.address, self.clock = f"http://127.0.0.1:{self.port}", folder / "programme-clock"
        self._tokens: dict[tuple[str, str], str] = {}
        self._keys = iter(range(1, 1000))
        databases = servers.fresh_databases(("applicant", "funding"), migrated=True)
        shared = {
            "ISSUER": "http://127.0.0.1/issuer", "JWKS_URL": f"http://127.0.0.1:{outside}/issuer/jwks.json",
            "PROGRAMME_CLOCK_FILE": str(self.clock),
        }  # fmt: skip
        issuer = {
            "APP_ENV": "test", "OUTSIDE_DIRECTORY": str(folder / "outside"), "OUTSIDE_SECRET": _SECRET,
            "HTTP_PORT": str(outside), **shared,
        }  # fmt: skip
        self.move_clock(OPENS.isoformat())
        servers.process("outside", (sys.executable, "-m", "smartfactory.outside"), issuer).start()
        upstreams = {"outside": outside, "mentoring": 1, "metrics": 1}
        for name, urls in databases.items():
            api = servers.service(name, "api", urls, env={**shared, "ROOT_PATH": f"/{name}"}).start()
            upstreams[name] = int(api.env["HTTP_PORT"])
        gateway = gateway_command(
            port=self.port, upstream_ports=upstreams, directory=folder, log=folder / "gateway.log"
        )
        servers.process("gateway", gateway.argv, gateway.env).start()
        self._until_ready(("/issuer/jwks.json", "/applicant/readyz", "/funding/readyz"))

    def _until_ready(self, paths: tuple[str, ...]) -> None:
        def ready() -> bool:
            try:
                return all(httpx2.get(f"{self.address}{path}").status_code == 200 for path in paths)
            except httpx2.TransportError:
                return False

        eventually_now(ready, _SECONDS, what="the origin")

    def move_clock(self, moment: str) -> None:
        # In one step, as the clock's own writer does: a service must never read half a moment.
        beside = self.clock.with_suffix(".new")
        beside.write_text(moment)
        beside.replace(self.clock)

    def post(self, path: str, body: object, role: str, tenant: str, *, version: int | None = None) -> Any:
        headers = {
            "Authorization": f"Bearer {self.token(role, tenant)}",
            "Idempotency-Key": f"quick-start-{next(self._keys):06}",
        }
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = httpx2.post(f"{self.address}{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def token(self, role: str, tenant: str) -> str:
        if (role, tenant) not in self._tokens:
            wanted = {"subject": f"{role}-{tenant}", "role": role, "tenant": tenant}
            answer = httpx2.post(
                f"{self.address}/issuer/local/tokens", json=wanted, headers={ADMIN_HEADER: _SECRET}, timeout=30
            )
            self._tokens[role, tenant] = answer.json()["access_token"]
        return self._tokens[role, tenant]

    def application(self, call_id: str, place: str) -> None:
        company = str(uuid4())
        by = ("company.owner", company)
        self.post("/applicant/v1/companies", company_body(), *by)
        site = self.post(f"/applicant/v1/companies/{company}/worksites", worksite_body(municipality_code=place), *by)
        case = plan_body(call_id=call_id, type_code="JS2", worksite_id=site["id"])
        drafted = self.post("/applicant/v1/applications", case, *by)
        path = f"/applicant/v1/applications/{drafted['id']}/submissions"
        self.post(path, None, *by, version=drafted["version"])


@pytest.fixture
def origin(servers: Servers, tmp_path: Path) -> Origin:
    """A call that is open with applications of two municipalities, and another that is being drafted."""
    made = Origin(servers, tmp_path)
    published, _draft = (made.post("/applicant/v1/calls", call_body(), "technopark.operator", "jtp") for _ in range(2))
    committee = {"committee_date": "2024-03-05", "committee_resolution_number": "2024-7"}
    path = f"/applicant/v1/calls/{published['id']}/publications"
    made.post(path, committee, "province.approver", "52", version=published["version"])
    assert OPENS < DURING < CLOSES
    made.move_clock(DURING.isoformat())
    for place in (GUNSAN, GUNSAN, GUNSAN, IKSAN):
        made.application(published["id"], place)
    return made


def run_all(origin: Origin, found: list[Step], folder: Path) -> list[str]:
    """What each block printed, run one after another in one shell."""
    script = "set -euo pipefail\n" + "".join(f"{step.commands}\necho; echo '{_MARK}'\n" for step in found)
    secrets = json.loads((origin.folder / "outside" / "clients.json").read_text())
    env = {
        "PATH": os.environ["PATH"], "ORIGIN": origin.address, "LC_ALL": "C.UTF-8",
        "CLIENT_SECRET": secrets[f"municipality-{GUNSAN}"],
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, capture_output=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode("utf-8-sig").split(f"\n{_MARK}\n")[:-1]


def differences(shown: Any, answered: Any, at: str = "") -> Iterator[str]:
    """Where an answer lacks what the page shows, or has it in another kind; amounts and ids may differ."""
    if isinstance(shown, dict) and isinstance(answered, dict):
        for name, value in shown.items():
            if name not in answered:
                yield f"{at}/{name} is missing"
            else:
                yield from differences(value, answered[name], f"{at}/{name}")
    elif isinstance(shown, list) and isinstance(answered, list):
        if len(answered) < len(shown):
            yield f"{at} has {len(answered)} entries and {len(shown)} are shown"
        for number, (value, other) in enumerate(zip(shown, answered, strict=False)):
            yield from differences(value, other, f"{at}/{number}")
    elif type(shown) is not type(answered) or (at.rpartition("/")[2] in _THE_SAME and shown != answered):
        yield f"{at} is {answered!r} and {shown!r} is shown"


def faults_of(step: Step, printed: str) -> list[str]:
    """How what was printed differs from what the page shows."""
    if step.kind == "json":
        return list(differences(json.loads(step.shown), json.loads(printed.strip().splitlines()[-1])))
    if step.kind == "http":
        status, *headers = step.shown.strip().splitlines()
        lines = printed.replace("\r", "").splitlines()
        names = {line.partition(":")[0].lower() for line in lines}
        wanted = [header.partition(":")[0] for header in headers]
        return [f"{lines[0]} is not {status}"] * (lines[0].split()[1] != status.split()[1]) + [
            f"no header {name}" for name in wanted if name.lower() not in names
        ]
    if step.kind == "csv":
        return [f"no line {line}" for line in step.shown.strip().splitlines() if line not in printed.replace('"', "")]
    return []


def test_every_command_of_the_quick_start_does_what_the_page_shows(origin: Origin, tmp_path: Path) -> None:
    found = steps()
    folder = tmp_path / "developer"
    folder.mkdir()

    printed = run_all(origin, found, folder)

    assert len(printed) == len(found) >= 12
    assert {number: faults for number, step in enumerate(found) if (faults := faults_of(step, printed[number]))} == {}
    whole = "\n".join(printed)
    # As a code of its own: in the middle of an id, a token or a time the digits may stand by chance.
    assert not re.search(rf"(?<![\w.-]){IKSAN}(?![\w-])", whole), "nothing of another municipality is shown"
    ids = re.findall(r'"id":"([^"]+)","company_id"', printed[1] + printed[2])
    assert len(ids) == len(set(ids)) == 3, "the two pages hold every application once"


def test_a_page_that_shows_something_else_is_found() -> None:
    step = Step("", "json", '{"items": [{"id": "x", "version": 1}], "next": null}')
    assert faults_of(step, '{"items": [{"id": "y", "version": 7}], "next": null}') == []
    assert faults_of(step, '{"items": [{"id": "y"}], "next": null}') == ["/items/0/version is missing"]
    assert faults_of(step, '{"items": [], "next": null}') == ["/items has 0 entries and 1 are shown"]
    assert faults_of(step, '{"items": [{"id": 5, "version": 7}], "next": "n"}') == [
        "/items/0/id is 5 and 'x' is shown",
        "/next is 'n' and None is shown",
    ]
    assert faults_of(Step("", "http", "HTTP/1.1 207 M\nLink: x"), "HTTP/1.1 200 OK\r\nA: b\r\n") == [
        "HTTP/1.1 200 OK is not HTTP/1.1 207 M",
        "no header Link",
    ]
