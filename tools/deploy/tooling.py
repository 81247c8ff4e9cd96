"""Programs that the check needs and the product does not: fetched into .cache/deploy, each of an exact version."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.deploy.rendering import CACHE, ROOT
from tools.deploy.steps import Failed, Skipped

_SECONDS = 480
MODULES = {
    "gateway-api": ("sigs.k8s.io/gateway-api@v1.3.0", "config/crd/experimental"),
    "cloudnative-pg": ("github.com/cloudnative-pg/cloudnative-pg@v1.27.0", "config/crd/bases"),
    "keda": ("github.com/kedacore/keda/v2@v2.17.0", "config/crd/bases"),
    "prometheus-operator": (
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd",
    ),
    "external-secrets": ("github.com/external-secrets/external-secrets@v0.19.2", "config/crds/bases"),
    "cert-manager": ("github.com/cert-manager/cert-manager@v1.18.2", "deploy/crds"),
}
"""Go modules that carry definitions of custom resources, and where. Go holds each against its checksum database."""


def run(
    command: Sequence[str | Path], *, cwd: Path = ROOT, seconds: float = _SECONDS
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, within the time it may take."""
    try:
        return subprocess.run(
            [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{command[0]} took more than {seconds} s") from late


def environment(name: str) -> Path:
    """The programs of an environment of Python's packages that `<name>.lock` names with their hashes; made once."""
    lock = ROOT / f"tools/deploy/{name}.lock"
    folder, wanted = CACHE / name, hashlib.sha256(lock.read_bytes()).hexdigest()
    mark = folder / "made-of"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _install(folder, lock)
        mark.write_text(wanted)
    return folder / "bin"


def _install(folder: Path, lock: Path) -> None:
    remembered = ROOT / ".venv/.uv"
    uv = shutil.which(remembered.read_text().strip() if remembered.exists() else "uv") or shutil.which("uv")
    python = folder / "bin/python"
    install: list[str | Path]
    if uv:
        made = run([uv, "venv", "--quiet", "--python", sys.executable, folder])
        install = [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock]
    else:
        made = run([sys.executable, "-m", "venv", folder])
        install = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock]
    got = run(install) if made.returncode == 0 else made
    if got.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise Failed(f"{lock.name} could not be installed:\n{got.stderr.strip()[-600:]}")


def module(name: str) -> Path:
    """The folder of definitions in a Go module, fetched where Go is there."""
    go = shutil.which("go")
    if go is None:
        raise Skipped("no Go on this machine to fetch the modules that carry the definitions")
    address, folder = MODULES[name]
    got = run([go, "mod", "download", "-json", address], cwd=CACHE)
    if got.returncode != 0:
        raise Skipped(f"{address} could not be fetched: {_error_of(got.stdout) or got.stderr.strip()[-200:]}")
    return Path(json.loads(got.stdout)["Dir"]) / folder


def promtool() -> Path:
    """Prometheus' own checker: the machine's, or Debian's package unpacked into the cache."""
    there = shutil.which("promtool")
    if there:
        return Path(there)
    unpacked = CACHE / "prometheus"
    program = unpacked / "usr/bin/promtool"
    if not program.exists():
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise Skipped("no promtool, and no apt-get to fetch Debian's package prometheus with")
        unpacked.mkdir(parents=True, exist_ok=True)
        got = run(["apt-get", "download", "--quiet", "prometheus"], cwd=unpacked)
        packages = sorted(unpacked.glob("prometheus_*.deb"))
        if got.returncode != 0 or not packages:
            raise Skipped("no promtool, and apt-get does not give Debian's package prometheus (run apt-get update)")
        run(["dpkg-deb", "--extract", packages[-1], unpacked])
        packages[-1].unlink()
    return program


def _error_of(answer: str) -> str:
    try:
        return str(json.loads(answer).get("Error", ""))
    except json.JSONDecodeError:
        return ""
