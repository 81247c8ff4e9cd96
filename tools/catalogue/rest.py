"""The REST surface: one OpenAPI document per service, one of all, and a page that says who may call what."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from common.service import Service
from common.web.access import access_of
from tools.catalogue import rest_merged
from tools.catalogue.system import System, described

FOLDER = "docs/api"
MERGED = "smartfactory"

_INTRODUCTION = """# REST: who may call what

Made from the running applications by `python -m tools.catalogue`; do not edit.

One origin, a prefix per service. Errors are `application/problem+json` ([all of them](../problems.md)), in Korean
unless `Accept-Language` asks for English. Every `POST` needs an `Idempotency-Key`; the same key with the same body gets
the same answer. A request that decides on something needs the `ETag` that was read, in `If-Match`. Lists answer
`{"items": [...], "next": cursor, "prev": cursor}` and a `Link` header; a larger page than there is gets the largest,
an unknown parameter is refused, and a cursor counts for the filters it came from. Within `/v1` the surface only grows:
readers pass over fields, and values of an enumeration, that they do not know. "anyone" needs no token. Full documents:
the JSON files in this folder, and `/docs` of each running service. All services in one document, of which a front end's
client is made: [smartfactory.json](smartfactory.json), served as `/developers/openapi.json`
([how](../front-end.md)).
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, and the roles that may call it (none: anyone)."""

    method: str
    path: str
    summary: str
    roles: tuple[str, ...] | None


def documents(system: System) -> dict[str, str]:
    apps = {service.name: described(service) for service in system.services}
    told = {name: app.openapi() for name, app in apps.items()}
    told[MERGED] = rest_merged.merged(told)
    made = {
        f"{FOLDER}/{name}.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        for name, document in told.items()
    }
    sections = [_section(service, apps[service.name]) for service in system.services]
    return {**made, f"{FOLDER}/README.md": "\n".join([_INTRODUCTION, *sections])}


def operations(app: FastAPI) -> Iterator[Operation]:
    """What the application offers to callers; health, documentation and problem pages are not among it."""
    for path, route in api_routes(app):
        if path.startswith("/v1/"):
            rule = access_of(route.dependant)
            roles = None if rule.roles is None else tuple(sorted(rule.roles))
            for method in sorted(route.methods or ()):
                yield Operation(method, path, route.summary or "", roles)


def api_routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every route with its full path, through the routers that were included."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield str(context.path), context.original_route


def _section(service: Service, app: FastAPI) -> str:
    rows = [
        f"| `{operation.method} {operation.path}` | {operation.summary} | {_who(operation)} |"
        for operation in sorted(operations(app), key=lambda each: (each.path, each.method))
    ]
    head = [
        f"## `/{service.name}`: {service.title.en} ({service.title.ko})",
        "",
        f"[{service.name}.json]({service.name}.json)",
        "",
        "| operation | does | who |",
        "|---|---|---|",
    ]
    return "\n".join([*head, *rows, ""])


def _who(operation: Operation) -> str:
    return "anyone" if operation.roles is None else ", ".join(operation.roles)
