"""What the OpenAPI document says of every route beyond its function: who may call it, its headers and its problems."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from common.errors import DomainError
from common.idempotency import KEPT_FOR_DAYS
from common.web import kinds
from common.web.kinds import ProblemKind
from common.web.upload_sheets import Sheet

if TYPE_CHECKING:
    from common.web.routes import GuardedRoute

_PROBLEM_REFERENCE = {"$ref": "#/components/schemas/Problem"}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": (
        "Names this request (draft-ietf-httpapi-idempotency-key-header). Send the same key again to learn the "
        f"first answer; it is kept for {KEPT_FOR_DAYS} days."
    ),
    "schema": {"type": "string", "pattern": "^[!#-~]{16,255}$"},
    "example": "0199f1c2-6a5e-7d30-9c41-8d2b6a51e0f3",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of what was read: the decision is refused with 412 when it has changed since.",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
    "example": '"3"',
}
_ROLES = "x-roles"


def problem_responses(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """`responses=problem_responses(WindowClosed)`: rules that `common.web.refusals` cannot see in a route's code."""
    return _documented(kinds.kind_of(error) for error in errors)


def add_rules(responses: dict[str, Any], rules: Iterable[type[DomainError]]) -> None:
    """Add the problems of these rules to what a document says of an operation's answers."""
    ours = _documented(kinds.kind_of(rule) for rule in rules)
    for status, response in _merged(ours, {int(status): response for status, response in responses.items()}).items():
        responses[str(status)] = response
    ordered = dict(sorted(responses.items()))
    responses.clear()
    responses.update(ordered)


def document_route(route: "GuardedRoute") -> None:
    """Add the access rule, the headers and the problems that come with them to a route's description."""
    extra: dict[str, Any] = dict(route.openapi_extra or {})
    parameters = list(extra.get("parameters", ()))
    problems = [kinds.INTERNAL_ERROR, kinds.SERVICE_BUSY, kinds.DEADLINE_EXCEEDED, kinds.INPUT_INVALID]
    problems += [kinds.REQUEST_MALFORMED, kinds.REQUEST_TOO_SLOW, kinds.BODY_TOO_LARGE, kinds.HEADERS_TOO_LARGE]
    if "POST" in (route.methods or ()):
        parameters.append(_IDEMPOTENCY_KEY)
        problems += [kinds.IDEMPOTENCY_KEY_MISSING, kinds.IDEMPOTENCY_KEY_MALFORMED, kinds.IDEMPOTENCY_KEY_REUSED]
        problems.append(kinds.REQUEST_IN_PROGRESS)
    if route.needs_version:
        parameters.append(_IF_MATCH)
        problems += [kinds.VERSION_MISSING, kinds.VERSION_MALFORMED]
    if route.media_types:
        problems.append(kinds.MEDIA_TYPE_UNSUPPORTED)
    if route.upload is not None:
        problems += [kinds.SHEET_UNREADABLE, kinds.SHEET_HEADER_WRONG, kinds.UPLOAD_TOO_LONG]
        extra["requestBody"] = _upload_body(route.upload)
    if "cursor" in route.parameters:
        problems.append(kinds.CURSOR_REFUSED)
    problems.append(kinds.TOKEN_REFUSED)
    if route.access.roles is None:
        extra["security"] = [{}, {"bearer": []}]
        extra[_ROLES] = []
    else:
        problems += [kinds.TOKEN_MISSING, kinds.ROLE_NOT_ALLOWED]
        extra["security"] = [{"bearer": []}]
        extra[_ROLES] = sorted(route.access.roles)
    if parameters:
        extra["parameters"] = parameters
    route.openapi_extra = extra
    route.responses = _merged(_documented(problems), route.responses)


def _upload_body(sheet: Sheet[Any]) -> dict[str, Any]:
    return {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string", "description": "UTF-8, columns named as in the template."},
                "example": sheet.example_csv(),
            },
            "application/json": {"schema": {"$ref": f"#/components/schemas/{sheet.body_name}"}},
        },
    }


def _documented(problems: Iterable[ProblemKind]) -> dict[int | str, dict[str, Any]]:
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in sorted(problems, key=lambda kind: (kind.status, kind.code)):
        response = responses.setdefault(kind.status, {"description": "", "content": _empty_content()})
        _examples(response)[kind.code] = _example(kind)
    return _described(responses)


def _merged(
    ours: dict[int | str, dict[str, Any]], theirs: Mapping[int | str, Mapping[str, Any]]
) -> dict[int | str, dict[str, Any]]:
    merged = dict(ours)
    for status, response in theirs.items():
        examples = response.get("content", {}).get("application/problem+json", {}).get("examples")
        if status in merged and examples is not None:
            _examples(merged[status]).update(examples)
        else:
            merged[status] = dict(response)
    return _described(merged)


def _described(responses: dict[int | str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    for response in responses.values():
        if "application/problem+json" in response.get("content", {}):
            response["description"] = " | ".join(example["summary"] for example in _examples(response).values())
    return responses


def _empty_content() -> dict[str, Any]:
    return {"application/problem+json": {"schema": _PROBLEM_REFERENCE, "examples": {}}}


def _examples(response: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = response["content"]["application/problem+json"]["examples"]
    return found


def _example(kind: ProblemKind) -> dict[str, Any]:
    value = {
        "type": f"/problems/{kind.code}",
        "title": kind.title.ko,
        "status": kind.status,
        "detail": kind.detail.ko,
        "instance": "/v1/examples",
        "code": kind.code,
        "errors": [],
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }
    return {"summary": kind.title.en, "value": value}
