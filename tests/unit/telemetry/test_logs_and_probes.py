import json
import logging
import warnings
from http.client import RemoteDisconnected
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import structlog
from prometheus_client import Counter

from telemetry import bound, configure_logging, serve_probes

SEEN = Counter("daybook_test_probes", "Counts in this test only.")


@pytest.fixture(autouse=True)
def _restore_logging() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_json_with_its_service_and_ids_and_no_text(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(service="gateway")
    with bound(task_id="t-1"):
        structlog.get_logger().info("entry.stored", entry_id="e-1", body="Dear diary")
    structlog.get_logger().info("entry.after")
    first, second = (json.loads(line) for line in capfd.readouterr().err.splitlines())
    assert first["service"] == "gateway"
    assert first["event"] == "entry.stored"
    assert first["task_id"] == "t-1"
    assert first["body"] == "[redacted]"
    assert "task_id" not in second


def test_lines_of_other_libraries_have_the_same_shape(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(service="worker")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("celery").exception("failed", extra={"text": "Dear diary"})
    line = json.loads(capfd.readouterr().err)
    assert line["event"] == "failed"
    assert "boom" in line["exception"]
    assert line["text"] == "[redacted]"


def test_a_warning_is_one_line_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(service="worker")
    warnings.showwarning("old\nand gone", DeprecationWarning, "somewhere.py", 1)
    (line,) = capfd.readouterr().err.splitlines()
    assert "and gone" in json.loads(line)["event"]


@pytest.mark.parametrize(("error", "lines"), [(BrokenPipeError(), 0), (ValueError("Dear diary"), 1)])
def test_a_prober_that_goes_away_is_nothing_to_tell_and_a_fault_is_one_line(
    capfd: pytest.CaptureFixture[str], error: Exception, lines: int
) -> None:
    configure_logging(service="worker")

    def fails() -> bool:
        raise error

    with serve_probes(host="127.0.0.1", port=0, ready=fails) as probes, pytest.raises(RemoteDisconnected):
        urlopen(f"http://127.0.0.1:{probes.port}/readyz")
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["event"], line["error"]) for line in told] == lines * [("probe.failed", "ValueError")]
    assert "diary" not in str(told)


def test_console_format_is_for_people(capfd: pytest.CaptureFixture[str]) -> None:
    configure_logging(service="worker", log_format="console")
    structlog.get_logger().warning("model.unreachable")
    assert "model.unreachable" in capfd.readouterr().err


def test_probes_tell_health_readiness_and_metrics() -> None:
    ready = False
    SEEN.inc()
    with serve_probes(host="127.0.0.1", port=0, ready=lambda: ready) as probes:
        base = f"http://127.0.0.1:{probes.port}"

        def status(path: str) -> int:
            try:
                with urlopen(base + path) as answer:
                    return answer.status
            except HTTPError as error:
                with error:
                    return error.code

        assert status("/healthz") == 200
        assert status("/readyz") == 503
        ready = True
        assert status("/readyz") == 200
        assert status("/elsewhere") == 404
        with urlopen(base + "/metrics") as answer:
            assert b"daybook_test_probes_total 1.0" in answer.read()
