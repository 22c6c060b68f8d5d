"""Spans of a process and its forks reach a collector, whatever the environment says; their loss costs no work."""

import json
import os
import subprocess
import sys
from pathlib import Path

from devstack.ports import free_port
from support.counting_http import CountingServer
from support.otlp_receiver import OtlpReceiver

TESTS = Path(__file__).parents[2]
#: Each would send spans elsewhere, put more into them, or make none.
SURPRISES = {
    "NO_PROXY": "",
    "no_proxy": "",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "*",
    "OTEL_RESOURCE_ATTRIBUTES": "owner=anna",
    "OTEL_SERVICE_NAME": "another",
    "OTEL_EXPORTER_OTLP_HEADERS": "x-surprise=yes",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9/nowhere",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
    "OTEL_TRACES_SAMPLER": "always_off",
    "OTEL_SDK_DISABLED": "true",
}


def run(endpoint: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """It prints how long its last flush took."""
    return subprocess.run(
        [sys.executable, "-m", "support.tracing_process", endpoint],
        env={**os.environ, "PYTHONPATH": str(TESTS), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_each_process_sends_its_own_spans_and_nothing_of_its_environment():
    with OtlpReceiver() as receiver, CountingServer() as proxy:
        proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), proxy.url)
        done = run(receiver.url, **SURPRISES, **proxies)
    assert (done.returncode, done.stderr) == (0, "")
    spans = receiver.spans()
    assert sorted(span.name for span in spans) == ["after the fork", "before the fork", "child 0", "child 1", "child 2"]
    assert {span.service for span in spans} == {"tracing-process"}
    assert len({span.instance for span in spans}) == 4
    assert len({span.trace_id for span in spans}) == 5
    assert b"anna" not in receiver.raw
    assert b"tracing_process" not in receiver.raw, "the command line"
    assert {path for path, _ in receiver.requests} == {"/v1/traces"}
    assert not any("surprise" in name.lower() for _, headers in receiver.requests for name in headers)
    assert proxy.connections == 0


def test_a_collector_that_is_away_costs_spans_and_a_moment():
    done = run(f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 0
    assert float(done.stdout) < 4
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["event"] for line in lines} == {"tracing.export_failed"}
    assert len(lines) == 1, "once an outage"


def test_a_public_collector_is_refused_at_the_start():
    done = run("http://93.184.216.34:4318")
    assert done.returncode != 0
    assert "otlp_allow_remote" in done.stderr
