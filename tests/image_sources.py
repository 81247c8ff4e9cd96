"""The programs of infra/image, which are no package: an image is built before anything is installed."""

import importlib.util
import sys
from types import ModuleType

from tests.repo.tree import ROOT


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"image_{name}", ROOT / "infra" / "image" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks for the names of its annotations
    spec.loader.exec_module(module)
    return module


locked = _loaded("locked")
ready = _loaded("ready")
