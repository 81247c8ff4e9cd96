"""A log line tells what is on the list and nothing else, as JSON or for a person, also when something failed."""

import json
import logging
import sys

from opentelemetry.sdk.trace import TracerProvider

from common.telemetry import log_formatter

JSON_LINE, PLAIN_LINE = (log_formatter("applicant", as_json=as_json) for as_json in (True, False))


def record(message: str = "request", *args: object, error: BaseException | None = None, **extra: object):
    told = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("common.web.edge", logging.INFO, __file__, 1, message, args, told)
    made.__dict__.update(extra)
    return made


def failed() -> Exception:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError:
        error = sys.exc_info()[1]
        assert isinstance(error, ValueError)
        return error


def test_a_line_carries_the_listed_fields_and_no_other():
    line = json.loads(JSON_LINE.format(record("신청 %s", "접수", status=201, body="secret", token="t")))

    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "신청 접수", "level": "info", "logger": "common.web.edge", "status": 201, "service": "applicant",
    }  # fmt: skip


def test_a_line_names_the_trace_that_it_was_written_in():
    with TracerProvider().get_tracer("test").start_as_current_span("span") as span:
        line = json.loads(JSON_LINE.format(record()))

    assert int(line["trace_id"], 16) == span.get_span_context().trace_id
    assert int(line["span_id"], 16) == span.get_span_context().span_id


def test_an_error_is_told_with_its_cause_in_both_forms():
    line = json.loads(JSON_LINE.format(record("it failed", error=failed())))
    told = PLAIN_LINE.format(record("it failed", error=failed()))

    assert [error["type"] for error in line["exception"]] == ["builtins.ValueError", "builtins.KeyError"]
    assert line["exception"][0]["message"] == "outer"
    assert line["exception"][0]["frames"][0].startswith("test_log_lines.py:")
    assert "it failed" in told
    assert "builtins.ValueError outer (test_log_lines.py:" in told


def test_the_message_of_a_library_that_repeats_input_is_left_out():
    class Wordy(Exception):
        __module__ = "asyncpg.exceptions"

    for form in (JSON_LINE, PLAIN_LINE):
        assert "880101" not in form.format(record("it failed", error=Wordy("880101-1234567")))
