"""Spans hold no words, continue what came from elsewhere, and go nowhere but home."""

import json
import logging

import pytest
import structlog
from opentelemetry.trace import StatusCode

from support.traces import recorded
from support.traces import span as current
from telemetry import annotate, configure_logging, current_traceparent, span, spans, traceparent_of
from telemetry.endpoint import CollectorAddress, InvalidEndpoint, RemoteEndpointRefused

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_without_tracing_there_is_no_traceparent():
    with span("anything", parent=PARENT) as made:
        assert not made.is_recording()
    assert current_traceparent() is None


def test_a_span_goes_on_from_a_traceparent(monkeypatch):
    with recorded(monkeypatch, spans) as ended, span("work", parent=PARENT) as made:
        assert current_traceparent() == traceparent_of(made)
    (work,) = ended
    assert f"{work.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{work.parent.span_id:016x}" == PARENT.split("-")[2]


@pytest.mark.parametrize("invented", ["", "x", "00-0-0-01", PARENT + "-more", PARENT.replace("0af7", "zzzz"), "\x00"])
def test_what_is_no_traceparent_begins_a_new_trace(monkeypatch, invented):
    with recorded(monkeypatch, spans) as ended, span("work", parent=invented, links=[invented]):
        pass
    assert ended[0].parent is None
    assert not ended[0].links


def test_links_lead_to_each_of_several_traces(monkeypatch):
    others = [PARENT, PARENT.replace("0af7", "1af7")]
    with recorded(monkeypatch, spans) as ended, span("batch", links=others):
        pass
    assert [f"{link.context.trace_id:032x}" for link in ended[0].links] == [other.split("-")[1] for other in others]


def test_an_error_is_told_by_its_type_and_never_by_its_words(monkeypatch):
    with recorded(monkeypatch, spans) as ended, pytest.raises(ValueError, match="secret"), span("work"):
        annotate(entries=3)
        raise ValueError("a secret of the diary")
    (work,) = ended
    assert work.status.status_code is StatusCode.ERROR
    assert dict(work.attributes) == {"daybook.entries": 3, "error.type": "ValueError"}
    assert "secret" not in work.to_json()
    assert not work.events


def test_a_line_inside_of_a_span_says_its_trace(capfd):
    structlog.reset_defaults()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    try:
        configure_logging(service="tests")
        with current(0xABC, 0x12):
            structlog.get_logger().info("inside")
            logging.getLogger("theirs").info("also inside")
        structlog.get_logger().info("outside")
    finally:
        root.handlers[:], root.level = before
        structlog.reset_defaults()
    inside, theirs, outside = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert (inside["trace_id"], inside["span_id"]) == (f"{0xABC:032x}", f"{0x12:016x}")
    assert theirs["trace_id"] == inside["trace_id"]
    assert "trace_id" not in outside


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
        ("https://[::1]:4318/otlp/v1/traces", "https://[::1]:4318/otlp/v1/traces"),
        ("http://192.168.3.4", "http://192.168.3.4/v1/traces"),
    ],
)
def test_collectors_at_home_are_taken(endpoint, url):
    address = CollectorAddress(endpoint, allow_remote=False)
    address.refuse_remote()
    assert address.url == url


@pytest.mark.parametrize("host", ["93.184.216.34", "[2606:2800:220:1::1]", "[2001:0:53aa:64c::]", "[::ffff:8.8.8.8]"])
def test_collectors_elsewhere_are_refused_unless_allowed(host):
    with pytest.raises(RemoteEndpointRefused, match="otlp_allow_remote"):
        CollectorAddress(f"http://{host}:4318", allow_remote=False).refuse_remote()
    CollectorAddress(f"http://{host}:4318", allow_remote=True).refuse_remote()


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "127.0.0.1:4318",
        "grpc://127.0.0.1",
        "http://",
        "http://127.0.0.1:99999",
        "http://me:pw@127.0.0.1",
        "http://h?k=1",
    ],
)
def test_what_is_no_endpoint_is_refused_without_being_repeated(endpoint):
    with pytest.raises(InvalidEndpoint) as refused:
        CollectorAddress(endpoint, allow_remote=True)
    assert "pw" not in str(refused.value)
