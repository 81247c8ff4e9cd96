"""An issuer's page of keys over real HTTP, which notes every address it was asked for."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.tokens import Issuer


class KeyServer:
    """Where the keys are, and what was asked there so far."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.jwks_url = f"{origin}/jwks.json"
        self.asked: list[str] = []


@contextlib.contextmanager
def serving_keys(issuer: Issuer) -> Iterator[KeyServer]:
    """Serve the issuer's keys on loopback, whatever path is asked."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            serving.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(issuer.jwks()).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the standard library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    serving = KeyServer(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield serving
    finally:
        server.shutdown()
        server.server_close()
