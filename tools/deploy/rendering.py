"""What an overlay of infra/k8s comes to: kustomize's output as objects."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache/deploy"
OVERLAYS = ("local", "production")

_BUILT_IN = re.compile(r"^(v1$|apps/|batch/|policy/|autoscaling/|scheduling\.k8s\.io/|networking\.k8s\.io/|rbac\.)")

Manifest: TypeAlias = Mapping[str, Any]
"""One object as Kubernetes is given it."""


class NoRenderer(Exception):
    """Neither kubectl nor kustomize of a version that knows these files is there."""


def renderer() -> list[str]:
    """The command that renders a folder: kubectl as `make deploy-check` fetched it, or what DEPLOY_KUSTOMIZE names."""
    named = os.environ.get("DEPLOY_KUSTOMIZE")
    if named:
        return named.split()
    fetched = CACHE / "tools/bin/kubectl"
    if fetched.exists():
        return [str(fetched), "kustomize"]
    kustomize = shutil.which("kustomize")
    if kustomize:
        return [kustomize, "build"]
    raise NoRenderer("no kubectl in .cache/deploy and no kustomize: run `make deploy-check`, which fetches it")


def text_of(overlay: str) -> str:
    """The overlay as one YAML stream; raise `CalledProcessError` with what is wrong with its files."""
    folder = ROOT / "infra/k8s/overlays" / overlay
    return subprocess.run([*renderer(), str(folder)], check=True, capture_output=True, text=True).stdout


def objects(text: str) -> Sequence[Manifest]:
    """The objects of a YAML stream."""
    return tuple(each for each in yaml.safe_load_all(text) if each)


def is_built_in(manifest: Manifest) -> bool:
    """Whether Kubernetes itself knows the kind, or an operator of ours."""
    return bool(_BUILT_IN.match(manifest["apiVersion"]))
