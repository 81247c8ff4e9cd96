"""Every error as problem+json (RFC 9457), in the caller's language, never with a word about our inside."""

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pydantic_core
from opentelemetry import trace
from starlette.requests import Request
from starlette.responses import Response

from common import db
from common.auth import KeysUnavailable
from common.clock import KST
from common.denials import DenialsUnknown
from common.errors import DomainError, InvalidInput, Text
from common.web import kinds
from common.web.kinds import FieldFault, ProblemKind, Refused
from common.web.language import Language, preferred, say
from common.web.methods import route_path

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = "1"
_COME_AGAIN_SECONDS = (1, 4)

_OWN_MEMBERS = frozenset({"type", "title", "status", "detail", "instance", "code", "errors", "trace_id"})
# What PostgreSQL says of a value that no column of that kind can hold: the caller's fault, found late.
_UNSTORABLE = frozenset({"22000", "22003", "22007", "22008", "22021", "22P02", "22P05"})

_OWN_WORDS = (db.DatabaseUnavailable, KeysUnavailable, DenialsUnknown)

_log = logging.getLogger(__name__)


def problem(
    request: Request,
    kind: ProblemKind,
    *,
    facts: Mapping[str, object] | None = None,
    errors: Sequence[FieldFault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Write one problem in the language of the request."""
    language = preferred(request.headers.get("accept-language"))
    known = dict(facts or {})
    if kind is kinds.ROUTE_NOT_FOUND:
        known["docs"] = f"{request.scope.get('root_path', '')}/docs"
    document: dict[str, Any] = {
        "type": f"{request.scope.get('root_path', '')}/problems/{kind.code}",
        "title": say(kind.title, language),
        "status": kind.status,
        "detail": say(worded(kind.detail, known), language),
        # The path comes decoded, and an address holds no control characters and no Hangul (RFC 3986).
        "instance": quote(f"{request.scope.get('root_path', '')}{route_path(request)}", safe="/:@!$&'()*+,;="),
        "code": kind.code,
        "errors": [_written(fault, language) for fault in errors],
        "trace_id": trace_id(request),
    }
    document |= {name: _in_kst(value) for name, value in known.items() if name not in _OWN_MEMBERS}
    return Response(
        pydantic_core.to_json(document, fallback=str),
        status_code=kind.status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={"Content-Language": language, **(headers or {})},
    )


def domain_problem(request: Request, error: DomainError) -> Response:
    """The answer to a broken rule of the programme."""
    kind = kinds.kind_of(type(error))
    faults = []
    field = error.facts.get("field")
    if isinstance(error, InvalidInput) and isinstance(field, str):
        detail = worded(error.detail, error.facts)
        faults.append(FieldFault(place="body", code=error.code, detail=detail, pointer=field))
    headers = {}
    version = error.facts.get("current_version")
    if isinstance(version, int):
        headers["ETag"] = f'"{version}"'
    wait = error.facts.get("retry_after_seconds")
    if isinstance(wait, int):
        headers["Retry-After"] = str(wait)
    return problem(request, kind, facts=error.facts, errors=faults, headers=headers)


def worded(text: Text, facts: Mapping[str, object]) -> Text:
    """The sentence with its facts in it, moments in Korean time."""
    known = {name: _in_words(value) for name, value in facts.items()}
    return Text(ko=text.ko.format_map(known), en=text.en.format_map(known))


def come_again() -> str:
    """Seconds after which a caller may come again, drawn anew for each.

    Who was refused in the same second would return in the same one, and find the service busy with one another.
    """
    return str(random.randint(*_COME_AGAIN_SECONDS))  # noqa: S311  nothing is hidden by it


def busy(error: Exception) -> Refused | None:
    """The refusal for trouble that is neither the caller's nor a bug, or none when the error is something else."""
    if db.is_trouble(error) or isinstance(error, (KeysUnavailable, DenialsUnknown)):
        _log.warning("a request met trouble: %s", error if isinstance(error, _OWN_WORDS) else _named(error))
        return Refused(kinds.SERVICE_BUSY, headers={"Retry-After": come_again()})
    if db.sqlstate(error) in _UNSTORABLE:
        return Refused(kinds.INPUT_INVALID)
    return None


def _named(error: Exception) -> str:
    # The driver's own message may repeat a value the caller sent.
    return f"{type(error).__name__} {db.sqlstate(error) or ''}".strip()


def trace_id(request: Request) -> str:
    """The id to ask the operator about: of the trace, or of the request where nothing traces."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        return trace.format_trace_id(context.trace_id)
    return str(request.scope.get("state", {}).get("request_id", ""))


def _in_kst(value: object) -> object:
    """A moment as people here keep time; anything else as it is."""
    return value.astimezone(KST).isoformat() if isinstance(value, datetime) else value


def _in_words(value: object) -> object:
    return f"{value.astimezone(KST):%Y-%m-%d %H:%M:%S} KST" if isinstance(value, datetime) else value


def _written(fault: FieldFault, language: Language) -> dict[str, str]:
    where = {"pointer": fault.pointer} if fault.pointer is not None else {"name": fault.name or ""}
    return {"in": fault.place, **where, "code": fault.code, "detail": say(fault.detail, language)}
