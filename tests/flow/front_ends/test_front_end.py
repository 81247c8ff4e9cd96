"""The front-end developer's quick start, followed as it stands: a client made of what the origin serves, checked and run."""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from smartfactory.stack.gateway import gateway_command
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT
from tests.support.applicant import APPROVER, OPENS, OPERATOR, Person, an_owner, call_body
from tests.support.key_server import serving_keys
from tests.support.quick_starts import faults_of, run_all, steps
from tests.support.servers import Servers
from tests.support.tokens import ISSUER, Issuer
from tests.support.waiting import eventually_now
from tools.node_packages import NODE, NotInstalled, environment, installed, run_node

_TOOLS = ROOT / "tools/front_end"
_PAGE = (ROOT / "docs/front-end.md").read_text("utf-8")
_FILE = re.compile(r"^```ts\n// (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CALLS = 3
_SECONDS = 600
"""For making, checking and running the client: many times what it takes on a machine that does nothing else."""

_WRONG = (
    'import { api } from "./client.mts";',
    'void api.POST("/applicant/v1/companies", { params: { header: {} }, body: null });',
    'void api.GET("/applicant/v1/calls", { params: { query: { page: 2 } } });',
    'void api.GET("/applicant/v1/calls").then((page) => page.data?.items[0]?.nowhere);',
    'void api.GET("/applicant/v1/nowhere");',
)
"""After the first line, what the types refuse: no key, a parameter and a field that are none, an address of nobody."""


@dataclass
class Origin:
    """The gateway with the two services that a front end meets first; the others are away."""

    address: str
    issuer: Issuer

    def token(self, by: Person) -> str:
        return self.issuer.token(role=by.role, tenant=by.tenant, subject=by.subject)

    def post(self, path: str, body: object, by: Person, *, version: int | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token(by)}", "Idempotency-Key": str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = httpx2.post(f"{self.address}{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def publish_a_call(self) -> None:
        drafted = self.post("/applicant/v1/calls", call_body(), OPERATOR)
        committee = {"committee_date": "2024-03-05", "committee_resolution_number": "2024-7"}
        path = f"/applicant/v1/calls/{drafted['id']}/publications"
        self.post(path, committee, APPROVER, version=drafted["version"])

    def is_ready(self) -> bool:
        try:
            return all(
                httpx2.get(f"{self.address}/{name}/readyz").status_code == 200 for name in ("applicant", "metrics")
            )
        except httpx2.TransportError:
            return False


@pytest.fixture
def origin(
    servers: Servers, fresh_databases: Callable[..., dict[str, DatabaseUrls]], tmp_path: Path
) -> Iterator[Origin]:
    port, clock, upstreams = servers.free_port(), tmp_path / "programme-clock", {}
    clock.write_text(OPENS.isoformat())
    issuer = Issuer()
    with serving_keys(issuer) as keys:
        shared = {"ISSUER": ISSUER, "JWKS_URL": keys.jwks_url, "PROGRAMME_CLOCK_FILE": str(clock)}
        for name, urls in fresh_databases("applicant", "metrics", migrated=True).items():
            api = servers.service(name, "api", urls, env={**shared, "ROOT_PATH": f"/{name}"}).start()
            upstreams[name] = int(api.env["HTTP_PORT"])
        away = dict.fromkeys(("funding", "mentoring", "outside"), 1)
        gateway = gateway_command(
            port=port, upstream_ports={**away, **upstreams}, directory=tmp_path, log=tmp_path / "gateway.log"
        )
        servers.process("gateway", gateway.argv, gateway.env).start()
        made = Origin(f"http://127.0.0.1:{port}", issuer)
        eventually_now(made.is_ready, 60, what="the origin")
        yield made


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty folder with the tools installed and the page's files in it; without a network there are no tools."""
    try:
        modules = installed(_TOOLS, "front_end")
    except NotInstalled as fault:
        pytest.skip(f"openapi-typescript and typescript could not be installed by npm: {fault}")
    folder = tmp_path / "front-end"
    folder.mkdir()
    (folder / "node_modules").symlink_to(modules)
    for name, content in _FILE.findall(_PAGE):
        (folder / name).write_text(content, "utf-8")
    # A wheel holds no links, and `npx` of the one that Node comes in is one that leads nowhere.
    npx = tmp_path / "bin/npx"
    npx.parent.mkdir()
    npx.write_text(f'#!/bin/sh\nexec node "{NODE}/lib/node_modules/npm/bin/npx-cli.js" "$@"\n', "utf-8")
    npx.chmod(0o755)
    return folder


def test_the_page_is_followed_to_its_end_and_shows_what_comes(origin: Origin, project: Path) -> None:
    for _ in range(_CALLS):
        origin.publish_a_call()
    found = steps(_PAGE)
    env = environment(
        ORIGIN=origin.address,
        TOKEN=origin.token(an_owner()),
        LC_ALL="C.UTF-8",
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
    )
    env = {**env, "PATH": f"{project.parent / 'bin'}{os.pathsep}{env['PATH']}"}

    printed = run_all(found, project, env, seconds=_SECONDS)

    assert {number: faults for number, step in enumerate(found) if (faults := faults_of(step, printed[number]))} == {}
    calls, company = (json.loads(each.strip().splitlines()[-1]) for each in printed[1:])
    assert len(calls["calls"]) == _CALLS, "both pages hold every call once"
    assert (company["once"], company["replayed"]) == (True, "true")
    served = httpx2.get(f"{origin.address}/developers/openapi.json", timeout=30)
    assert served.json() == json.loads((ROOT / "docs/api/smartfactory.json").read_text("utf-8"))

    (project / "calls.mts").write_text("\n".join(_WRONG), "utf-8")
    refused = run_node(["node_modules/typescript/bin/tsc", "--project", "."], cwd=project, seconds=_SECONDS)
    lines = set(re.findall(r"^calls\.mts\((\d+),", refused.stdout, re.MULTILINE))
    assert lines == {str(number + 1) for number in range(1, len(_WRONG))}, refused.stdout


def test_the_page_installs_what_the_test_runs() -> None:
    manifest = json.loads((_TOOLS / "package.json").read_text("utf-8"))
    told = [line for line in _PAGE.splitlines() if line.startswith("npm install")]
    named = {word.removesuffix("@5") for line in told for word in line.split()[2:] if not word.startswith("--")}
    assert named == {*manifest["dependencies"], *manifest["devDependencies"]}

    lock = json.loads((_TOOLS / "package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert lock["packages"]["node_modules/typescript"]["version"].startswith("5.")
