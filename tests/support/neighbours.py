"""Another service's interface over real HTTP, which answers what it is told to, and can go down and come back."""

import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx

from common.http import HttpClient


@dataclass(frozen=True)
class Sent:
    """One POST that came, with its headers by lower-case name."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Neighbours:
    """By path (without its query): what is answered there; a number is a status without a body, and 404 the rest.

    To a POST is answered what stands at `POST /path`, as a status and a body.
    """

    address: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    hanging: threading.Event = field(default_factory=threading.Event)
    sent: list[Sent] = field(default_factory=list)

    def settings(self, **changed: str) -> Mapping[str, str]:
        """The addresses of all three for the metrics service, and the most time that it may give them."""
        addresses = {f"{name}_url": self.address for name in ("applicant", "funding", "mentoring")}
        return addresses | {"neighbour_timeout_seconds": "3"} | changed


@contextlib.contextmanager
def neighbours(**answers: Any) -> Iterator[Neighbours]:
    """All three behind one port of loopback."""
    told = Neighbours(answers=dict(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            told.tokens.add(self.headers.get("Authorization"))
            answer = told.answers.get(urlsplit(self.path).path, 404)
            if answer == "hang":
                told.hanging.wait(10)
                answer = 503
            body = (
                b"" if isinstance(answer, int) else answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            )
            self.send_response(answer if isinstance(answer, int) else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.sent.append(Sent(self.path, headers, json.loads(content)))
            status, answer = told.answers.get(f"POST {self.path}", (404, None))
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the standard library
            pass

    class Server(ThreadingHTTPServer):
        # A page asks all three several things at once. With the library's five in the queue, one more is asked again by
        # the kernel after a second, which is longer than a page waits for a connection.
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    told.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield told
    finally:
        told.hanging.set()
        server.shutdown()
        server.server_close()


class _Through(httpx.AsyncBaseTransport):
    def __init__(self, http: Any, headers: Mapping[str, str]) -> None:
        self._http, self._headers = http, {name.lower(): value for name, value in headers.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode()
        headers = {**request.headers, **self._headers, "host": "x"}
        found = await self._http.request(request.method, path, headers=headers, content=await request.aread())
        return httpx.Response(found.status_code, content=found.content)


def reading(http: Any, headers: Mapping[str, str] | None = None) -> HttpClient:
    """How pages read a service that runs in this process, as the person whose headers these are."""
    return HttpClient("http://neighbour.test", transport=_Through(http, headers or {}))


@contextlib.asynccontextmanager
async def read_by(app: Any, **instead: HttpClient) -> AsyncIterator[None]:
    """Whom the pages of an application read meanwhile, by the name of the service; they are closed at the end."""
    others: dict[str, HttpClient] = app.state.runtime.others
    before = dict(others)
    others.update(instead)
    try:
        yield
    finally:
        others.update(before)
        for each in instead.values():
            await each.aclose()


def nobody_there() -> HttpClient:
    """How pages read a service that is down: nothing listens on this port."""
    return HttpClient("http://127.0.0.1:9")
