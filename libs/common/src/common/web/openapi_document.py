"""The OpenAPI document as it is published: FastAPI's own, with tags that say what they hold, examples and problems.

What every operation repeats (an example of a problem that any of them may meet) stands once, in the components.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from common.examples import Examples, Known
from common.web.openapi import add_rules
from common.web.refusals import rules_of
from common.web.routes import GuardedRoute

_PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details. Further members hold the facts that `detail` names.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "code", "errors", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "The page that explains the problem."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
        "code": {"type": "string", "description": "The problem's name for machines; never translated."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "code", "detail"],
                "properties": {
                    "in": {"type": "string", "enum": ["body", "query", "path", "header", "cookie"]},
                    "pointer": {"type": "string", "description": "JSON Pointer (RFC 6901) into the body."},
                    "name": {"type": "string", "description": "The parameter, where it is not in the body."},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "trace_id": {"type": "string", "description": "What to tell the operator."},
    },
    "additionalProperties": True,
}
_SECURITY_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "at+jwt",
    "description": "An access token (RFC 9068) with one role and its tenant.",
}
_PROBLEM = "application/problem+json"
_JSON = "application/json"
_IN_A_SENTENCE = "detail."
"""Before the name of a value that only sentences of problems take, such as `detail.count`."""

_OUTCOMES: Mapping[str, str] = {
    "200": "요청한 내용 (what was asked for)",
    "201": "기록했습니다 (done and recorded)",
    "202": "접수했습니다 (accepted; the work goes on)",
    "204": "처리했습니다 (done)",
    "207": "줄마다의 결과 (what became of each row)",
}


def use_document(app: FastAPI, *, servers: list[dict[str, str]], known: Known) -> None:
    """Make the application describe itself, with examples made of the values known by name."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                tags=tags(app),
                servers=servers,
                contact=app.contact,
                license_info=app.license_info,
            )
            _add_uploads(app, made["components"]["schemas"])
            _add_rules(app, made)
            finish(made, known)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _add_rules(app: FastAPI, document: Mapping[str, Any]) -> None:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = document["paths"][str(context.path)][method.lower()]
                add_rules(operation["responses"], rules_of(route.dependant))


def finish(document: dict[str, Any], known: Known) -> None:
    """Add what FastAPI cannot know: the shared components, and an example wherever something is sent or answered."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    # FastAPI describes its own validation answer, which no caller ever sees here.
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    examples, shared = Examples(schemas, known), components.setdefault("examples", {})
    facts = _Facts({**known, **{name.removeprefix(_IN_A_SENTENCE): value for name, value in known.items()}})
    for operation in _operations(document):
        _show(operation, examples)
        for response in operation["responses"].values():
            for problem in _contents(response, _PROBLEM):
                problem["examples"] = {
                    name: _shared(name, shown, shared) for name, shown in problem["examples"].items()
                }
    for shown in shared.values():
        shown["value"]["detail"] = shown["value"]["detail"].format_map(facts)
    schemas["Problem"] = _PROBLEM_SCHEMA
    components["examples"] = dict(sorted(shared.items()))
    components["securitySchemes"] = {"bearer": _SECURITY_SCHEME}


def _show(operation: Mapping[str, Any], examples: Examples) -> None:
    """One example of each parameter, of what is sent, and of each answer that is no problem."""
    for parameter in operation.get("parameters", ()):
        if "example" not in parameter:
            parameter["example"] = examples.of(parameter["schema"], field=parameter["name"])
    for body in _contents(operation.get("requestBody", {}), _JSON):
        body.setdefault("example", examples.of(body["schema"]))
    for status, response in operation["responses"].items():
        if response["description"] == "Successful Response":
            response["description"] = _OUTCOMES[status]
        for answer in _contents(response, _JSON):
            answer.setdefault("example", examples.of(answer["schema"]))


class _Facts(dict[str, object]):
    """What stands in a sentence's place holders: the value known by the name, or the name."""

    def __missing__(self, name: str) -> object:
        return _Unknown(name)


class _Unknown(str):
    """A place holder that stays one, however its value was to be written."""

    __slots__ = ()

    def __format__(self, _form: str) -> str:
        return "{" + self + "}"


def tags(app: FastAPI) -> list[dict[str, str]]:
    """The features as tags: what each is for is said by its package."""
    found: dict[str, str] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            for tag in route.tags:
                found.setdefault(str(tag), _purpose(route))
    return [{"name": name, "description": purpose} for name, purpose in sorted(found.items())]


def _add_uploads(app: FastAPI, schemas: dict[str, Any]) -> None:
    """What FastAPI does not see, since an upload may come in more than one form."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, GuardedRoute) and route.upload is not None:
            for name, schema in route.upload.schemas().items():
                schemas.setdefault(name, schema)


def _purpose(route: APIRoute) -> str:
    module = route.endpoint.__module__
    # A feature's routes stand in its `api` module or package; the feature is what holds that.
    feature = module.partition(".api")[0] if ".api" in module else module
    return (sys.modules[feature].__doc__ or "").strip().partition("\n")[0]


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _contents(holder: Mapping[str, Any], media_type: str) -> Iterator[dict[str, Any]]:
    content = holder.get("content", {})
    if media_type in content:
        yield content[media_type]


def _shared(code: str, shown: dict[str, Any], shared: dict[str, Any]) -> dict[str, str]:
    shared.setdefault(code, shown)
    return {"$ref": f"#/components/examples/{code}"}
