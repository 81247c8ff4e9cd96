"""Every place of a request where a caller may put a text, and the request with another one there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.support.access.schemas import Pointer, example_of, put, text_places
from tests.support.access.table import APPLICATIONS
from tests.support.access.worlds import Ask
from tools.catalogue.permissions import Operation

_SCHEMAS = {name: app.openapi()["components"]["schemas"] for name, app in APPLICATIONS.items()}


@dataclass(frozen=True)
class Place:
    """One such place of one operation: a parameter by its name, or a field of the body."""

    operation: Operation
    kind: Literal["query", "path", "body"]
    at: Pointer

    def __str__(self) -> str:
        return f"{self.operation.name} {self.kind} {'/'.join(str(part) for part in self.at)}"

    def with_(self, ask: Ask, value: str) -> Ask:
        """The request with this text in its place."""
        if self.kind == "query":
            return replace(ask, query={**ask.query, str(self.at[0]): value})
        if self.kind == "path":
            named = self.operation.path.split("/").index(f"{{{self.at[0]}}}")
            path = "/".join(value if at == named else part for at, part in enumerate(ask.path.split("/")))
            return replace(ask, path=path)
        return replace(ask, body=put(ask.body, self.at, value, self._example()))

    def _example(self) -> Any:
        return example_of(_body_schema(self.operation), _SCHEMAS[self.operation.service])


def places_of(operation: Operation) -> Iterator[Place]:
    """All of an operation's; those that must be a number or an id too, since a caller can write anything there."""
    for parameter in operation.document.get("parameters", ()):
        if parameter["in"] in {"query", "path"}:
            yield Place(operation, parameter["in"], (parameter["name"],))
    schema = _body_schema(operation)
    if schema is not None:
        for at in dict.fromkeys(text_places(schema, _SCHEMAS[operation.service])):
            yield Place(operation, "body", at)


def _body_schema(operation: Operation) -> Any:
    content = operation.document.get("requestBody", {}).get("content", {})
    return content["application/json"]["schema"] if "application/json" in content else None
