"""Rules on Kafka and HTTP: mechanisms that were measured to lose, repeat or slow down are not used at all."""

import ast

from tests.repo.tree import Finding, Tree, calls, dotted, imports

_KAFKA_TRANSACTIONS = {
    "begin_transaction",
    "commit_transaction",
    "abort_transaction",
    "send_offsets_to_transaction",
    "transaction_coordinator",
}
_ALEMBIC = "context.begin_transaction"


def no_middleware_that_wraps_the_response(tree: Tree) -> list[Finding]:
    """Two BaseHTTPMiddleware keep a fifth of an endpoint's throughput; pure ASGI ones keep five sixths."""
    found = []
    for path, module in tree.production():
        found += [
            Finding(path, line, "BaseHTTPMiddleware is slow and breaks context variables; write pure ASGI")
            for line, name in imports(module)
            if name.endswith("BaseHTTPMiddleware")
        ]
        found += [
            Finding(path, call.lineno, "@app.middleware is BaseHTTPMiddleware in disguise; write pure ASGI")
            for call in calls(module)
            if isinstance(call.func, ast.Attribute) and call.func.attr == "middleware"
        ]
    return found


def no_kafka_transactions_and_no_static_membership(tree: Tree) -> list[Finding]:
    found = []
    for path, module in tree.production():
        for call in calls(module):
            if (
                isinstance(call.func, ast.Attribute)
                and call.func.attr in _KAFKA_TRANSACTIONS
                and dotted(call.func) != _ALEMBIC
            ):
                found.append(Finding(path, call.lineno, f"{call.func.attr}: Kafka transactions are never relied on"))
            found += [
                Finding(path, call.lineno, f"{keyword.arg} is not used: see docs/architecture.md, Events")
                for keyword in call.keywords
                if keyword.arg in {"group_instance_id", "transactional_id"}
            ]
    return found


def consumers_fetch_batches(tree: Tree) -> list[Finding]:
    """`async for` over a consumer hides the batch, its offsets and the pause that keeps the member alive."""
    return [
        Finding(path, node.lineno, "async for over a consumer; use the batch fetch of common.kafka")
        for path, module in tree.production()
        for node in ast.walk(module)
        if isinstance(node, ast.AsyncFor) and "consumer" in dotted(node.iter).lower()
    ]


RULES = (
    no_middleware_that_wraps_the_response,
    no_kafka_transactions_and_no_static_membership,
    consumers_fetch_batches,
)
