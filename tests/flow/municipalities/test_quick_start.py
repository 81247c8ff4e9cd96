"""The municipality's quick start, run as a developer would: every command against origin, issuer and services, every answer compared."""

import json
import os
import re
import sys
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
from tests.support.quick_starts import Step, faults_of, run_all, steps
from tests.support.servers import Servers
from tests.support.waiting import eventually_now

_DOCUMENT = ROOT / "docs" / "municipalities" / "quick-start.md"
_SECRET = "secret-of-the-local-door"
_SECONDS = 180


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


def test_every_command_of_the_quick_start_does_what_the_page_shows(origin: Origin, tmp_path: Path) -> None:
    found = steps(_DOCUMENT.read_text("utf-8"))
    folder = tmp_path / "developer"
    folder.mkdir()
    secrets = json.loads((origin.folder / "outside" / "clients.json").read_text())
    env = {
        "PATH": os.environ["PATH"], "ORIGIN": origin.address, "LC_ALL": "C.UTF-8",
        "CLIENT_SECRET": secrets[f"municipality-{GUNSAN}"],
    }  # fmt: skip

    printed = run_all(found, folder, env, seconds=_SECONDS)

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
