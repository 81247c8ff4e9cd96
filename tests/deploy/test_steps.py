"""A step that has not seen everything does not pass."""

import subprocess
from pathlib import Path

import pytest

from tools.deploy import __main__ as deploying
from tools.deploy import schemas
from tools.deploy.rendering import OVERLAYS
from tools.deploy.steps import take

_OBJECTS = """
apiVersion: v1
kind: ConfigMap
metadata: { name: one }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: other }
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: of-an-operator }
"""
_PASSED = "INFO x.yaml passed for resource ConfigMap/one\n"


@pytest.mark.parametrize(
    ("said", "status", "state"),
    [
        (_PASSED * 2, 0, "passed"),
        (_PASSED, 0, "FAILED"),
        (_PASSED * 2, 1, "FAILED"),
        (_PASSED * 2 + "ERROR x", 0, "FAILED"),
    ],
)
def test_validation_passes_when_every_object_was_validated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, status: int, state: str
) -> None:
    for overlay in OVERLAYS:
        (tmp_path / f"{overlay}.yaml").write_text(_OBJECTS, "utf-8")
    monkeypatch.setattr(schemas, "environment", lambda _name: tmp_path)
    monkeypatch.setattr(schemas, "run", lambda _argv: subprocess.CompletedProcess([], status, said, ""))

    assert take("schemas", lambda: schemas.check(tmp_path)).state == state


def test_an_overlay_that_does_not_render_fails_with_the_renderers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_overlay: str) -> str:
        raise subprocess.CalledProcessError(1, "kustomize", stderr="no such file: settings/metrics.env")

    monkeypatch.setattr(deploying, "RENDERED", tmp_path)
    monkeypatch.setattr(deploying, "text_of", refuse)
    monkeypatch.setattr(deploying, "STEPS", tuple(step for step in deploying.STEPS if "renders" in step[0]))

    assert deploying.main() == 1
