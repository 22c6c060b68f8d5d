"""Logs and metrics in one shape for every service: it knows nothing of entries, brokers or models."""

from telemetry.histograms import TracedHistogram
from telemetry.logs import LogFormat, bound, configure_logging, redact
from telemetry.metrics import ProbeServer, Readiness, collected, serve_probes

__all__ = [
    "LogFormat",
    "ProbeServer",
    "Readiness",
    "TracedHistogram",
    "bound",
    "collected",
    "configure_logging",
    "redact",
    "serve_probes",
]
