"""Scanners of what is uploaded: clamd over its own protocol, and one for machines without it.

The latter knows the one harmless text that every real scanner reports (EICAR); production refuses to start with it.
"""

import socket
import struct
from typing import Protocol

_EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_ANSWER_BYTES = 4_096
_CLEAN = "OK"
_FOUND = " FOUND"


class ScannerUnavailableError(Exception):
    """The scanner did not answer, or not in its protocol: nothing is known of the content."""


class Scanner(Protocol):
    """Is fed a content chunk by chunk, and says at its end what it found."""

    def feed(self, chunk: bytes) -> None: ...

    def finding(self) -> str | None:
        """What was found, or None."""
        ...


def scanner_at(address: str, *, timeout_seconds: float) -> Scanner:
    """A scanner for one content: clamd at `host:port`, or the test scanner where there is none."""
    return ClamdScanner(address, timeout_seconds) if address else TestTextScanner()


class TestTextScanner:
    """Finds the test text wherever it stands, also across two chunks."""

    __test__ = False

    def __init__(self) -> None:
        self._tail, self._found = b"", False

    def feed(self, chunk: bytes) -> None:
        seen = self._tail + chunk
        self._found = self._found or _EICAR in seen
        self._tail = seen[-len(_EICAR) :]

    def finding(self) -> str | None:
        return "EICAR-TEST" if self._found else None


class ClamdScanner:
    """One content over one connection (INSTREAM); what cannot be scanned is not called clean."""

    def __init__(self, address: str, timeout_seconds: float) -> None:
        host, _, port = address.rpartition(":")
        try:
            self._connection = socket.create_connection((host, int(port)), timeout=timeout_seconds)
            self._connection.sendall(b"zINSTREAM\0")
        except OSError as error:
            raise ScannerUnavailableError(str(error)) from error

    def feed(self, chunk: bytes) -> None:
        try:
            self._connection.sendall(struct.pack("!I", len(chunk)) + chunk)
        except OSError as error:
            self._connection.close()
            raise ScannerUnavailableError(str(error)) from error

    def finding(self) -> str | None:
        try:
            with self._connection as connection:
                connection.sendall(struct.pack("!I", 0))
                said = connection.recv(_ANSWER_BYTES).rstrip(b"\0\n").decode("ascii", errors="replace")
        except OSError as error:
            raise ScannerUnavailableError(str(error)) from error
        _, _, verdict = said.partition(": ")
        if verdict == _CLEAN:
            return None
        if verdict.endswith(_FOUND):
            return verdict.removesuffix(_FOUND)
        raise ScannerUnavailableError(f"it answered {said!r}")
