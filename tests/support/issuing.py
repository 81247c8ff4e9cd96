"""The local issuer as a process of its own, and a service's API beside it that believes its tokens."""

import contextlib
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx2

from contracts.roles import Role
from smartfactory.issuer.app import ADMIN_HEADER
from smartfactory.stack.provision import DatabaseUrls
from tests.support.connections import kept
from tests.support.servers import Servers, ServiceProcess
from tests.support.waiting import eventually_now


@dataclass(frozen=True)
class IssuerProcess:
    """The real issuer over real HTTP; it can be killed and come back with its keys."""

    process: ServiceProcess
    http: httpx2.Client
    secret: str

    @property
    def settings(self) -> Mapping[str, str]:
        """What a service is told of it."""
        issuer = self.process.env["ISSUER"]
        return {"ISSUER": issuer, "JWKS_URL": f"{issuer}/jwks.json"}

    def start(self) -> None:
        self.process.start()
        eventually_now(lambda: answers(self.process, self.http, "/readyz"), deadline=90, what="the issuer answers")

    def token(self, *, role: Role, tenant: str, subject: str = "someone") -> str:
        wanted = {"subject": subject, "role": role, "tenant": tenant}
        return str(self._asked("/issuer/local/tokens", wanted)["access_token"])

    def rotate(self) -> str:
        return str(self._asked("/issuer/local/rotations", None)["kid"])

    def revoke(self, kid: str) -> None:
        self._asked("/issuer/local/revocations", {"kid": kid})

    def keys(self) -> list[str]:
        """The ids it publishes, the one that signs first."""
        return [key["kid"] for key in self.http.get("/issuer/jwks.json").json()["keys"]]

    def _asked(self, path: str, body: object) -> dict[str, object]:
        answer = self.http.post(path, json=body, headers={ADMIN_HEADER: self.secret})
        assert answer.is_success, answer.text
        found: dict[str, object] = answer.json()
        return found


@contextlib.contextmanager
def issuer_process(servers: Servers) -> Iterator[IssuerProcess]:
    """An issuer with fresh keys, started."""
    port, secret = servers.free_port(), secrets.token_urlsafe(16)
    origin = f"http://127.0.0.1:{port}"
    env = {
        "APP_ENV": "test",
        "ISSUER": f"{origin}/issuer",
        "HTTP_PORT": str(port),
        "OUTSIDE_SECRET": secret,
        "OUTSIDE_DIRECTORY": str(servers.folder / f"outside-{port}"),
    }
    process = servers.process("outside", (sys.executable, "-m", "smartfactory.outside"), env)
    with httpx2.Client(base_url=origin, timeout=30, limits=kept()) as http:
        made = IssuerProcess(process, http, secret)
        made.start()
        yield made


@contextlib.contextmanager
def api_of(
    servers: Servers, service: str, urls: DatabaseUrls, issuer: Mapping[str, str]
) -> Iterator[tuple[ServiceProcess, httpx2.Client]]:
    """The API of a service that believes this issuer, started and alive, and a client of it."""
    process = servers.service(service, "api", urls, env=issuer).start()
    address = f"http://127.0.0.1:{process.env['HTTP_PORT']}"
    with httpx2.Client(base_url=address, timeout=15, limits=kept()) as client:
        eventually_now(lambda: answers(process, client, "/livez"), deadline=90, what=f"{service} is alive")
        yield process, client


def answers(process: ServiceProcess, client: httpx2.Client, path: str) -> bool:
    """Whether the process answers by now; fails when it has ended."""
    assert process.exit_code() is None, process.log
    try:
        return client.get(path).status_code == 200
    except httpx2.HTTPError:
        return False
