"""Spans and metrics on their way to a collector, where OTEL_EXPORTER_OTLP_ENDPOINT names one."""

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def span_processor() -> SpanProcessor:
    return BatchSpanProcessor(OTLPSpanExporter())


def metric_reader() -> MetricReader:
    return PeriodicExportingMetricReader(OTLPMetricExporter())
