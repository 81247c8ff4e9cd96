"""Every answer that a test gets is held against the OpenAPI document: its status, and the code of its problem."""

import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

from fastapi import FastAPI

_documents: dict[str, dict[str, Any]] = {}

Hook = Callable[[Any], Awaitable[None]]


def documented(app: FastAPI) -> dict[str, list[Hook]]:
    """For `AsyncClient(event_hooks=documented(app))`."""

    async def check(response: Any) -> None:
        operation = _operation(document_of(app), app.state.runtime.settings.root_path, response.request)
        if operation is None:
            return
        await response.aread()
        described = operation["responses"].get(str(response.status_code))
        assert described is not None, f"{operation['operationId']} answers {response.status_code}, undocumented"
        problem = described.get("content", {}).get("application/problem+json")
        if problem is not None:
            code = response.json()["code"]
            assert code in problem["examples"], f"{operation['operationId']} answers {code}, undocumented"

    return {"response": [check]}


def document_of(app: FastAPI) -> dict[str, Any]:
    """One for all applications of a service, wherever they are served: making it takes longer than most tests."""
    if app.title not in _documents:
        _documents[app.title] = app.openapi()
    return _documents[app.title]


def _operation(document: dict[str, Any], prefix: str, request: Any) -> dict[str, Any] | None:
    path = request.url.path.removeprefix(prefix)
    for template, methods in document["paths"].items():
        if request.method.lower() in methods and _pattern(template).fullmatch(path):
            found: dict[str, Any] = methods[request.method.lower()]
            return found
    return None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(template)))
