"""What the tools make is the house's shape: on a copy of this repository it passes the gate and its own unit tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repo.tree import ROOT

_BIN = Path(sys.executable).parent
_RULES = ("test_rules.py", "test_system.py", "test_documents.py", "test_import_contracts.py")
# The catalogue wrote them a moment before, and would compare what it makes again with that.
_WRITTEN = "tests/repo/test_documents.py::test_every_generated_document_is_current"
_WHOSE_ROWS = "tests/repo/test_row_security.py::test_every_table_says_whose_its_rows_are"
_WHOSE_PAST = "tests/repo/test_lookbacks.py::test_every_table_is_in_the_time_machine_or_has_a_reason_why_not"


class Copy:
    """The files under version control, in another folder, with the environment's packages but the copy's own code."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *argv: str) -> str:
        """Run a program of the environment in the copy; its output, once it has ended well."""
        done = subprocess.run(
            (str(_BIN / argv[0]), *argv[1:]),
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": self._path()},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout[-8000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def _path(self) -> str:
        # Before the environment's own entries, which point at the repository this is a copy of.
        sources = sorted(self.root.glob("libs/*/src")) + sorted(self.root.glob("services/*/src"))
        return os.pathsep.join(map(str, [self.root, *sources, self.root / "infra/local/src"]))


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name, follow_symlinks=False)
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    yield Copy(tmp_path)
    shutil.rmtree(tmp_path, ignore_errors=True)


def test_a_new_service_and_new_features_pass_the_gate(copy: Copy):
    for cache in (".mypy_cache", ".import_linter_cache"):
        if (ROOT / cache).is_dir():
            shutil.copytree(ROOT / cache, copy.root / cache)
    copy.run("python", "-m", "tools.new_service", "reporting", "--ko", "보고")
    copy.run("python", "-m", "tools.new_service", "archive", "--ko", "보관")
    made = copy.run("python", "-m", "tools.new_feature", "funding", "refund_notices", "--ko", "반납 고지")
    made += copy.run("python", "-m", "tools.new_feature", "reporting", "yearly_summaries", "--ko", "연간 요약")
    files = [line for line in made.splitlines() if line.endswith(".py") and "/migrations/" not in line]
    assert len(files) >= 20
    copy.run("python", "-m", "tools.catalogue")

    copy.run("ruff", "check", "--quiet", ".")
    copy.run("ruff", "format", "--check", "--quiet", ".")
    copy.run("mypy", "--no-error-summary", *[file for file in files if file.startswith("services/")])
    copy.run("lint-imports", "--no-logo")
    ours = [file for file in files if file.startswith("tests/unit/")]
    rules = [f"tests/repo/{name}" for name in _RULES]
    copy.run("pytest", "-q", *rules, _WHOSE_ROWS, _WHOSE_PAST, *ours, "--deselect", _WRITTEN)


def test_what_does_not_fit_is_refused_and_nothing_is_written(copy: Copy):
    before = _files(copy.root)
    for argv, why in (
        (("tools.new_feature", "funding", "budgets"), "is there already"),
        (("tools.new_feature", "nowhere", "refund_notices"), "there is no service nowhere"),
        (("tools.new_feature", "funding", "Refund-Notices"), "small letters"),
        (("tools.new_feature", "funding", "staff"), "--one"),
        (("tools.new_service", "funding"), "is there already"),
    ):
        with pytest.raises(AssertionError, match=why):
            copy.run("python", "-m", *argv)
    assert _files(copy.root) == before


def _files(root: Path) -> dict[str, bytes]:
    kept = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path): path.read_bytes() for path in kept if ".mypy_cache" not in path.parts}
