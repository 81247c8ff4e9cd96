"""A span says which route and which ids were asked for, and nothing that somebody typed into the address."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from common.telemetry import DiscreetAddresses

CALL = "0199f1b0-1d20-7c31-9b52-3c1e8f40a201"


@pytest.mark.promise("R34")
@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"/v1/calls/{CALL}/progress", f"/v1/calls/{CALL}/progress"),
        ("/v1/parked-events/12/discard-confirmations", "/v1/parked-events/12/discard-confirmations"),
        ("/v1/calls/010-7310-0257/progress", "/v1/calls/REDACTED/progress"),
        ("/v1/calls/01073100257", "/v1/calls/REDACTED"),
        ("/v1/companies/홍길동", "/v1/companies/REDACTED"),
        ("/kim@example.test", "/REDACTED"),
        ("/v1/split-rules/2024-B-1/preview", "/v1/split-rules/REDACTED/preview"),
        (f"/v1/calls/{CALL}x", "/v1/calls/REDACTED"),
        ("/", "/"),
    ],
)
def test_what_is_no_word_and_no_id_is_taken_out_of_the_path(path: str, told: str) -> None:
    exported = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(DiscreetAddresses())
    provider.add_span_processor(SimpleSpanProcessor(exported))
    attributes = {"url.path": path, "url.query": "q=홍길동", "http.request.method": "GET"}
    provider.get_tracer("test").start_span("GET", attributes=attributes).end()
    [span] = exported.get_finished_spans()
    assert span.attributes == {"url.path": told, "url.query": "REDACTED", "http.request.method": "GET"}
