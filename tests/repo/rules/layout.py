"""Rules on where things are and how large they may grow."""

import ast
import re
import sys
from pathlib import PurePosixPath

from tests.repo.tree import Finding, Tree, imports

MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 70
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "base", "manager", "managers", "misc", "shared"}

_FEATURE_FILE = re.compile(
    r"services/(?P<service>\w+)/src/(?P=service)/(?P<feature>\w+)/"
    r"(?P<role>domain|store|commands|queries|api|jobs)(\.py|/\w+\.py)$"
)
_DOMAIN_MAY_IMPORT = ("common.errors.", "contracts.standings.", "contracts.types.")
_ROLES_WITHOUT_SQL = {"domain", "commands", "api", "jobs"}
_SERVICE_FILES_WITHOUT_SQL = re.compile(r"services/(\w+)/src/\1/(main|consumers|settings)\.py$")


def files_and_functions_stay_small(tree: Tree) -> list[Finding]:
    found = []
    for path, module in tree.python():
        lines = tree.files[path].count("\n")
        if lines > MOST_LINES_IN_A_FILE:
            found.append(Finding(path, lines, f"{lines} lines; a file has at most {MOST_LINES_IN_A_FILE}"))
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MOST_LINES_IN_A_FUNCTION and "/migrations/" not in path:
                    message = f"{node.name} has {length} lines; a function has at most {MOST_LINES_IN_A_FUNCTION}"
                    found.append(Finding(path, node.lineno, message))
    return found


def every_file_name_says_its_job(tree: Tree) -> list[Finding]:
    return [
        Finding(path, 1, f"a module or package called {part} says nothing about what is in it")
        for path in tree.files
        for part in PurePosixPath(path).with_suffix("").parts
        if part in NAMES_THAT_SAY_NOTHING and path.endswith(".py")
    ]


def domain_knows_only_the_standard_library(tree: Tree) -> list[Finding]:
    """Besides it: common.errors, contracts.types and contracts.standings. So the rules of the programme run without anything else."""
    found = []
    for path, module in tree.python("services/"):
        place = _FEATURE_FILE.match(path)
        if place is None or place["role"] != "domain":
            continue
        own = f"{place['service']}.{place['feature']}.domain."
        for line, name in imports(module):
            standard = name.split(".")[0] in sys.stdlib_module_names
            if not standard and not name.startswith((*_DOMAIN_MAY_IMPORT, own)):
                found.append(Finding(path, line, f"the domain may not know {name}"))
    return found


def domain_never_waits(tree: Tree) -> list[Finding]:
    return [
        Finding(path, node.lineno, "the domain is pure: no coroutine")
        for path, module in tree.python("services/")
        if (place := _FEATURE_FILE.match(path)) and place["role"] == "domain"
        for node in ast.walk(module)
        if isinstance(node, ast.AsyncFunctionDef | ast.Await)
    ]


def a_feature_never_reaches_into_another(tree: Tree) -> list[Finding]:
    """A later feature calls an earlier one's commands or queries, never its store or domain."""
    found = []
    for path, module in tree.python("services/"):
        place = _FEATURE_FILE.match(path)
        if place is None:
            continue
        for line, name in imports(module):
            parts = name.split(".")
            foreign = parts[0] == place["service"] and len(parts) > 2 and parts[1] != place["feature"]
            if foreign and parts[2] in {"store", "domain"}:
                found.append(Finding(path, line, f"{name} is private to its feature; call its commands or queries"))
    return found


def sql_stays_in_the_store(tree: Tree) -> list[Finding]:
    """Queries may read too; api, commands, jobs, consumers and main hold none."""
    found = []
    for path, module in tree.python("services/"):
        place = _FEATURE_FILE.match(path)
        if not _SERVICE_FILES_WITHOUT_SQL.match(path) and not (place and place["role"] in _ROLES_WITHOUT_SQL):
            continue
        found += [
            Finding(path, line, f"{name}: SQL belongs in store.py or queries.py")
            for line, name in imports(module)
            if name.split(".")[0] in {"sqlalchemy", "asyncpg"}
        ]
    return found


def rows_stay_home(tree: Tree) -> list[Finding]:
    """A table class (`*Row`) is named only where tables are declared and where SQL is written, and in no signature."""
    found = []
    for path, module in tree.python("services/"):
        role = PurePosixPath(path).stem
        parent = PurePosixPath(path).parent.name
        at_home = role in {"tables", "store", "queries"} or parent in {"tables", "store", "queries"}
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found += [
                    Finding(path, node.lineno, f"{node.name} lets {name} out of the store")
                    for name in sorted(_row_names_in_signature(node))
                    if not node.name.startswith("_")
                ]
        if not at_home and "/migrations/" not in path:
            found += [
                Finding(path, line, f"{name} may be named only in tables.py, store.py and queries.py")
                for line, name in imports(module)
                if name.split(".")[-1].endswith("Row")
            ]
    return found


def _row_names_in_signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    annotations = [argument.annotation for argument in arguments] + [function.returns]
    return {
        node.id
        for annotation in annotations
        if annotation is not None
        for node in ast.walk(annotation)
        if isinstance(node, ast.Name) and node.id.endswith("Row") and node.id != "Row"
    }


def events_are_handled_by_functions_named_on(tree: Tree) -> list[Finding]:
    found = []
    for path, module in tree.python("services/"):
        for node in ast.walk(module):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if not any(isinstance(target, ast.Name) and target.id == "HANDLERS" for target in targets):
                continue
            value = getattr(node, "value", None)
            handlers = value.values if isinstance(value, ast.Dict) else []
            found += [
                Finding(path, handler.lineno, f"{ast.unparse(handler)}: a handler's name starts with on_")
                for handler in handlers
                if not ast.unparse(handler).split(".")[-1].split("(")[0].startswith("on_")
            ]
    return found


RULES = (
    files_and_functions_stay_small,
    every_file_name_says_its_job,
    domain_knows_only_the_standard_library,
    domain_never_waits,
    a_feature_never_reaches_into_another,
    sql_stays_in_the_store,
    rows_stay_home,
    events_are_handled_by_functions_named_on,
)
