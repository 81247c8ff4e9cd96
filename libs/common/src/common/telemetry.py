"""What a process tells about itself: spans, metrics and log lines, set up once at its start.

Spans go to a file and, where OTEL_EXPORTER_OTLP_ENDPOINT is set, to a collector. Metrics are read as OpenMetrics text.
A log line is one JSON object that carries the trace and only fields of the list below: no body, no token, no name.
"""

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import Counter
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, ExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client import REGISTRY
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from structlog.typing import EventDict

from common.settings import ServiceSettings

OPENMETRICS_MEDIA_TYPE = CONTENT_TYPE_LATEST
LOG_FIELDS = frozenset(
    {
        "method", "route", "status", "duration_ms", "request_id",
        "topic", "partition", "offset", "key", "sequence", "event_id", "event_type", "outcome", "count", "reason",
        "job", "service", "state", "seconds", "failpoint", "action",
    }
)  # fmt: skip
"""Every `extra` field a log line may carry. A new one is added here, after asking whether it can hold personal data."""

_FLUSH_EVERY_MILLIS = 500
_REDACTED = "REDACTED"
_ID = r"[0-9]{1,6}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TYPED = re.compile(rf"(?<=/)(?!(?:[a-z][a-z-]*|v[0-9]|{_ID})(?:/|$))[^/]+")
_MOST_LINKS = 1_000  # a span of events that are projected together has one for each of a batch
_WORDY_LIBRARIES = ("sqlalchemy", "asyncpg", "pydantic", "pydantic_core", "httpx", "joserfc")

_meter = metrics.get_meter("smartfactory")


_declared: set[str] = set()


def counter(name: str, unit: str, meaning: str) -> Counter:
    """Declare, once per name, a number that only grows."""
    _declare(name)
    return _meter.create_counter(name, unit, meaning)


def gauge(name: str, unit: str, meaning: str) -> "metrics._Gauge":
    """Declare, once per name, a number that is what it is now."""
    _declare(name)
    return _meter.create_gauge(name, unit, meaning)


def openmetrics() -> bytes:
    """All metrics of this process as OpenMetrics text."""
    text: bytes = generate_latest(REGISTRY)  # type: ignore[no-untyped-call]
    return text


class Telemetry:
    """The providers of one process; `shutdown` writes what is still waiting."""

    def __init__(self, tracer_provider: TracerProvider, meter_provider: MeterProvider) -> None:
        self._tracer_provider, self._meter_provider = tracer_provider, meter_provider

    def shutdown(self) -> None:
        self._tracer_provider.shutdown()
        self._meter_provider.shutdown()


def setup(service: str, settings: ServiceSettings) -> Telemetry:
    """Set up tracing, metrics and logging for this process; to be called once, before anything is served."""
    set_up_logging(service, settings)
    resource = Resource.create(
        {
            "service.name": service,
            "service.namespace": "smartfactory",
            "service.version": settings.version,
            "deployment.environment.name": settings.app_env,
        }
    )
    tracer_provider = TracerProvider(resource=resource, span_limits=SpanLimits(max_links=_MOST_LINKS))
    tracer_provider.add_span_processor(DiscreetAddresses())
    if settings.span_file is not None:
        exporter = SpanFile(settings.span_file, service=service)
        tracer_provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_FLUSH_EVERY_MILLIS))
    readers: list[MetricReader] = [PrometheusMetricReader(scope_info_enabled=False)]
    # What is read as OpenMetrics text shows no exemplars: they are gathered for a collector alone.
    exemplars: ExemplarFilter | None = AlwaysOffExemplarFilter()
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from common import telemetry_collector  # noqa: PLC0415  five megabytes that only a named collector needs

        tracer_provider.add_span_processor(telemetry_collector.span_processor())
        readers.append(telemetry_collector.metric_reader())
        exemplars = None
    meter_provider = MeterProvider(resource=resource, metric_readers=readers, exemplar_filter=exemplars)
    trace.set_tracer_provider(tracer_provider)
    metrics.set_meter_provider(meter_provider)
    return Telemetry(tracer_provider, meter_provider)


