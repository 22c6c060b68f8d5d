"""Spans go to a collector whose certificate is of an authority that this machine trusts, and to no other."""

import ssl
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult

from support.certificates import Authority
from support.counting_http import CountingServer
from telemetry.endpoint import CollectorAddress
from telemetry.otlp import OwnExporter


def test_the_authorities_of_the_machine_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, other = Authority(tmp_path / "own"), Authority(tmp_path / "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("collector", "127.0.0.1"))
    span = TracerProvider(shutdown_on_exit=False).get_tracer("daybook").start_span("one")
    assert isinstance(span, ReadableSpan)
    with CountingServer(tls=context) as server:
        for trusted, result in ((authority, SpanExportResult.SUCCESS), (other, SpanExportResult.FAILURE)):
            monkeypatch.setenv("SSL_CERT_FILE", trusted.certificate)
            exporter = OwnExporter(CollectorAddress(server.url, allow_remote=False))
            assert exporter.export([span]) is result
            exporter.shutdown()
    assert server.requests == 1
