"""OpenTelemetry's SDK, told everything: it takes nothing from the environment, and its faults reach nobody's work."""

import logging
import os
import ssl
from collections.abc import Sequence
from uuid import uuid4

import requests
import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.util.types import Attributes

from telemetry.endpoint import CollectorAddress, RemoteEndpointRefused

#: Whose spans are known to hold no text.
OUR_TRACERS = frozenset({"daybook", "entry_index", "ollama_client"})
_QUEUE_SPANS = 2048
_BATCH_SPANS = 512
#: At most so much is lost with a process that is killed.
_EVERY_MS = 1000.0
#: One batch with its retries. A collector that takes longer costs spans, and nothing else.
_EXPORT_S = 2.0

log = structlog.get_logger()


def install_provider(service: str, address: CollectorAddress) -> TracerProvider:
    """The global provider from now on; a forked child's batches are its own."""
    # The SDK reads them at odd moments: detectors, which may record the command line, are looked up after each fork.
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        del os.environ[name]
    # Its own complaints come with each batch; ours once an outage.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
    provider = TracerProvider(
        sampler=ParentBased(ALWAYS_ON),
        # Not `Resource.create`, which asks the environment and detectors.
        resource=Resource({"service.name": service, "service.instance.id": str(uuid4())}),
        span_limits=SpanLimits(max_attribute_length=256),
        shutdown_on_exit=False,  # `flush_tracing` is told how long it may take.
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            OwnExporter(address),
            max_queue_size=_QUEUE_SPANS,
            schedule_delay_millis=_EVERY_MS,
            max_export_batch_size=_BATCH_SPANS,
            export_timeout_millis=_EXPORT_S * 1000,
        )
    )
    trace.set_tracer_provider(OwnTracers(provider))
    return provider


class OwnTracers(trace.TracerProvider):
    """Only spans of ours are made: FastAPI brings its own, as others may, and they hold what a client wrote."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._others = trace.NoOpTracerProvider()

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> trace.Tracer:
        chosen = self._provider if instrumenting_module_name in OUR_TRACERS else self._others
        return chosen.get_tracer(instrumenting_module_name, instrumenting_library_version, schema_url, attributes)


class OwnExporter(SpanExporter):
    """Each process has a connection of its own: over one inherited by a fork, two would talk at once."""

    def __init__(self, address: CollectorAddress) -> None:
        self._address = address
        self._owner: int | None = None
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self._owner != os.getpid():
            self._exporter = _exporter(self._address)
            self._owner = os.getpid()
        try:
            # Each time, since what a name stands for may change.
            self._address.refuse_remote()
        except RemoteEndpointRefused:
            return self._told(SpanExportResult.FAILURE, "RemoteEndpointRefused")
        return self._told(self._exporter.export(spans), "CollectorAway")

    def _told(self, result: SpanExportResult, reason: str) -> SpanExportResult:
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            log.warning("tracing.export_failed", reason=reason)
        elif self._failing and not failed:
            log.info("tracing.export_recovered")
        self._failing = failed
        return result


def _exporter(address: CollectorAddress) -> OTLPSpanExporter:
    session = requests.Session()
    # Neither the environment's proxies nor a .netrc: spans go where we were told, and straight.
    session.trust_env = False
    return OTLPSpanExporter(
        address.url,
        # What this machine trusts, SSL_CERT_FILE included: by itself the exporter knows certifi's authorities alone.
        certificate_file=ssl.get_default_verify_paths().cafile,
        headers={},
        timeout=_EXPORT_S,
        compression=Compression.NoCompression,
        session=session,
    )
