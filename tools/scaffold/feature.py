"""A feature of a service: five small files, a table, a route for each verb, their rows and their tests."""

import re
from collections.abc import Mapping
from pathlib import Path

from tools.scaffold.names import Names
from tools.scaffold.writing import Changes, Clash

_NOT_LOOKED_BACK = "tests/repo/not_looked_back.toml"
_FILES = ("__init__", "domain", "store", "commands", "queries", "api")


def make_feature(root: Path, service: str, names: Names) -> list[str]:
    """Write the feature into the repository at `root`; raises `Clash` and writes nothing when it does not fit."""
    package = f"services/{service}/src/{service}"
    if not (root / package / "main.py").is_file():
        raise Clash(f"there is no service {service}; `python -m tools.new_service {service}` makes one")
    revision, before = _next_revision(root / f"services/{service}/migrations/versions")
    forms = {**names.forms(), "service": service, "revision": revision, "down_revision": before}
    changes = Changes(root)
    for file in _FILES:
        changes.make(f"{package}/{names.many}/{file}.py", f"feature/{file}.py.tmpl", forms)
    migration = f"services/{service}/migrations/versions/{revision}_{names.many}.py"
    changes.make(migration, "feature/migration.py.tmpl", forms)
    changes.make(f"tests/unit/{service}/test_{names.many}.py", "feature/test_unit.py.tmpl", forms)
    changes.make(f"tests/integration/{service}/test_{names.many}.py", "feature/test_integration.py.tmpl", forms)
    changes.make(f"tests/support/access/features/{service}_{names.many}.py", "feature/access.py.tmpl", forms)
    changes.append("docs/permissions.toml", changes.render("feature/permissions.toml.tmpl", forms))
    changes.append("docs/row_security.toml", changes.render("feature/row_security.toml.tmpl", forms))
    if (root / package / "lookbacks").is_dir():
        _say_of_its_past(changes, service, forms)
    _join(changes, f"{package}/routes.py", names, service)
    _take_a_place(changes, service, names)
    return changes.write()


def _next_revision(versions: Path) -> tuple[str, str]:
    numbers = sorted(path.name[:4] for path in versions.glob("[0-9][0-9][0-9][0-9]_*.py"))
    return f"{int(numbers[-1]) + 1:04}", numbers[-1]


def _say_of_its_past(changes: Changes, service: str, forms: Mapping[str, str]) -> None:
    """The service's time machine does not show the table yet."""
    line = changes.render("feature/not_looked_back.toml.tmpl", forms)
    changes.replace(_NOT_LOOKED_BACK, rf"^\[{service}\]$", rf"\g<0>\n{line.rstrip()}")


def _join(changes: Changes, listing: str, names: Names, service: str) -> None:
    """Hand the routes to the service, behind those that are there."""
    imported = f"from {service}.{names.many}.api import routes as {names.many}"
    changes.replace(listing, r"^from fastapi import APIRouter$", rf"\g<0>\n\n{imported}")
    routers = re.search(r"= \(([^)]*(?:\([^)]*\)[^)]*)*)\)$", changes.read(listing), re.MULTILINE)
    if routers is None:
        raise Clash(f"{listing} has no ROUTERS = (...)")
    listed = [part.strip() for part in routers[1].split(",") if part.strip()]
    changes.replace(listing, re.escape(routers[0]), f"= ({', '.join([*listed, names.many])},)")


def _take_a_place(changes: Changes, service: str, names: Names) -> None:
    """Stand last in the order of features: a new one may call all of them, and none of them knows it."""
    text = changes.read("pyproject.toml")
    contract = re.search(rf'^id = "{service}"$.*?^layers = \[(?P<layers>.*?)\]$', text, re.MULTILINE | re.DOTALL)
    if contract is None:
        raise Clash(f"pyproject.toml has no import contract {service}")
    layers = [part.strip() for part in contract["layers"].split(",") if part.strip()]
    layers.insert(layers.index('"(consumers)"') + 1, f'"({names.many})"')
    listed = "".join(f"    {layer},\n" for layer in layers)
    changed = contract[0].replace(f"[{contract['layers']}]", f"[\n{listed}]")
    changes.replace("pyproject.toml", re.escape(contract[0]), changed.replace("\\", "\\\\"))
