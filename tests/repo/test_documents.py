"""Documents made from code say what the code says."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.repo.tree import ROOT
from tools.catalogue import documents
from tools.catalogue.system import load_system


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


def test_every_service_carries_the_document_that_is_made_of_it() -> None:
    for service in load_system(ROOT).services:
        assert service.openapi is not None, service.name
        assert service.openapi.resolve() == ROOT / f"docs/api/{service.name}.json"


def test_no_example_is_a_filler() -> None:
    """A text that no field's name calls for is `x`: give it a realistic value in contracts/examples.py."""
    fillers = [
        f"{path.name}: {name}"
        for path in sorted((ROOT / "docs").glob("*/*.json"))
        for name, value in _texts(json.loads(path.read_text("utf-8")))
        if re.fullmatch(r"x+", value)
    ]

    assert fillers == []


def _texts(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield name, node
    for key, inner in node.items() if isinstance(node, dict) else ():
        yield from _texts(inner, str(key))
    for inner in node if isinstance(node, list) else ():
        yield from _texts(inner, name)
