"""One Python process that has imported everything and becomes each service by forking.

Eight services that each import FastAPI, SQLAlchemy and the rest cost two cores more than ten seconds; one that does it
once and forks costs two. Each service is still a process of its own, with its own group, log, environment and end.

As a program (`python -m smartfactory.stack.nursery FD MODULE...`) it is the side that forks.
"""

import contextlib
import ctypes
import gc
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from smartfactory.stack.process import Child, Command, Identity, ProgramFailed, identity_of, start

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_NAME_BYTES = 15
_START_SECONDS = 120.0
_LOOK_AGAIN_SECONDS = 0.05
# What uvicorn and SQLAlchemy import only when they start: better once than eight times.
_IMPORTED_LATE = (
    "uvloop",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "sqlalchemy.dialects.postgresql.asyncpg",
)


class Nursery:
    """The supervisor's side: starts services by asking, and hears of their end."""

    def __init__(self, modules: Iterable[str], log: Path) -> None:
        ours, theirs = socket.socketpair()
        argv = (sys.executable, "-m", "smartfactory.stack.nursery", str(theirs.fileno()), *modules)
        self.child = start(Command(name="nursery", argv=argv, log=log, pass_fds=(theirs.fileno(),)))
        theirs.close()
        self._link = ours
        self._news = threading.Condition()
        self._started: dict[str, tuple[int, int]] = {}
        # By the number of the life, not by its pid: the kernel gives a pid again to a later process.
        self._lives: dict[int, int] = {}
        self._codes: dict[int, int] = {}
        self._numbers = itertools.count()
        self._is_ready = False
        self._is_over = False
        threading.Thread(target=self._listen, name="nursery", daemon=True).start()

    def await_ready(self) -> None:
        """Wait until everything is imported; raise `ProgramFailed` with the traceback if something cannot be."""
        with self._news:
            self._news.wait_for(lambda: self._is_ready or self._is_over, _START_SECONDS)
            if not self._is_ready:
                raise self._failed()

    def start(self, command: Command) -> Child:
        """Fork a process that runs the command's module."""
        command.log.parent.mkdir(parents=True, exist_ok=True)
        _, _, module, *arguments = command.argv
        asked = {"name": command.name, "module": module, "arguments": arguments, "env": dict(command.env)}
        with self._news:
            self._started.pop(command.name, None)
            self._send({**asked, "log": str(command.log), "death_signal": int(command.stop_signal)})
            self._news.wait_for(lambda: command.name in self._started or self._is_over, _START_SECONDS)
            if command.name not in self._started:
                raise self._failed()
            life, pid = self._started[command.name]
            return Child(command, _Forked(self, life, identity_of(pid)))

    def end_of(self, life: int, identity: Identity, timeout_seconds: float | None = 0.0) -> int | None:
        """The exit code of a forked process, waiting for it at most so long; None while it lives."""
        ends = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        with self._news:
            if not self._news.wait_for(lambda: life in self._codes or self._is_over, timeout_seconds):
                return None
            if life in self._codes:
                return self._codes[life]
        # Nobody is left to tell of its end. It was sent its stop signal with the nursery's, and may take its time.
        while identity.find() is not None:
            if ends is not None and time.monotonic() >= ends:
                return None
            time.sleep(_LOOK_AGAIN_SECONDS)
        return -int(signal.SIGKILL)

    def _failed(self) -> ProgramFailed:
        return ProgramFailed("nursery", self.child.wait(1.0), self.child.log_tail())

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            _tell(self._link, message)

    def _listen(self) -> None:
        with self._link, self._link.makefile("r") as lines:
            for line in lines:
                with self._news:
                    self._note(json.loads(line))
                    self._news.notify_all()
        with self._news:
            self._is_over = True
            self._news.notify_all()

    def _note(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self._is_ready = True
        elif "started" in message:
            life = self._lives[message["pid"]] = next(self._numbers)
            self._started[message["started"]] = (life, message["pid"])
        else:
            self._codes[self._lives.pop(message["ended"])] = message["code"]


class _Forked:
    """A grandchild with the face of a `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, life: int, identity: Identity) -> None:
        self.pid = identity.pid
        self._nursery, self._life, self._identity = nursery, life, identity

    def poll(self) -> int | None:
        return self._nursery.end_of(self._life, self._identity)

    def wait(self, timeout: float | None = None) -> int:
        code = self._nursery.end_of(self._life, self._identity, timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def send_signal(self, sent: int) -> None:
        """Send it, unless the process has ended: its pid may be somebody else's by now."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sent)


def main(argv: list[str]) -> None:
    """Import the modules, then fork whatever is asked for, until the supervisor is gone."""
    link = socket.socket(fileno=int(argv[0]))
    modules = {name: import_module(name) for name in argv[1:]}
    for name in _IMPORTED_LATE:
        import_module(name)
    _tell(link, {"ready": True})
    gc.freeze()  # what was imported stays shared with the children, and no collection touches it
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    pending = b""
    while True:
        ready, _, _ = select.select([link.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _tell_ends(link)
        if link.fileno() in ready:
            received = link.recv(65_536)
            if not received:
                return
            *requests, pending = (pending + received).split(b"\n")
            for request in requests:
                _fork(json.loads(request), modules, link)


def _tell_ends(link: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            _tell(link, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(link: socket.socket, message: dict[str, Any]) -> None:
    link.sendall(json.dumps(message).encode() + b"\n")


def _fork(request: dict[str, Any], modules: dict[str, ModuleType], link: socket.socket) -> None:
    pid = os.fork()
    if pid:
        _tell(link, {"started": request["name"], "pid": pid})
        return
    code = 1
    try:
        link.close()
        _become(request)
        code = modules[request["module"]].cli() or 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:  # noqa: BLE001 - the end of this process: nobody above could do more
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _become(request: dict[str, Any]) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, request["death_signal"], 0, 0, 0)
    libc.prctl(_PR_SET_NAME, request["name"].encode()[:_NAME_BYTES], 0, 0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.update(request["env"])
    sys.argv = [request["module"], *request["arguments"]]


if __name__ == "__main__":
    main(sys.argv[1:])
