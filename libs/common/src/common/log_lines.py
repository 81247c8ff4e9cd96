"""A log record as one line: a JSON object for machines, or what a person reads at a glance.

Every library's records come through here. A line carries the trace and only the fields of the list below: no body, no
token, no name.
"""

import json
import logging
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import msgspec
from opentelemetry import trace

LOG_FIELDS = frozenset(
    {
        "method", "route", "status", "duration_ms", "request_id",
        "topic", "partition", "offset", "key", "sequence", "event_id", "event_type", "outcome", "count", "reason",
        "job", "service", "state", "seconds", "failpoint", "action",
    }
)  # fmt: skip
"""Every `extra` field a log line may carry. A new one is added here, after asking whether it can hold personal data."""

_WORDY_LIBRARIES = ("sqlalchemy", "asyncpg", "pydantic", "pydantic_core", "httpx", "joserfc")
_NAMED_FIRST = frozenset({"event", "level", "logger", "timestamp", "exception"})

_json = msgspec.json.Encoder(enc_hook=repr)


class JsonLine(logging.Formatter):
    """One JSON object."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = _fields(record, self._service)
        try:
            return _json.encode(line).decode()
        except (ValueError, TypeError, OverflowError, RecursionError):
            # Half a surrogate, or a number beyond 64 bits: written as escapes, since a lost line helps nobody.
            return json.dumps(line, default=repr)


class PlainLine(logging.Formatter):
    """For a person's eye: the moment, what happened, then the rest."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = _fields(record, self._service)
        rest = " ".join(f"{name}={line[name]}" for name in sorted(line.keys() - _NAMED_FIRST))
        told = f"{line['timestamp']} [{line['level']:<8}] {line['event']:<30} [{line['logger']}] {rest}"
        below = [f"{error['type']} {_why(error)}" for error in _explained(record)]
        return "\n  ".join([told, *below])


def _fields(record: logging.LogRecord, service: str) -> dict[str, object]:
    line: dict[str, object] = {
        "event": record.getMessage(),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    line |= {name: value for name, value in record.__dict__.items() if name in LOG_FIELDS}
    line["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat()[:-6] + "Z"
    context = trace.get_current_span().get_span_context()
    if context.trace_id:
        line["trace_id"], line["span_id"] = f"{context.trace_id:032x}", f"{context.span_id:016x}"
    line["service"] = service
    if record.exc_info and record.exc_info[1] is not None:
        line["exception"] = _explained(record)
    return line


def _explained(record: logging.LogRecord) -> list[Mapping[str, object]]:
    error = record.exc_info[1] if record.exc_info else None
    return [] if error is None else [_told(each) for each in _chain(error)]


def _told(error: BaseException) -> Mapping[str, object]:
    # The messages of these libraries repeat what the caller sent; their type and PostgreSQL's code say enough.
    told: dict[str, object] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    if type(error).__module__.partition(".")[0] in _WORDY_LIBRARIES:
        told["sqlstate"] = getattr(getattr(error, "orig", error), "sqlstate", None) or "-"
    else:
        told["message"] = str(error)
    return {**told, "frames": _frames(error.__traceback__)}


def _why(error: Mapping[str, object]) -> str:
    frames = error["frames"]
    said = error.get("message", error.get("sqlstate"))
    return f"{said} ({', '.join(frames) if isinstance(frames, list) else frames})"


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return found


def _frames(trace_back: TracebackType | None) -> list[str]:
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace_back)]
