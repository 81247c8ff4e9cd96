"""`python -m tools.linters`: every linter over the committed documents; exit status 1 when one has a finding.

They are installed once per lock, from the hashes in package-lock.json, and run by the Node of the dev dependencies.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools import node_packages
from tools.node_packages import ROOT as _ROOT

_HERE = Path(__file__).resolve().parent
_LINT_SECONDS = 400

NotInstalled = node_packages.NotInstalled


def installed() -> Path:
    """The folder of node_modules with the linters."""
    return node_packages.installed(_HERE, "linters")


def commands(modules: Path, openapi: Sequence[str], asyncapi: str) -> Mapping[str, list[str]]:
    """What each linter is called with."""
    spectral, redocly = modules / "@stoplight/spectral-cli/dist/index.js", modules / "@redocly/cli/bin/cli.js"
    return {
        "asyncapi parser": [str(_HERE / "asyncapi.cjs"), asyncapi],
        "spectral": [str(spectral), "lint", "--fail-severity=hint", "-r", str(_HERE / "spectral.yaml"), *openapi],
        "redocly": [str(redocly), "lint", "--config", str(_HERE / "redocly.yaml"), *openapi],
    }


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
            name: pool.submit(node_packages.run_node, argv, cwd=_ROOT, seconds=_LINT_SECONDS, NODE_PATH=str(modules))
            for name, argv in wanted.items()
        }
    results = {name: run.result() for name, run in runs.items()}
    return {name: result.stdout + result.stderr for name, result in results.items() if result.returncode != 0}


if __name__ == "__main__":
    sys.exit(main())
