"""Runs Schemathesis as a program of its own against one service, and counts what it did and what it found.

Never in the test's process: it changes what the process's libraries do, and later tests would meet that.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from contracts.roles import COMPANY_ROLES, MUNICIPALITY_ROLES, PROVINCE_TENANT, Role
from smartfactory.stack.provision import DatabaseUrls
from tests.repo.tree import ROOT
from tests.support.key_server import serving_keys
from tests.support.servers import Servers, ServiceProcess
from tests.support.tokens import ISSUER, Issuer
from tests.support.waiting import eventually_now

_CONFIG = ROOT / "tests/support/fuzzing/schemathesis.toml"
_OWN_COMPANY = "0199f1b0-1d20-7c31-9b52-3c1e8f40a101"
_TENANT_OF = {
    **dict.fromkeys(COMPANY_ROLES, _OWN_COMPANY),
    **dict.fromkeys(MUNICIPALITY_ROLES, "52110"),
}


@dataclass(frozen=True)
class Target:
    """A service's API as a real process over its own database."""

    process: ServiceProcess
    origin: str
    tokens: Mapping[str, str]

    def server_errors(self) -> int:
        """Unexpected faults in the service's own log."""
        return self.process.log.count("a request failed unexpectedly")


@dataclass(frozen=True)
class Findings:
    """How many cases were tried on how many operations, which checks broke how often, and how it was printed."""

    cases: int
    operations: int
    untried: int
    broken: Mapping[str, int]
    printed: str


@contextmanager
def api_process(servers: Servers, service: str, urls: DatabaseUrls) -> Iterator[Target]:
    """The process, answering, with a token of every role."""
    issuer = Issuer()
    with serving_keys(issuer) as keys:
        env = {"ISSUER": ISSUER, "JWKS_URL": keys.jwks_url, "LOG_LEVEL": "ERROR"}
        process = servers.service(service, "api", urls, env=env).start()
        origin = f"http://127.0.0.1:{process.env['HTTP_PORT']}"
        eventually_now(lambda: _answers(origin), deadline=60, what=f"{service} answers")
        yield Target(process, origin, tokens(issuer))
        process.stop()


def tokens(issuer: Issuer) -> dict[str, str]:
    """One token of each role, with the tenant that fits it."""
    return {
        str(role): issuer.token(role=role, tenant=_TENANT_OF.get(role, PROVINCE_TENANT), subject=f"fuzz-{role}")
        for role in Role
    }


def fuzz(target: Target, options: Sequence[str], *, folder: Path) -> Findings:
    """Run it to its end, and read its report."""
    report = folder / f"{target.process.name}.json"
    argv = [
        *(str(Path(sys.executable).with_name("st")), "--config-file", str(_CONFIG)),
        *("run", f"{target.origin}/openapi.json", "--report-json-path", str(report), *options),
    ]
    env = {**os.environ, "SMARTFACTORY_TOKENS": json.dumps(target.tokens), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert report.exists(), f"{done.stdout}\n{done.stderr}"
    told = json.loads(report.read_text("utf-8"))
    broken = {f"{each['code']} {each['title']}": each["count"] for each in told["failures"]}
    broken |= {f"error: {each.get('title', each)}": 1 for each in told["errors"]}
    return Findings(
        cases=told["test_cases"]["generated"],
        operations=told["operations"]["tested"],
        untried=told["operations"]["selected"] - told["operations"]["tested"],
        broken=broken,
        printed=done.stdout[-20_000:],
    )


def _answers(origin: str) -> bool:
    try:
        return httpx2.get(f"{origin}/readyz", timeout=2).status_code == 200
    except httpx2.TransportError:
        return False
