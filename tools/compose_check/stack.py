"""The composed system as the check handles it: up, asked, down."""

from dataclasses import dataclass
from pathlib import Path

from tools.compose_check.commands import CheckFailed, run
from tools.compose_check.engine import Engine

PROJECT = "smartfactory-check"
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

    def container(self, service: str) -> str:
        """The id of a service's container."""
        found = self.compose("ps", "--quiet", service, seconds=30).split()
        if len(found) != 1:
            raise CheckFailed(f"{service} has {len(found)} containers")
        return found[0]

    def wait_for_end(self, service: str, *, seconds: float) -> int:
        """The exit status of a container that does one thing."""
        return int(self.engine.call("wait", self.container(service), seconds=seconds).split()[-1])

    def logs(self) -> str:
        """All that all containers have said."""
        return self.compose("logs", "--no-color", seconds=120)

    def _argv(self, *arguments: str) -> tuple[str, ...]:
        files = [word for file in self.files for word in ("--file", str(file))]
        return (*self.engine.compose, "--project-name", PROJECT, *files, *arguments)

    def _env(self) -> dict[str, str]:
        return {
            **self.engine.env,
            "GATEWAY_PORT": self.port,
            "SMARTFACTORY_VERSION": "0.0.0+check",
            "SMARTFACTORY_TAG": "dev",
        }
