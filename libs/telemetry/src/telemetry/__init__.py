"""Logs, metrics and spans in one shape for every service: it knows nothing of entries, brokers or models."""

from telemetry.build_info import BuildInfo
from telemetry.endpoint import InvalidEndpoint, RemoteEndpointRefused, public_addresses
from telemetry.failures import failure_of
from telemetry.histograms import TracedHistogram
from telemetry.logs import LogFormat, LogLevel, bound, bound_id, configure_logging, redact
from telemetry.metrics import ProbeServer, Readiness, collected, exposition, serve_probes
from telemetry.spans import (
    TRACEPARENT,
    annotate,
    begin_span,
    current_traceparent,
    fail,
    inner_span,
    span,
    traceparent_of,
)
from telemetry.tracing import configure_tracing, flush_tracing

__all__ = [
    "TRACEPARENT",
    "BuildInfo",
    "InvalidEndpoint",
    "LogFormat",
    "LogLevel",
    "ProbeServer",
    "Readiness",
    "RemoteEndpointRefused",
    "TracedHistogram",
    "annotate",
    "begin_span",
    "bound",
    "bound_id",
    "collected",
    "configure_logging",
    "configure_tracing",
    "current_traceparent",
    "exposition",
    "fail",
    "failure_of",
    "flush_tracing",
    "inner_span",
    "public_addresses",
    "redact",
    "serve_probes",
    "span",
    "traceparent_of",
]
