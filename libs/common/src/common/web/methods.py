"""Which methods an address takes, over all the routes that share it: what a 405 says in Allow."""

from starlette.requests import Request
from starlette.routing import Route


def allowed_methods(request: Request) -> list[str]:
    """All methods of the request's address, sorted; GET brings HEAD."""
    path = route_path(request)
    allowed: set[str] = set()
    for route in request.app.routes:
        if isinstance(route, Route) and route.methods and route.path_regex.match(path):
            allowed |= route.methods
    if "GET" in allowed:
        allowed.add("HEAD")
    return sorted(allowed)


def route_path(request: Request) -> str:
    """The path below the prefix that the gateway stripped."""
    path: str = request.scope["path"]
    return path.removeprefix(request.scope.get("root_path", "")) or "/"
