"""A TCP proxy that a drill puts before a server to make the way there slow, cut, or deaf.

It runs in a process of its own: in the drill's, the drill's clients would wait for it, and it for them. The faults
apply to connections that stand as well as to new ones, and go when the drill says so.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from smartfactory.stack import ports
from tests.support.drills import proxy_process


class FaultProxy:
    """Listens on a port of its own and hands every byte on, as long as no fault is set."""

    def __init__(self, target_port: int, *, seed: int = 1) -> None:
        self.port = ports.free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", proxy_process.__name__, str(self.port), str(target_port), str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._wait_until_done()

    @contextlib.contextmanager
    def slow(self, least: float, most: float) -> Iterator[None]:
        """Hold each piece of a request back for so many seconds, at least and at most."""
        self._order(seconds=(least, most))
        try:
            yield
        finally:
            self._order(seconds=(0.0, 0.0))

    @contextlib.contextmanager
    def deaf(self, share: float) -> Iterator[None]:
        """Throw away this share of the answers, and the connection with each."""
        self._order(deaf_share=share)
        try:
            yield
        finally:
            self._order(deaf_share=0.0)

    def switch_to(self, target_port: int) -> None:
        """Send everybody to another server, as the address of a cluster does after a failover."""
        self._order(target_port=target_port, cut=True)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _order(self, **changed: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(changed) + "\n")
        self._process.stdin.flush()
        self._wait_until_done()

    def _wait_until_done(self) -> None:
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError(f"the proxy ended with {self._process.wait(10)}")
