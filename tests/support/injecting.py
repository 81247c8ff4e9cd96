"""sqlmap at one place of one address, and an address that is open to it on purpose."""

import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_FOUND = "identified the following injection point"
_NOTHING = "do not appear to be injectable"
HERE = "*"
"""What marks, in an address or a body, the place that sqlmap is to try."""


@dataclass(frozen=True)
class Verdict:
    """What sqlmap says; neither found nor ended means that it broke off, which proves nothing."""

    said: str

    @property
    def found(self) -> bool:
        return _FOUND in self.said

    @property
    def ended(self) -> bool:
        return self.found or _NOTHING in self.said


@dataclass(frozen=True)
class Effort:
    """How much sqlmap tries: its level, and its techniques by their letters."""

    level: int
    techniques: str


THOROUGH = Effort(3, "BEST")
"""Every technique that does not need to see rows: some four hundred requests at one place."""

QUICK = Effort(1, "BE")
"""What an answer alone shows, without waiting on purpose: a tenth of that."""


def sqlmap(url: str, folder: Path, effort: Effort, *, method: str = "GET", body: str | None = None) -> Verdict:
    """As an attacker who knows that it is PostgreSQL."""
    argv = [
        str(Path(sys.executable).with_name("sqlmap")), "-u", url, f"--method={method}", "--batch",
        f"--level={effort.level}", f"--technique={effort.techniques}", "--risk=1", "--dbms=PostgreSQL", "--time-sec=2", "--flush-session", "--disable-coloring",
        "--skip-waf", "--retries=0", "--ignore-code=*", f"--output-dir={folder / uuid.uuid4().hex}",
    ]  # fmt: skip
    if body is not None:
        argv += ["--data", body, "--headers=Content-Type: application/json"]
    home = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300, env=home)
    return Verdict(done.stdout + done.stderr)


@contextmanager
def open_door(ask: Callable[[str], str]) -> Iterator[str]:
    """An address that puts its parameter into what it asks a database, as no address may, and shows what comes back."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = parse_qs(urlsplit(self.path).query).get("name", [""])[0]
            try:
                shown = ask(f"SELECT rolname FROM pg_roles WHERE rolname = '{name}'")
            except Exception as error:  # noqa: BLE001  an open door tells what went wrong, too
                shown = str(error)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(shown.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the signature of the standard library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/?name="
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def statements_logged(run: Callable[[str], str], log: Path) -> Iterator[Callable[[], str]]:
    """PostgreSQL writes down each statement as it was sent, without its parameters; what it wrote since is returned."""
    begin = log.stat().st_size
    settings: Mapping[str, str] = {"log_statement": "'all'", "log_parameter_max_length": "0"}
    for name, value in settings.items():
        run(f"ALTER SYSTEM SET {name} = {value};")
    run("SELECT pg_reload_conf();")

    def written() -> str:
        with log.open("rb") as file:
            file.seek(begin)
            return file.read().decode(errors="replace")

    try:
        yield written
    finally:
        for name in settings:
            run(f"ALTER SYSTEM RESET {name};")
        run("SELECT pg_reload_conf();")