class DiscreetAddresses(SpanProcessor):
    """Takes out of spans what a caller may have typed into an address: filters, and what is no word or id in the path.

    The route and the ids stay, so that a request can still be found.
    """

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002  the signature of OpenTelemetry
        attributes = span.attributes or {}
        if "url.query" in attributes:
            span.set_attribute("url.query", _REDACTED)
        if "url.path" in attributes:
            span.set_attribute("url.path", _TYPED.sub(_REDACTED, str(attributes["url.path"])))


class SpanFile(SpanExporter):
    """Appends finished spans to a file, one JSON object a line; several processes may share it."""

    def __init__(self, path: Path, *, service: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._service = service
        self._file: TextIO = path.open("a", encoding="utf-8")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = "".join(json.dumps(self._written(span), ensure_ascii=False, default=str) + "\n" for span in spans)
        self._file.write(lines)
        self._file.flush()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()

    def _written(self, span: ReadableSpan) -> dict[str, object]:
        context, parent = span.get_span_context(), span.parent
        return {
            "service": self._service,
            "name": span.name,
            "kind": span.kind.name,
            "trace_id": trace.format_trace_id(context.trace_id) if context else None,
            "span_id": trace.format_span_id(context.span_id) if context else None,
            "parent_id": trace.format_span_id(parent.span_id) if parent else None,
            "start_ns": span.start_time,
            "end_ns": span.end_time,
            "status": span.status.status_code.name,
            "attributes": dict(span.attributes or {}),
            "links": [
                {
                    "trace_id": trace.format_trace_id(link.context.trace_id),
                    "span_id": trace.format_span_id(link.context.span_id),
                }
                for link in span.links
            ],
        }


def log_formatter(service: str, *, as_json: bool) -> logging.Formatter:
    """What makes a line of every record, whoever's it is: a JSON object, or for a person's eye."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=LOG_FIELDS),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        _Service(service),
        _explain_exception,
    ]
    rendered: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [_tell_exception, structlog.dev.ConsoleRenderer(colors=False)]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered]
    )


def set_up_logging(service: str, settings: ServiceSettings) -> None:
    """Send every library's log records through one formatter to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(log_formatter(service, as_json=settings.log_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = name != "uvicorn.access"
    for name in ("httpx", "httpcore", "aiokafka", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(max(logging.getLogger(name).level, logging.WARNING))
    # What no line of ours tells need not be found out for each record (the logging HOWTO's own switches).
    logging._srcfile = None  # noqa: SLF001  the HOWTO's name for "do not look for the caller"
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _declare(name: str) -> None:
    if name in _declared:
        raise ValueError(f"the metric {name} is declared twice")
    _declared.add(name)


def _add_trace(_logger: object, _method: str, line: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = trace.format_trace_id(context.trace_id)
        line["span_id"] = trace.format_span_id(context.span_id)
    return line


class _Service:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, _logger: object, _method: str, line: EventDict) -> EventDict:
        line["service"] = self._name
        return line


def _explain_exception(_logger: object, _method: str, line: EventDict) -> EventDict:
    found = line.pop("exc_info", None)
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        line["exception"] = [_explained(error) for error in _chain(found)]
    return line


def _tell_exception(_logger: object, _method: str, line: EventDict) -> EventDict:
    found = line.pop("exception", None)
    if found:
        line["exception"] = "\n".join(
            f"{one['type']} {one.get('message', one.get('sqlstate'))} ({', '.join(one['frames'])})" for one in found
        )
    return line


def _explained(error: BaseException) -> MutableMapping[str, Any]:
    # The messages of these libraries repeat what the caller sent; their type and PostgreSQL's code say enough.
    told = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    if type(error).__module__.partition(".")[0] in _WORDY_LIBRARIES:
        told["sqlstate"] = getattr(getattr(error, "orig", error), "sqlstate", None) or "-"
    else:
        told["message"] = str(error)
    return {**told, "frames": _frames(error.__traceback__)}


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return found


def _frames(trace_back: TracebackType | None) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace_back)]
