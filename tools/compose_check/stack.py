"""The composed system as the check handles it: up, asked, stopped in parts, down."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.compose_check.commands import CheckFailed, run
from tools.compose_check.engine import Engine

PROJECT = "smartfactory-check"
_PAUSE_SECONDS = 0.5
_NOBODYS_PORT = "18080"


@dataclass(frozen=True, slots=True)
class Stack:
    """One project of compose: the shipped file, and perhaps the one that swaps images."""

    engine: Engine
    root: Path
    files: tuple[Path, ...]
    port: str = _NOBODYS_PORT

    @property
    def origin(self) -> str:
        """Where the gateway is."""
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *arguments: str, seconds: float) -> str:
        """Run compose with these arguments; what it said."""
        return run(self._argv(*arguments), seconds=seconds, env=self._env(), cwd=self.root)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """The same, to go on while other things happen."""
        return subprocess.Popen(
            self._argv(*arguments),
            env={**self._env(), "PATH": "/usr/local/bin:/usr/bin:/bin"},
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def container(self, service: str) -> str:
        """The id of a service's container."""
        found = self.compose("ps", "--quiet", service, seconds=30).split()
        if len(found) != 1:
            raise CheckFailed(f"{service} has {len(found)} containers")
        return found[0]

    def inspected(self, service: str) -> Any:  # noqa: ANN401  the engine's own words
        """What the engine knows of a service's container."""
        return json.loads(self.engine.call("inspect", self.container(service)))[0]

    def wait_for_end(self, service: str, *, seconds: float) -> int:
        """The exit status of a container that does one thing."""
        return int(self.engine.call("wait", self.container(service), seconds=seconds).split()[-1])

    def wait_until_healthy(self, services: Sequence[str], *, seconds: float) -> None:
        """Wait until all of these say that they are ready."""
        ends = time.monotonic() + seconds
        for service in services:
            while (state := self.inspected(service)["State"])["Health"]["Status"] != "healthy":
                if time.monotonic() > ends:
                    said = state["Health"]["Log"][-1:]
                    raise CheckFailed(f"{service} is {state['Health']['Status']} after {seconds:.0f} s: {said}")
                time.sleep(_PAUSE_SECONDS)

    def logs(self) -> str:
        """All that all containers have said."""
        return self.compose("logs", "--no-color", seconds=120)

    def _argv(self, *arguments: str) -> tuple[str, ...]:
        files = [word for file in self.files for word in ("--file", str(file))]
        return (*self.engine.compose, "--project-name", PROJECT, *files, *arguments)

    def _env(self) -> dict[str, str]:
        return {**self.engine.env, "GATEWAY_PORT": self.port, "SMARTFACTORY_VERSION": "0.0.0+check"}
