"""The linters of OpenAPI and AsyncAPI are locked without addresses, and each one finds what is planted for it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.repo.tree import ROOT
from tools.linters import __main__ as linters


def test_the_lock_names_hashes_and_no_address() -> None:
    lock = json.loads((ROOT / "tools/linters/package-lock.json").read_text("utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_each_linter_finds_a_planted_fault(tmp_path: Path) -> None:
    openapi, asyncapi = _document("docs/api/mentoring.json"), _document("docs/events/asyncapi.json")
    operation = openapi["paths"]["/v1/waiting-projects"]["get"]
    del operation["description"]
    operation["responses"]["200"]["content"]["application/json"]["example"] = {"items": "none"}
    asyncapi["operations"]["publishFundingBudget"]["channel"]["$ref"] = "#/channels/nowhere"
    paths = {"openapi.json": openapi, "asyncapi.json": asyncapi}
    for name, document in paths.items():
        (tmp_path / name).write_text(json.dumps(document), "utf-8")

    modules = linters.installed()
    wanted = linters.commands(modules, [str(tmp_path / "openapi.json")], str(tmp_path / "asyncapi.json"))
    findings = linters.findings_of(wanted, modules)

    assert "operation-description" in findings["spectral"]
    assert "no-invalid-media-type-examples" in findings["redocly"]
    assert "nowhere" in findings["asyncapi parser"]


def test_without_a_network_the_check_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away() -> Path:
        raise linters.NotInstalled("npm error code ENOTFOUND")

    monkeypatch.setattr(linters, "installed", away)

    assert linters.main() == 1
    assert "could not be installed, so nothing was checked" in capsys.readouterr().out


def _document(path: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / path).read_text("utf-8"))
    return found
