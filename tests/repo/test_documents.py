"""Documents made from code say what the code says."""

import subprocess
import sys

import pytest

from tests.repo.tree import ROOT
from tools.catalogue import documents


def test_every_generated_document_is_current() -> None:
    # In a process of its own: classes that other tests declare must not reach the pages.
    result = subprocess.run(
        [sys.executable, "-m", "tools.catalogue", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr


def test_an_edited_a_missing_and_a_left_over_document_are_found(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path_factory.mktemp("repository")
    (root / "docs/events/schemas").mkdir(parents=True)
    (root / "docs/settings.md").write_text("edited by hand", "utf-8")
    (root / "docs/events/schemas/gone.json").write_text("{}", "utf-8")
    monkeypatch.setattr(documents, "ROOT", root)

    late = documents.stale({"docs/settings.md": "made", "docs/problems.md": "made"})

    assert late == ["docs/settings.md", "docs/problems.md", "docs/events/schemas/gone.json"]
