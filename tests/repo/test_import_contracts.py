"""The one-way rule: each of import-linter's contracts breaks when its rule is broken; `make check` asks if all hold."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.repo.tree import ROOT, Tree, repository

_SOURCES = ("libs/*/src", "services/*/src", "infra/local/src")
CONTRACTS = [
    contract["name"]
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
]


def test_every_contract_breaks_on_a_planted_import(tmp_path: Path) -> None:
    verdicts = _lint(_with_planted_imports(repository()), tmp_path)

    assert verdicts == dict.fromkeys(CONTRACTS, "BROKEN"), verdicts["output"]


def _with_planted_imports(tree: Tree) -> Tree:
    """Common imports a business package, features import outwards, two strangers learn Kafka and HTTP."""
    tree = tree.plant("libs/common/src/common/planted.py", "import contracts.roles\n")
    tree = tree.plant("libs/common/src/common/web/planted.py", "import common.kafka\n")
    tree = tree.plant("libs/contracts/src/contracts/planted.py", "import aiokafka\nimport httpx\nimport common.relay\n")
    tree = tree.plant("services/mentoring/src/mentoring/consumers.py", "import mentoring.solver\n")
    for path in [path for path in tree.files if path.startswith("services/") and path.endswith("/settings.py")]:
        service = Path(path).parent.name
        tree = tree.plant(path, tree.files[path] + f"\nimport {service}.main\n")
    for path in [path for path in tree.files if path.startswith("services/") and path.endswith("/domain.py")]:
        service, feature = Path(path).parts[-3:-1]
        tree = tree.plant(path, tree.files[path] + f"\nimport {service}.{feature}.store\n")
    return tree


class _Verdicts(dict[str, str]):
    """Contract name to KEPT or BROKEN; the whole output is under `output` without counting as a verdict."""

    def __init__(self, output: str) -> None:
        flat = " ".join(output.split())
        super().__init__({name: _verdict(name, flat) for name in CONTRACTS})
        self.output = output

    def __missing__(self, key: str) -> str:
        return self.output


def _verdict(name: str, flat_output: str) -> str:
    for verdict in ("KEPT", "BROKEN"):
        if f"{name} {verdict}" in flat_output:
            return verdict
    return "no verdict"


def _lint(tree: Tree, folder: Path) -> _Verdicts:
    for path, text in tree.files.items():
        if path.endswith(".py") or path == "pyproject.toml":
            copy = folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text, "utf-8")
    sources = [str(source) for pattern in _SOURCES for source in sorted(folder.glob(pattern))]
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", "--config", "pyproject.toml"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources), "COLUMNS": "400"},
        capture_output=True,
        text=True,
        check=False,
    )
    return _Verdicts(result.stdout + result.stderr)
