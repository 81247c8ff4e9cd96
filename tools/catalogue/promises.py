"""What the system promises, read from docs/promises.toml, beside the tests that are marked to prove it."""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = "docs/promises.md"

_ROOT = Path(__file__).resolve().parents[2]
_SOURCE = "docs/promises.toml"
_DRILLS = "tests/drill/"
_ID = re.compile(r"[RIA][1-9][0-9]?")
_MARK = "promise"
_INTRODUCTION = """# Promises

What this system promises under faults and attacks, and what proves it. Made from [promises.toml](promises.toml) and
the tests' `@pytest.mark.promise` by `python -m tools.catalogue`; do not edit. A repository test fails when a promise
that is due has no proof, and when a mark names a promise that is not here.

Tests run with `make test`, those of `tests/repo` with `make check`; a **drill** also has a longer run, `make drill`,
whose figures are in [drills](drills).
"""
_SECTIONS = {
    "R": "## Promises\n",
    "I": "## Invariants\n\nAlways true; checked after every drill by code that shares nothing with the services.\n",
    "A": "## Edges of the Kafka client\n\nWhere the client would lose, repeat or hang, and what is done instead.\n",
}


@dataclass(frozen=True, slots=True)
class Promise:
    """One row of the file."""

    id: str
    sentence: str
    comes_with: str | None


@dataclass(frozen=True, slots=True)
class Proof:
    """One test that is marked with a promise's id."""

    promise: str
    path: str
    test: str

    @property
    def is_drill(self) -> bool:
        return self.path.startswith(_DRILLS)


def load(text: str | None = None) -> list[Promise]:
    """Read the file, or a text in its form."""
    content = tomllib.loads((_ROOT / _SOURCE).read_text("utf-8") if text is None else text)
    return [Promise(name, row["promise"], row.get("comes_with")) for name, row in content.items()]


def proofs(tests: Mapping[str, str] | None = None) -> list[Proof]:
    """Every mark in the tests, by path: on a function, on a class, or for a whole module."""
    found = []
    for path, text in sorted((_tests() if tests is None else tests).items()):
        module = ast.parse(text, path)
        everywhere = [name for node in module.body for name in _module_wide(node)]
        for test, own in _marked_tests(module):
            found += [Proof(name, path, test) for name in dict.fromkeys((*everywhere, *own))]
    return found


def faults(promises: Sequence[Promise], found: Sequence[Proof]) -> list[str]:
    """Due promises that nothing proves, marks that name no promise, and ids that are none."""
    known, proven = {promise.id for promise in promises}, {proof.promise for proof in found}
    wrong = [f"{name} is no id of a promise" for name in sorted(known) if not _ID.fullmatch(name)]
    wrong += [
        f"{proof.path}: {proof.test} is marked with {proof.promise}, which is not in {_SOURCE}"
        for proof in found
        if proof.promise not in known
    ]
    return wrong + [
        f"{promise.id} is due and no test is marked with it"
        for promise in promises
        if promise.comes_with is None and promise.id not in proven
    ]


def page() -> str:
    """All promises in three tables."""
    by_promise: dict[str, list[Proof]] = defaultdict(list)
    for proof in proofs():
        by_promise[proof.promise].append(proof)
    parts = [_INTRODUCTION]
    for letter, heading in _SECTIONS.items():
        rows = [promise for promise in load() if promise.id.startswith(letter)]
        parts.append(f"{heading}\n| | promised | proved by |\n|---|---|---|")
        parts.append("\n".join(_row(promise, by_promise[promise.id]) for promise in rows) + "\n")
    return "\n".join(parts)


def _row(promise: Promise, found: Sequence[Proof]) -> str:
    files: dict[str, int] = defaultdict(int)
    for proof in sorted(found, key=lambda one: (not one.is_drill, one.path)):
        files[proof.path] += 1
    cells = [_file(path, count) for path, count in files.items()]
    if promise.comes_with:
        cells.append(f"_{'more' if cells else 'comes'} with {promise.comes_with}_")
    return f"| {promise.id} | {promise.sentence} | {'<br>'.join(cells)} |"


def _file(path: str, count: int) -> str:
    short = path.removeprefix("tests/").removesuffix(".py")
    link = f"[{short}](../{path})" + (f" ({count})" if count > 1 else "")
    return f"**{link}**" if path.startswith(_DRILLS) else link


def _tests() -> dict[str, str]:
    paths = sorted((_ROOT / "tests").rglob("test_*.py"))
    return {path.relative_to(_ROOT).as_posix(): path.read_text("utf-8") for path in paths}


def _module_wide(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Assign) and any(_name(target) == "pytestmark" for target in node.targets):
        marks = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
        for mark in marks:
            yield from _ids(mark)


def _marked_tests(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in module.body:
        if isinstance(node, ast.ClassDef):
            around = [name for mark in node.decorator_list for name in _ids(mark)]
            for method in node.body:
                yield from ((test, [*around, *own]) for test, own in _marked(method))
        else:
            yield from _marked(node)


def _marked(node: ast.stmt) -> Iterator[tuple[str, list[str]]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
        yield node.name, [name for mark in node.decorator_list for name in _ids(mark)]


def _ids(mark: ast.expr) -> Iterator[str]:
    if isinstance(mark, ast.Call) and _name(mark.func) == _MARK:
        yield from (_text(argument) for argument in mark.args)


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr) -> str:
    value: Any = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) else f"? ({ast.unparse(node)})"
