"""What callers rely on in an OpenAPI document: paths, parameters, shapes and statuses, without prose and examples."""

from collections.abc import Mapping
from typing import Any

Contract = Mapping[str, Any]

_PROSE = frozenset({"description", "title", "summary", "example", "examples", "default"})
_NAMES_INSIDE = frozenset({"properties", "$defs", "schemas"})


def contract(document: Mapping[str, Any]) -> Contract:
    """The reduced document: operations by method and full path, and the shapes they refer to."""
    prefix = document["servers"][0]["url"].rstrip("/")
    operations = {
        f"{method.upper()} {prefix}{path}": _operation(operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    return {"operations": operations, "schemas": _without_prose(document["components"]["schemas"], names=True)}


def _operation(operation: Mapping[str, Any]) -> Contract:
    body = operation.get("requestBody", {})
    return {
        "id": operation["operationId"],
        "roles": operation["x-roles"],
        "parameters": {
            f"{parameter['in']} {parameter['name']}": {
                "required": parameter.get("required", False),
                "schema": _without_prose(parameter["schema"]),
            }
            for parameter in operation.get("parameters", ())
        },
        "body": {"required": body.get("required", False), "content": _content(body)},
        "answers": {status: _content(answer) for status, answer in operation["responses"].items()},
    }


def _content(holder: Mapping[str, Any]) -> Contract:
    return {kind: _without_prose(content["schema"]) for kind, content in holder.get("content", {}).items()}


def _without_prose(value: Any, *, names: bool = False) -> Any:  # noqa: ANN401  JSON is any
    """The shape without words; below `properties` a key is a field's name, whatever it is called."""
    if isinstance(value, dict):
        kept = value if names else {key: inner for key, inner in value.items() if key not in _PROSE}
        return {key: _without_prose(inner, names=not names and key in _NAMES_INSIDE) for key, inner in kept.items()}
    if isinstance(value, list):
        return [_without_prose(inner) for inner in value]
    return value
