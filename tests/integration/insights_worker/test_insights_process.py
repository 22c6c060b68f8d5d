"""The process as a supervisor sees it: its exit code, its probes, its log lines."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

DEADLINE_S = 20.0


@contextmanager
def worker(**environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "insights_worker", "work"],
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=DEADLINE_S)


def next_line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stderr is not None
    return json.loads(process.stderr.readline())


def get(port: object, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, ""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_answers_probes_and_stops_cleanly(how: signal.Signals) -> None:
    with worker(INSIGHTS_METRICS_PORT="0") as process:
        started = next_line(process)
        assert started["event"] == "worker.started"
        assert started["service"] == "insights-worker"
        assert started["consumes"] == []
        port = started["metrics_port"]
        assert get(port, "/healthz") == (200, '{"status":"ok"}')
        assert get(port, "/readyz")[0] == 200
        assert "python_info" in get(port, "/metrics")[1]
        began_s = time.monotonic()
        process.send_signal(how)
        assert process.wait(DEADLINE_S) == 0
        assert time.monotonic() - began_s < 5
        assert next_line(process)["event"] == "worker.stopped"


def test_a_taken_port_is_named_and_ends_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with worker(INSIGHTS_METRICS_PORT=str(port)) as process:
            assert process.wait(DEADLINE_S) == 1
            assert process.stderr is not None
            assert f"cannot listen on 127.0.0.1:{port}" in process.stderr.read()


def test_a_bad_setting_is_named_by_its_variable() -> None:
    with worker(INSIGHTS_METRICS_PORT="many") as process:
        assert process.wait(DEADLINE_S) == 2
        assert process.stderr is not None
        assert "INSIGHTS_METRICS_PORT" in process.stderr.read()


def test_it_needs_no_other_server() -> None:
    with worker(INSIGHTS_METRICS_PORT="0", INSIGHTS_NATS_URL="nats://127.0.0.1:1") as process:
        assert next_line(process)["event"] == "worker.started"
