"""HTTP written by hand on a socket: for requests that no client library would send."""

import contextlib
import json
import select
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

_CHUNK = 16_384
_MOMENT_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came; `sent` says how many bytes of the request were taken before."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: int

    @property
    def code(self) -> str:
        """The problem's code, or nothing when the answer is no problem."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(json.loads(self.body)["code"])


class Raw:
    """One connection."""

    def __init__(self, port: int, *, timeout: float = 20.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self._kept = b""
        self.sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)
        self.sent += len(data)

    def send_until_answered(self, parts: Iterable[bytes]) -> None:
        """Send on and on, and stop when the other side has something to say or takes no more.

        After each part the answer gets a moment, or what the kernel holds would count as taken.
        """
        for part in parts:
            try:
                self.send(part)
            except OSError:
                return
            if select.select([self._socket], [], [], _MOMENT_SECONDS)[0]:
                return

    def answer(self) -> Answer:
        """The next answer; fails when the connection ends before it is whole."""
        head = self._until(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = self._chunked() if headers.get("transfer-encoding") == "chunked" else self._exactly(_length(headers))
        return Answer(int(status_line.split(" ")[1]), headers, body, self.sent)

    def closed(self) -> bool:
        """Whether the other side ends the connection without another word."""
        with contextlib.suppress(ConnectionError):
            return not self._kept and self._socket.recv(1) == b""
        return True

    def seconds_until_closed(self) -> float:
        began = time.monotonic()
        assert self.closed()
        return time.monotonic() - began

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._kept:
            self._receive()
        head, _, self._kept = self._kept.partition(mark)
        return head + mark

    def _exactly(self, size: int) -> bytes:
        while len(self._kept) < size:
            self._receive()
        body, self._kept = self._kept[:size], self._kept[size:]
        return body

    def _chunked(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n"), 16):
            body += self._exactly(size)
            self._until(b"\r\n")
        self._until(b"\r\n")
        return body

    def _receive(self) -> None:
        got = self._socket.recv(_CHUNK)
        if not got:
            raise AssertionError(f"the connection ended in the middle of an answer: {self._kept!r}")
        self._kept += got


def request(
    method: str, path: str, headers: Mapping[str, Any] | None = None, body: bytes = b"", *, host: str = "service.test"
) -> bytes:
    """The bytes of a request; `Content-Length` is only what `headers` say."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {host}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(parts: Iterable[bytes]) -> Iterable[bytes]:
    """The parts as chunks of a body without a length."""
    for part in parts:
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def _length(headers: Mapping[str, str]) -> int:
    return int(headers.get("content-length", "0"))
