"""The four services' OpenAPI documents as one: what a front end at the one origin is made from.

Nothing is told here that a service's own document does not say. Paths begin with the service, a type is named
`<service>.<type>` and a tag `<service>/<tag>`, so no name depends on what another service calls its own, now or later.
What is one thing for all keeps its plain name: the problem, its examples, and how one shows who one is.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

_SCHEMAS = "#/components/schemas/"
_PROBLEM = "Problem"
_TITLE = "전북 스마트공장 지원사업 API (Jeonbuk smart-factory programme: the API of the one origin)"
_DESCRIPTION = (
    "네 서비스의 API를 한 문서로 합친 것입니다. 주소는 이 문서를 주는 곳을 기준으로 하며 서비스 이름으로 시작합니다. "
    "각 서비스의 문서에 없는 것은 여기에도 없습니다.\n\n"
    "The APIs of the four services in one document. Addresses begin at the origin that serves it, with the service's "
    "name first. It says nothing that a service's own document does not say."
)


class NamesClash(Exception):
    """Two services say different things under one name that callers would have to tell apart."""


def merged(documents: Mapping[str, Document]) -> dict[str, Any]:
    """One document of those of the services, by name; the same whatever order they come in. Raises NamesClash."""
    each = dict(sorted(documents.items()))
    renamed = _renamed_operations(each)
    return {
        "openapi": _same(each, lambda document: document["openapi"], "openapi"),
        "info": {
            **_same(each, lambda document: _without_words(document["info"]), "info"),
            "title": _TITLE,
            "description": _DESCRIPTION,
        },
        # Of the place where the document is: the same file is right at every installation.
        "servers": [{"url": "/"}],
        "paths": {
            f"{_prefix(document)}{path}": _path(name, methods, renamed)
            for name, document in each.items()
            for path, methods in document["paths"].items()
        },
        "components": {
            "schemas": {
                _PROBLEM: _same(each, lambda document: document["components"]["schemas"][_PROBLEM], _PROBLEM),
                **{
                    f"{name}.{schema}": _pointed(name, shape)
                    for name, document in each.items()
                    for schema, shape in sorted(document["components"]["schemas"].items())
                    if schema != _PROBLEM
                },
            },
            "examples": _one_of_each(each, "examples"),
            "securitySchemes": _one_of_each(each, "securitySchemes"),
        },
        "tags": [
            {**tag, "name": f"{name}/{tag['name']}"} for name, document in each.items() for tag in document["tags"]
        ],
    }


def _prefix(document: Document) -> str:
    url: str = document["servers"][0]["url"]
    return url.rstrip("/")


def _path(service: str, methods: Document, renamed: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """One path's operations under the names that they have here."""
    made = {}
    for method, operation in methods.items():
        made[method] = {
            **_pointed(service, operation),
            "operationId": renamed[service, operation["operationId"]],
            "tags": [f"{service}/{tag}" for tag in operation["tags"]],
        }
    return made


def _renamed_operations(documents: Mapping[str, Document]) -> dict[tuple[str, str], str]:
    """Each operation's name here: its own, and `listParkedEventsOfFunding` for what every service offers alike."""
    places: dict[str, set[str]] = {}
    services: dict[str, list[str]] = {}
    for service, document in documents.items():
        for place, operation in _operations(document):
            places.setdefault(operation["operationId"], set()).add(place)
            services.setdefault(operation["operationId"], []).append(service)
    clashes = sorted(name for name, found in places.items() if len(found) > 1)
    if clashes:
        raise NamesClash(f"different operations are called {', '.join(clashes)}: give the newer ones another name")
    return {
        (service, name): f"{name}Of{service.capitalize()}" if len(offering) > 1 else name
        for name, offering in services.items()
        for service in offering
    }


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def _pointed(service: str, node: Any) -> Any:  # noqa: ANN401  JSON is any
    """The same with every reference to a type of this service under the name that the type has here."""
    if isinstance(node, dict):
        return {key: _pointed(service, inner) for key, inner in node.items()}
    if isinstance(node, list):
        return [_pointed(service, inner) for inner in node]
    if isinstance(node, str) and node.startswith(_SCHEMAS) and node != f"{_SCHEMAS}{_PROBLEM}":
        return f"{_SCHEMAS}{service}.{node.removeprefix(_SCHEMAS)}"
    return node


def _one_of_each(documents: Mapping[str, Document], kind: str) -> dict[str, Any]:
    """Components that all services share by name: a code of a problem means one thing, whoever says it."""
    found: dict[str, Any] = {}
    for document in documents.values():
        for name, component in document["components"][kind].items():
            if found.setdefault(name, component) != component:
                raise NamesClash(f"{name} of {kind} is not the same in every service")
    return dict(sorted(found.items()))


def _same(documents: Mapping[str, Document], of: Callable[[Document], Any], what: str) -> Any:  # noqa: ANN401  JSON is any
    first, *others = (of(document) for document in documents.values())
    if any(other != first for other in others):
        raise NamesClash(f"{what} is not the same in every service")
    return first


def _without_words(info: Document) -> dict[str, Any]:
    return {name: value for name, value in info.items() if name not in {"title", "description"}}
