"""A receiver of webhooks over real HTTP that answers as it is told, and the worker's job that sends to it."""

import contextlib
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from standardwebhooks import Webhook

from common.clock import FixedClock
from common.event import DomainEvent
from contracts.roles import Role
from metrics.main import SERVICE
from metrics.settings import Settings
from metrics.webhooks.jobs import DeliverWebhooks
from smartfactory.stack.provision import DatabaseUrls
from tests.support.listening import NOW, Listener, listener

JEONJU, GUNSAN = "52110", "52130"
Secret = str


@dataclass(frozen=True)
class Answer:
    """How to answer; with `hang`, only once that is set."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: threading.Event | None = None


@dataclass(frozen=True)
class Got:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> Any:
        return json.loads(self.body)

    def verified_by(self, secret: Secret) -> Any:
        """What somebody else's library makes of it; raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, dict(self.headers))


@dataclass
class Receiver:
    """Where it is, what came, and what it answers: each of `answers` in turn, then the last for ever."""

    url: str
    port: int
    got: list[Got] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=lambda: [Answer()])
    connections: int = 0

    def answer(self, *answers: Answer) -> None:
        self.answers[:] = answers

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def types(self) -> list[str]:
        return sorted(each.message["type"] for each in self.got)


@contextlib.contextmanager
def receiving(*, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on loopback."""

    class Hooks(BaseHTTPRequestHandler):
        timeout = 10

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.got.append(Got(self.path, headers, body, time.monotonic()))
            answer = receiver.next()
            if answer.hang is not None:
                answer.hang.wait(30)
            with contextlib.suppress(OSError):
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.body or answer.status != 204:
                    self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the standard library
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Hooks)
    scheme = "http"
    if tls is not None:
        server.socket, scheme = tls.wrap_socket(server.socket, server_side=True), "https"
    receiver = Receiver(f"{scheme}://127.0.0.1:{server.server_port}/hooks", server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        for answer in receiver.answers:
            if answer.hang is not None:
                answer.hang.set()
        server.shutdown()
        server.server_close()


@dataclass
class Hooks:
    """Metrics with its API, its consumer and the job that sends."""

    metrics: Listener
    settings: Settings

    async def register(
        self, url: str, *types: str, role: str = Role.MUNICIPALITY_CLIENT, tenant: str = JEONJU
    ) -> tuple[str, Secret]:
        """An endpoint's id, and its secret."""
        answer = await self.send(
            "POST", "/v1/webhook-endpoints", {"url": url, "types": types}, role=role, tenant=tenant
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], answer.json()["secret"]

    async def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str = Role.MUNICIPALITY_CLIENT,
        tenant: str = JEONJU,
        version: int | None = None,
        key: str = "",
    ) -> Any:
        headers = self.metrics.issuer.headers(role=role, tenant=tenant)
        headers |= {"Idempotency-Key": key or str(uuid4())} if method == "POST" else {}
        headers |= {} if version is None else {"If-Match": f'"{version}"'}
        return await self.metrics.http.request(method, path, json=body, headers=headers)

    async def tell(self, *events: DomainEvent) -> None:
        await self.metrics.tell(*events)

    @contextlib.asynccontextmanager
    async def worker(self, **options: Any) -> AsyncIterator[DeliverWebhooks]:
        """One worker's job."""
        job = DeliverWebhooks(self.settings, **options)
        yield job
        await job.finish()

    async def deliver(self, **options: Any) -> None:
        """Send what is due now, and what becomes due by it at once, until nothing is."""
        async with self.worker(**options) as job:
            while await job(self.metrics.database, FixedClock(NOW)):
                pass

    async def hurry(self) -> None:
        """As if every wait and every lease were over."""
        await self.run("UPDATE webhook_delivery SET next_attempt_at = now() WHERE state <> 'DELIVERED'")

    async def run(self, statement: str, **values: object) -> None:
        async with self.metrics.database.transaction() as tx:
            await tx.execute(text(statement), values)

    async def rows(self, statement: str, **values: object) -> Sequence[Any]:
        async with self.metrics.database.transaction(read_only=True) as tx:
            return list((await tx.execute(text(statement), values)).mappings())


@contextlib.asynccontextmanager
async def hooks_over(urls: Mapping[str, DatabaseUrls], **changes: Any) -> AsyncIterator[Hooks]:
    """Metrics over its own migrated database, with receivers on this machine."""
    wanted = {"webhook_loopback": True, "webhook_timeout_seconds": 5.0, **changes}
    async with listener(SERVICE, urls, **wanted) as metrics:
        settings = Settings(app_env="test", database_url=urls["metrics"].application, **wanted)  # type: ignore[arg-type]
        yield Hooks(metrics, settings)
