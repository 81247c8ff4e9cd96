"""The repository as the rules see it: a mapping of paths to text, parsed once, that a test can plant a fault in.

A rule is a pure function `rule(tree) -> list[Finding]`, so a planted fault is one more entry in the mapping.
"""

import ast
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_HOW_OTHERS_DO_IT = "tools/bench/peers/"
_BINARY = {".png", ".jar", ".ico", ".woff2", ".gz"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that breaks a rule."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Tree:
    """Paths relative to the repository's root, with their text."""

    files: Mapping[str, str]

    def plant(self, path: str, text: str) -> "Tree":
        return Tree({**self.files, path: text})

    def python(self, *prefixes: str) -> Iterator[tuple[str, ast.Module]]:
        """The parsed Python files below these prefixes (all of them when none is given)."""
        for path, text in self.files.items():
            if path.endswith(".py") and (not prefixes or path.startswith(prefixes)):
                yield path, _parse(path, text)

    def production(self) -> Iterator[tuple[str, ast.Module]]:
        """The Python that is shipped or serves the shipped: not tests, not migrations, not how others would do it."""
        for path, module in self.python("libs/", "services/", "infra/", "tools/"):
            if "/migrations/" not in path and not path.startswith(_HOW_OTHERS_DO_IT):
                yield path, module


@cache
def repository() -> Tree:
    """Every file that is, or is about to be, in version control."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = sorted({path for path in listing.split("\0") if path and (ROOT / path).is_file()})
    return Tree({path: "" if Path(path).suffix in _BINARY else (ROOT / path).read_text("utf-8") for path in paths})


@cache
def _parse(path: str, text: str) -> ast.Module:
    return ast.parse(text, path)


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names and attributes; `?` stands for anything else at its root."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def imports(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a module imports: `from a import b` is `a.b`."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module or ''}.{alias.name}") for alias in node.names)


def calls(module: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(module) if isinstance(node, ast.Call))
