"""The span and the two metrics of a request, named by OpenTelemetry's conventions for HTTP servers.

FastAPI's own would say the same in twice the time: it tells each attribute two or three times, counts requests under
way by an event at each end, and asks per request what was set up at the start.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping

from opentelemetry import context, propagate, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import Scope

from common import telemetry

_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_KNOWN_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"})
_LOWEST_SERVER_ERROR_STATUS = 500

_under_way: Counter[tuple[str, str]] = Counter()


def _told_under_way(_options: CallbackOptions) -> Iterable[Observation]:
    return [
        Observation(count, {"http.request.method": method, "url.scheme": scheme})
        for (method, scheme), count in _under_way.items()
    ]


_tracer = trace.get_tracer(__name__)
_duration = telemetry.histogram(
    "http.server.request.duration", "s", "Duration of HTTP server requests.", _BUCKETS_SECONDS
)
telemetry.observed(
    "http.server.active_requests", "{request}", "Number of active HTTP server requests.", _told_under_way
)


class RequestSpan:
    """One request; `end` it once, where it began."""

    __slots__ = ("_attributes", "_key", "_method", "_span", "_started_at", "_token")

    def __init__(self, scope: Scope, carrier: Mapping[str, str], host: str) -> None:
        known = scope["method"] in _KNOWN_METHODS
        method, scheme = scope["method"] if known else "_OTHER", scope.get("scheme", "http")
        self._key, self._method = (method, scheme), method if known else "HTTP"
        self._attributes: dict[str, str | int] = {
            "http.request.method": method,
            "url.scheme": scheme,
            "network.protocol.version": scope.get("http_version", "1.1"),
        }
        address, _, port = host.rpartition(":")
        told: dict[str, str | int] = {**self._attributes, "url.path": scope["path"], "server.address": address or host}
        if address and port.isdecimal():
            told["server.port"] = int(port)
        if scope["query_string"]:
            told["url.query"] = scope["query_string"].decode("latin-1")
        if not known:
            told["http.request.method_original"] = scope["method"]
        _under_way[self._key] += 1
        self._started_at = time.perf_counter()
        parent = propagate.extract(carrier) if carrier else None
        self._span = _tracer.start_span(self._method, context=parent, kind=SpanKind.SERVER, attributes=told)
        self._token = context.attach(trace.set_span_in_context(self._span, parent))

    def end(self, *, status: int | None, route: str | None, role: str | None, failure: str | None) -> None:
        """Say what became of it; without a status nothing was answered."""
        found: dict[str, str | int] = {}
        if status is not None:
            found["http.response.status_code"] = status
        if route is not None:
            found["http.route"] = route
            self._span.update_name(f"{self._method} {route}")
        if status is None or status >= _LOWEST_SERVER_ERROR_STATUS:
            found["error.type"] = failure or str(status or "incomplete_response")
            self._span.set_status(StatusCode.ERROR)
        # Measured while the span is the current one, so that an exemplar finds it.
        _duration.record(time.perf_counter() - self._started_at, self._attributes | found)
        _under_way[self._key] -= 1
        self._span.set_attributes(found if role is None else {**found, "smartfactory.role": role})
        self._span.end()
        context.detach(self._token)
