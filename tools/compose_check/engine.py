"""A Docker Engine: the one that is there, or one of our own that leaves the machine as it found it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.compose_check.commands import CheckFailed, run, succeeds

_PACKAGES = ("docker.io", "docker-compose", "iptables")
_READY_SECONDS = 60.0
_PAUSE_SECONDS = 0.25
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_CHAINS = {
    "filter": ("DOCKER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER-USER"),
    "nat": ("DOCKER",),
}
_BRIDGE = "docker0"


class NoEngine(Exception):
    """No Docker Engine can be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Engine:
    """How the engine is spoken to."""

    docker: str
    compose: tuple[str, ...]
    host: str | None

    @property
    def env(self) -> dict[str, str]:
        """What its programs need in their environment."""
        said = {} if self.host is None else {"DOCKER_HOST": self.host}
        return {**said, "DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}

    def call(self, *arguments: str, seconds: float = 60.0, stdin: bytes | None = None) -> str:
        """Run `docker` with these arguments."""
        return run((self.docker, *arguments), seconds=seconds, env=self.env, stdin=stdin)


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """The engine that answers already, or one of our own with its data in the folder; raises NoEngine."""
    present = _present()
    if present is not None:
        yield present
        return
    if os.geteuid() != 0:
        raise NoEngine("no Docker Engine answers, and only root may install and start one")
    _install()
    present = _present()  # where the machine starts services, the package has started its own
    if present is not None:
        yield present
        return
    with _own(folder) as started:
        yield started


def _present() -> Engine | None:
    docker = shutil.which("docker")
    if docker is None or not succeeds((docker, "info"), seconds=20):
        return None
    return Engine(docker, _compose(docker), None)


def _compose(docker: str) -> tuple[str, ...]:
    if succeeds((docker, "compose", "version"), seconds=20):
        return (docker, "compose")
    alone = shutil.which("docker-compose")
    if alone is None:
        raise NoEngine("there is a Docker Engine, and neither `docker compose` nor docker-compose")
    return (alone,)


def _install() -> None:
    if shutil.which("dockerd") and shutil.which("docker-compose"):
        return
    if shutil.which("apt-get") is None:
        raise NoEngine("no Docker Engine is installed, and there is no apt-get to install Debian's")
    print("· installing Debian's Docker Engine")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run(("apt-get", "update", "-qq"), seconds=300, env=quiet)
        run(("apt-get", "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES), seconds=600, env=quiet)
    except CheckFailed as failed:
        raise NoEngine(f"Debian's Docker Engine cannot be installed: {failed}") from failed


@contextmanager
def _own(folder: Path) -> Iterator[Engine]:
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "docker.sock"
    # Debian's own client fits Debian's engine; another one may stand before it on the path.
    debians = Path("/usr/bin/docker")
    docker = str(debians) if debians.exists() else shutil.which("docker") or "docker"
    found = Engine(docker, ("/usr/bin/docker-compose",), f"unix://{socket}")
    policy, forwards = _policy(), _FORWARDING.read_text(encoding="ascii")
    had_bridge = _has_bridge()
    with (folder / "dockerd.log").open("wb") as log:
        daemon = subprocess.Popen(
            (
                "dockerd", f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--host={found.host}",
                f"--pidfile={folder}/dockerd.pid",
            ),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            _await_ready(daemon, found, folder)
            yield found
        finally:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(60)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
            if not had_bridge:
                _clean_network(policy, forwards)


def _await_ready(daemon: "subprocess.Popen[bytes]", found: Engine, folder: Path) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while not succeeds((found.docker, "info"), seconds=10, env=found.env):
        if daemon.poll() is not None or time.monotonic() > ends:
            said = (folder / "dockerd.log").read_text("utf-8", "replace").splitlines()[-5:]
            raise NoEngine("dockerd does not come up here:\n" + "\n".join(said))
        time.sleep(_PAUSE_SECONDS)


def _policy() -> str:
    """What becomes of packets that are passed on and no rule speaks of; Docker sets it to DROP."""
    said = _iptables("filter", "-S", "FORWARD")
    return next((line.split()[2] for line in said.splitlines() if line.startswith("-P FORWARD")), "ACCEPT")


def _has_bridge() -> bool:
    return Path("/sys/class/net", _BRIDGE).exists()


def _clean_network(policy: str, forwards: str) -> None:
    """Take away the bridge, the rules and the switch that the engine left behind."""
    for table, chains in _CHAINS.items():
        for line in _iptables(table, "-S").splitlines():
            if line.startswith("-A") and ("DOCKER" in line or _BRIDGE in line):
                _iptables(table, "-D", *line.split()[1:])
        for chain in chains:
            _iptables(table, "-F", chain)
            _iptables(table, "-X", chain)
    _iptables("filter", "-P", "FORWARD", policy)
    if _has_bridge():
        run(("ip", "link", "delete", _BRIDGE), seconds=10)
    _FORWARDING.write_text(forwards, encoding="ascii")


def _iptables(table: str, *arguments: str) -> str:
    argv: Sequence[str] = ("iptables", "-w", "-t", table, *arguments)
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    return ended.stdout
