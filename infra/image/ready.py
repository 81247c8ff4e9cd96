"""Asks the process of this container whether it is ready: the image's HEALTHCHECK.

Which process that is says the command line of process 1. A worker answers on another port than an API; a migration
answers nobody and is as healthy as it runs. Nothing is imported that a socket does not need, since this starts every
few seconds.
"""

import os
import socket
import sys

_SECONDS = 3.0
_PORTS = {"api": ("HTTP_PORT", "8000"), "worker": ("WORKER_PORT", "8001")}


def process(command_line: bytes) -> str:
    """The last word of the command, `api` where none is named."""
    words = [word.decode() for word in command_line.split(b"\0") if word]
    return words[-1] if words and words[-1] in {"api", "worker", "migrate", "rebuild"} else "api"


def ready(port: int) -> tuple[bool, str]:
    """Whether `/readyz` says so, and what it said."""
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as link:
        link.settimeout(_SECONDS)
        link.sendall(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        said = b""
        while more := link.recv(65_536):
            said += more
    head, _, body = said.partition(b"\r\n\r\n")
    return head.split(b" ", 2)[1:2] == [b"200"], body.decode("utf-8", "replace")


def main() -> int:
    with open("/proc/1/cmdline", "rb") as file:  # noqa: PTH123  pathlib takes longer to import than all of this
        running = process(file.read())
    if running not in _PORTS:
        return 0
    variable, default = _PORTS[running]
    try:
        good, said = ready(int(os.environ.get(variable, default)))
    except OSError as fault:
        good, said = False, str(fault)
    sys.stdout.write(said)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
