"""A door on loopback that adds to each request what its sender cannot: for tools that only know an address."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Door:
    """Where it is, and the statuses of what went through."""

    origin: str
    statuses: list[int]


@contextmanager
def forwarding(port: int, headers: Callable[[], Mapping[str, str]]) -> Iterator[Door]:
    """Pass everything on to the port, with these headers made anew for each request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            sent = {**{name: value for name, value in self.headers.items() if name != "Connection"}, **headers()}
            service = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            service.request(self.command, self.path, body=body, headers=sent)
            answer = service.getresponse()
            said = answer.read()
            service.close()
            door.statuses.append(answer.status)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _NOT_PASSED_ON:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_PATCH = _pass_on  # noqa: N815  http.server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the standard library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    door = Door(f"http://127.0.0.1:{server.server_port}", [])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
