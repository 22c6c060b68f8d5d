"""The process as a supervisor sees it: its exit code, its probes, its log lines."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import HTTPError
from urllib.request import urlopen

DEADLINE_S = 60.0


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


REQUIRED = {
    "INSIGHTS_NATS_URL": "nats://nobody:nothing@127.0.0.1:1",
    "INSIGHTS_GATEWAY_KEY": "dbk_x_y",
    "INSIGHTS_QDRANT_URL": "http://127.0.0.1:1",
}


def test_a_taken_port_is_named_and_ends_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with worker(**REQUIRED, INSIGHTS_METRICS_PORT=str(port)) as process:
            assert process.wait(DEADLINE_S) == 1
            assert process.stderr is not None
            assert f"cannot listen on 127.0.0.1:{port}" in process.stderr.read()


def test_a_bad_setting_is_named_by_its_variable() -> None:
    with worker(**REQUIRED, INSIGHTS_METRICS_PORT="many") as process:
        assert process.wait(DEADLINE_S) == 2
        assert process.stderr is not None
        assert "INSIGHTS_METRICS_PORT" in process.stderr.read()


def test_without_a_key_it_says_which_settings_would_give_one() -> None:
    without = {name: value for name, value in REQUIRED.items() if name != "INSIGHTS_GATEWAY_KEY"}
    with worker(**without) as process:
        assert process.wait(DEADLINE_S) == 2
        assert process.stderr is not None
        assert "INSIGHTS_GATEWAY_KEY or INSIGHTS_GATEWAY_KEY_FILE" in process.stderr.read()


def test_it_stops_when_told_even_while_nats_is_away() -> None:
    with worker(**REQUIRED, INSIGHTS_METRICS_PORT="0") as process:
        assert process.stderr is not None
        while "Connection" not in (line := process.stderr.readline()) and "connect" not in line:
            assert line, "it ended by itself"
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0
