"""One child process: started in its own session with its log in a file, tied to our life, and stopped for certain.

A child must never outlive the program that started it. Three things see to that: `Child.stop`, the kernel's
parent-death signal (for when we are killed hard), and the identity kept by `stack.children` for the next start.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from smartfactory.stack import privileges

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run. `stop_signal` is the one that asks for a clean stop; it is also sent when our own process dies."""

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user: privileges.User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    pass_fds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for certain: a pid alone may have been given to a stranger since."""

    pid: int
    started_at: float

    def find(self) -> psutil.Process | None:
        """The process while it lives, never another one that got its pid."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if same else None


class Handle(Protocol):
    """What is needed of a `subprocess.Popen`, so that another way of starting can give it too."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sent: int, /) -> None: ...


class Child:
    """A process we started."""

    def __init__(self, command: Command, popen: Handle) -> None:
        self.command = command
        self.identity = identity_of(popen.pid)
        self._popen = popen

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._popen.pid

    def exit_code(self) -> int | None:
        """The exit code (minus the signal's number if one ended it), or None while the process runs."""
        return self._popen.poll()

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to the process, if it still runs."""
        if self.exit_code() is None:
            self._popen.send_signal(sent)

    def wait(self, timeout_seconds: float) -> int | None:
        """Wait until the process ends; None if it still runs after the timeout."""
        try:
            return self._popen.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, grace_seconds: float = 10.0) -> int:
        """Ask for a clean stop, insist after the grace, and leave nothing of its process group behind."""
        self.send(self.command.stop_signal)
        self.wait(grace_seconds)
        return self.kill()

    def kill(self) -> int:
        """End the whole process group now, and no stranger that was given its id after its end."""
        if self.exit_code() is None or not psutil.pid_exists(self.pid):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        return self._popen.wait()

    def log_tail(self, lines: int = 20) -> str:
        """The end of the process's log: what a message about its failure should show."""
        return tail(self.command.log, lines)


def identity_of(pid: int) -> Identity:
    """Who has this pid now; of one that is over already, somebody that is never found."""
    try:
        return Identity(pid, psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return Identity(pid, time.time())


def start(command: Command) -> Child:
    """Start a process. Call it on the main thread: the kernel ties the child to the thread that started it."""
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        popen = subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **command.env},
            cwd=command.cwd,
            start_new_session=True,
            pass_fds=command.pass_fds,
            preexec_fn=_before_exec(command.stop_signal, command.user),  # noqa: PLW1509 - system calls only, no lock
        )
    return Child(command, popen)


def run_to_end(command: Command, *, timeout_seconds: float) -> None:
    """Run a short program; raise `ProgramFailed` with the end of its log if it fails."""
    child = start(command)
    code = child.wait(timeout_seconds)
    if code is None:
        child.kill()
    if code != 0:
        raise ProgramFailed(command.name, code, child.log_tail())


def await_ready(child: Child, is_ready: Callable[[], bool], *, timeout_seconds: float) -> None:
    """Wait until a server answers; give up at once when its process has ended."""
    deadline = time.monotonic() + timeout_seconds
    while not is_ready():
        code = child.exit_code()
        if code is not None:
            raise ProgramFailed(child.command.name, code, child.log_tail())
        if time.monotonic() > deadline:
            raise ProgramFailed(child.command.name, None, child.log_tail())
        time.sleep(0.03)


class ProgramFailed(Exception):
    """A program ended when it should not have, or was not ready in time (`code` is None)."""

    def __init__(self, name: str, code: int | None, log: str) -> None:
        self.name, self.code, self.log = name, code, log
        how = "was not ready in time" if code is None else f"ended with exit code {code}"
        super().__init__(f"{name} {how}\n{log}")


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file, which may not exist."""
    try:
        text = path.read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _before_exec(death_signal: signal.Signals, user: privileges.User | None) -> Callable[[], None]:
    def prepare() -> None:
        if user is not None:
            user.become()
        # After the change of user: the kernel forgets the death signal when credentials change.
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)

    return prepare
