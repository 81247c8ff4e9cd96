"""The notebook as a process and a client of it: for tests that kill it or ask it roughly."""

import sys
from typing import Self

import httpx2

from smartfactory.stack.provision import DatabaseUrls
from tests.integration.web.notebook.main import WRITER
from tests.repo.tree import ROOT
from tests.support.connections import kept
from tests.support.servers import Servers, ServiceProcess
from tests.support.tokens import ISSUER, Issuer
from tests.support.waiting import eventually_now

ISSUED = Issuer()


class Running:
    """A notebook process and a client of it."""

    def __init__(self, servers: Servers, urls: DatabaseUrls, jwks_url: str, **env: str) -> None:
        self._servers = servers
        self._env: dict[str, str] = {}
        self._collisions = 0
        self.process: ServiceProcess = servers.process(
            "notebook-api",
            (sys.executable, "-m", "tests.integration.web.notebook.main", "api"),
            {
                "APP_ENV": "test",
                "DATABASE_URL": urls.application,
                "ISSUER": ISSUER,
                "JWKS_URL": jwks_url,
                "PYTHONPATH": str(ROOT),
                **env,
            },
        )
        self.client = httpx2.Client(timeout=15, limits=kept())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.client.close()

    def start(self, **env: str) -> None:
        self._env = env
        self._begin()
        eventually_now(self.answers, deadline=90, what="the notebook is alive")

    def answers(self) -> bool:
        if self.process.exit_code() is not None:
            # Whoever opened a connection since may have been given the port that was free a moment ago.
            self._collisions += 1
            assert self.process.log.count("address already in use") == self._collisions, self.process.log
            self._begin()
        try:
            return self.client.get("/livez").status_code == 200
        except httpx2.HTTPError:
            return False

    def _begin(self) -> None:
        port = self._servers.free_port()
        self.client.base_url = f"http://127.0.0.1:{port}"
        self.process.start(HTTP_PORT=str(port), **self._env)

    def write(self, key: str, text: str = "a note") -> httpx2.Response:
        headers = {**ISSUED.headers(role=WRITER, tenant="t-1"), "Idempotency-Key": key}
        return self.client.post("/v1/notes", json={"text": text, "price_won": 1}, headers=headers)

    def notes(self) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.client.get("/v1/notes", headers=ISSUED.headers(role=WRITER)).json()[
            "items"
        ]
        return found
