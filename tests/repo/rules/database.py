"""Rules on transactions, SQL text and tables: what the database is asked, and who may end a transaction."""

import ast
from collections.abc import Collection

from tests.repo.tree import Finding, Tree, calls, dotted

_ENDS_OR_STARTS = {"begin", "begin_nested", "commit", "rollback"}
_ONLY_HERE = "libs/common/src/common/db.py"
_NO_TRANSACTION = {
    "self._consumer.commit": "Kafka offsets, in common/kafka.py",
    "subscription.commit": "Kafka offsets, through it",
    "spans.begin": "a span of a trace",
}
_TAKES_SQL = {"text", "literal_column", "DDL", "exec_driver_sql", "execute", "executemany", "scalar", "scalars", "run"}
_TAKES_SQL |= {"fetch", "fetchrow", "fetchval", "copy_from_query", "prepare", "cursor"}
_COMPOSED_OF_CONSTANTS = {
    "libs/common/src/common/acting.py": "SET takes no parameter: the parts of a verified token, printable and quoted",
    "libs/common/src/common/row_security_v1.py": "DDL of migrations: tables and conditions written in them",
    "libs/common/src/common/row_versions_v1.py": "DDL of migrations: a table and its columns written in them",
    "libs/common/src/common/row_security_roles.py": "DDL of migrations: a list of roles written beside the roles",
    "libs/common/src/common/db.py": "NOTIFY takes no parameter; the channel is a constant beside it",
    "libs/common/src/common/schema.py": "DDL of migrations, over a list of tables beside it",
    "infra/local/src/smartfactory/check/hashes.py": "the names come from pg_tables of our own database",
    "infra/local/src/smartfactory/stack/provision.py": "an administrator's script of roles and databases, quoted there",
}
"""Where SQL is put together, why it must be, and of what: no value that came over HTTP or Kafka gets there, but for who calls."""


def one_file_begins_and_ends_transactions(tree: Tree) -> list[Finding]:
    return [
        Finding(path, call.lineno, f".{call.func.attr}( belongs to common/db.py alone")
        for path, module in tree.production()
        if path != _ONLY_HERE
        for call in calls(module)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in _ENDS_OR_STARTS
        and dotted(call.func) not in _NO_TRANSACTION
    ]


def sql_text_is_never_composed(tree: Tree) -> list[Finding]:
    """What takes SQL takes a constant, also by way of a variable; values travel as parameters (promise R29)."""
    found = []
    for path, module in tree.python("libs/", "services/", "infra/", "tools/"):
        if path in _COMPOSED_OF_CONSTANTS or "/migrations/" in path:
            continue
        composed = _names_of_composed_strings(module)
        found += [
            Finding(path, call.lineno, f"{_last(call.func)}() with a composed string; pass values as parameters")
            for call in calls(module)
            if _last(call.func) in _TAKES_SQL and call.args and _is_composed(call.args[0], composed)
        ]
    return found


def _last(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else dotted(function)


def _names_of_composed_strings(module: ast.Module) -> set[str]:
    """Every name of the file that is given a string put together, or has something added to it."""
    names = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and _is_composed(node.value, frozenset()):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and _is_string(node.value):
            names.add(node.target.id)
    return names


def _is_composed(node: ast.expr, composed: Collection[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in composed
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add) and (_is_string(node.left) or _is_string(node.right))
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"format", "format_map", "join", "replace"}
    )


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def tables_are_only_tables(tree: Tree) -> list[Finding]:
    """No `relationship()`, no method on a row: loading happens in the store, deciding in the domain."""
    found = [
        Finding(path, call.lineno, "relationship() loads behind your back; write the statement in the store")
        for path, module in tree.production()
        for call in calls(module)
        if dotted(call.func).split(".")[-1] == "relationship"
    ]
    for path, module in tree.production():
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Row") and node.bases:
                found += [
                    Finding(path, method.lineno, f"{node.name}.{method.name}: a row has columns, not behaviour")
                    for method in node.body
                    if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
                ]
    return found


def money_is_whole_won(tree: Tree) -> list[Finding]:
    """Whatever is called `*_won` is an int or Won, never a float or a Decimal."""
    found = []
    for path, module in tree.production():
        for node in ast.walk(module):
            if isinstance(node, ast.arg):
                name, annotation = node.arg, node.annotation
            elif isinstance(node, ast.AnnAssign):
                name, annotation = dotted(node.target).split(".")[-1], node.annotation
            else:
                continue
            if name.endswith(("_won", "_bp")) and annotation is not None:
                found += [
                    Finding(path, node.lineno, f"{name} is {part.id}; money is whole won, ratios whole basis points")
                    for part in ast.walk(annotation)
                    if isinstance(part, ast.Name) and part.id in {"float", "Decimal", "Fraction"}
                ]
    return found


RULES = (
    one_file_begins_and_ends_transactions,
    sql_text_is_never_composed,
    tables_are_only_tables,
    money_is_whole_won,
)
