"""Rules on HTTP: mechanisms that were measured to slow down or to confuse are not used at all."""

import ast

from tests.repo.tree import Finding, Tree, calls, imports


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


RULES = (no_middleware_that_wraps_the_response,)
