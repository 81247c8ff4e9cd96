"""The page of every problem a caller can meet, with both languages and the status it comes with."""

from common.errors import DomainError
from common.web.kinds import HTTP_KINDS, ProblemKind, catalogue
from tools.catalogue.system import System

_INTRODUCTION = """# Problems

Made from the error classes by `python -m tools.catalogue`; do not edit.

Every error is `application/problem+json` (RFC 9457): `type` is `/problems/<code>`, and that address answers the same
words. `{name}` is filled from the members of the problem.
"""


def page(system: System) -> str:
    """HTTP's own problems first, then each package's rules."""
    rows = catalogue()
    own = {kind.code for kind in HTTP_KINDS}
    groups: dict[str, list[ProblemKind]] = {"HTTP": [kind for kind in rows.values() if kind.code in own]}
    origin = _packages(DomainError)
    for package in ("common", "contracts", *(service.name for service in system.services)):
        groups[package] = [kind for code, kind in rows.items() if code not in own and origin.get(code) == package]
    sections = [_section(name, kinds) for name, kinds in groups.items() if kinds]
    return "\n".join([_INTRODUCTION, *sections])


def _packages(parent: type[DomainError]) -> dict[str, str]:
    found = {}
    for child in parent.__subclasses__():
        if hasattr(child, "code"):
            found[child.code] = child.__module__.split(".")[0]
        found |= _packages(child)
    return found


def _section(name: str, kinds: list[ProblemKind]) -> str:
    rows = [
        f"| `{kind.code}` | {kind.status} | **{_cell(kind.title.ko)}** {_cell(kind.detail.ko)} "
        f"| **{_cell(kind.title.en)}** {_cell(kind.detail.en)} |"
        for kind in sorted(kinds, key=lambda kind: (kind.status, kind.code))
    ]
    return "\n".join([f"## {name}", "", "| code | status | 한국어 | English |", "|---|---|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
