"""Exemplars of a prefork pool: kept a process, merged by whoever is asked, and not lost with a process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from opentelemetry.trace import SpanContext, TraceFlags
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from support.traces import span
from telemetry import TracedHistogram
from telemetry.exemplars import SLOT_BYTES, ExemplarFile, Record, bucket_of, files_of_processes, latest
from telemetry.pool_files import bury_dead

ROOT = Path(__file__).parents[3]
BUCKET = bucket_of("daybook_test_seconds_bucket", {"task": "t", "le": "0.1"})
#: `prometheus_client` chooses its mode when it is imported: a pool is a process of its own.
POOL = """
import os, sys
from prometheus_client import Counter
from support.traces import span
from telemetry import TracedHistogram
from telemetry.metrics import exposition
SECONDS = TracedHistogram("daybook_test_seconds", "Of a test.", ["task"], buckets=(0.1, 1.0))
TURNS = Counter("daybook_test_turns_total", "Of a test.", ["task"])

def child(trace_id, value):
    process = os.fork()
    if process == 0:
        with span(trace_id):
            SECONDS.observe(value, "t")
        TURNS.labels("t").inc()
        os._exit(0)
    os.waitpid(process, 0)

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
"""


@pytest.fixture
def pool(tmp_path: Path) -> Callable[[str], str]:
    """Runs lines after the pool's own, with a directory for its counts: what they print."""

    def run(lines: str) -> str:
        environment = {
            **os.environ,
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
            "PYTHONPATH": str(ROOT / "tests"),
        }
        done = subprocess.run(
            [sys.executable, "-c", POOL + lines],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def exemplars(exposition: str) -> dict[tuple[str, str], str]:
    """Trace ids by sample name and `le`, read by a strict parser."""
    return {
        (sample.name, sample.labels["le"]): sample.exemplar.labels["trace_id"]
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.exemplar
    }


def test_children_leave_an_exemplar_a_bucket_and_the_latest_wins(pool: Callable[[str], str], tmp_path: Path) -> None:
    exposed = pool("""
child(0xa1, 0.05); child(0xa2, 0.5); child(0xa3, 7.0); child(0xa4, 0.06)
sys.stdout.write(exposition(OPEN_METRICS)[0].decode())
""")
    assert exemplars(exposed) == {
        ("daybook_test_seconds_bucket", "0.1"): f"{0xA4:032x}",
        ("daybook_test_seconds_bucket", "1.0"): f"{0xA2:032x}",
        ("daybook_test_seconds_bucket", "+Inf"): f"{0xA3:032x}",
    }
    assert 'daybook_test_seconds_count{task="t"} 4.0' in exposed


def test_the_text_format_has_the_numbers_and_no_exemplars(pool: Callable[[str], str]) -> None:
    exposed = pool("""
child(0xa1, 0.05)
body, content_type = exposition()
sys.stdout.write(content_type + "\\n" + body.decode())
""")
    assert exposed.startswith("text/plain")
    assert 'daybook_test_seconds_bucket{le="0.1",task="t"} 1.0\n' in exposed
    assert "trace_id" not in exposed


def test_files_of_the_dead_are_added_up_and_do_not_pile_up(pool: Callable[[str], str], tmp_path: Path) -> None:
    exposed = pool("""
for number in range(20):
    child(0xb000 + number, 0.05)
    if number % 7 == 0:
        exposition()
sys.stdout.write(exposition(OPEN_METRICS)[0].decode())
""")
    assert 'daybook_test_seconds_count{task="t"} 20.0' in exposed
    assert 'daybook_test_turns_total{task="t"} 20.0' in exposed
    assert exemplars(exposed) == {("daybook_test_seconds_bucket", "0.1"): f"{0xB013:032x}"}
    # Process 0's and those of the main process, which has made its metrics.
    assert len(list(tmp_path.iterdir())) <= 5, sorted(tmp_path.iterdir())
    assert set(files_of_processes(tmp_path)) == {0}


def test_the_living_keep_their_files(tmp_path: Path) -> None:
    file = ExemplarFile(tmp_path)
    file.put(BUCKET, record(1.0))
    assert bury_dead(tmp_path) == 0
    file.put(BUCKET, record(2.0))
    assert latest(files_of_processes(tmp_path).values())[BUCKET].at_s == 2.0
    file.close()


def test_a_slot_that_is_half_written_is_passed_over(tmp_path: Path) -> None:
    file = ExemplarFile(tmp_path)
    whole = bucket_of("daybook_test_seconds_bucket", {"task": "u", "le": "0.1"})
    file.put(BUCKET, record(1.0))
    file.put(whole, record(1.0))
    file.close()
    (path,) = files_of_processes(tmp_path).values()
    content = bytearray(path.read_bytes())
    content[12] ^= 0xFF
    for torn in (bytes(content), bytes(content) + b"\1" * (SLOT_BYTES // 2)):
        path.write_bytes(torn)
        assert set(latest([path])) == {whole}


def test_labels_too_long_for_a_slot_leave_none(tmp_path: Path) -> None:
    file = ExemplarFile(tmp_path)
    file.put(bucket_of("daybook_test_seconds_bucket", {"task": "x" * 300}), record(1.0))
    file.put(BUCKET, record(1.0))
    file.close()
    assert set(latest(files_of_processes(tmp_path).values())) == {BUCKET}


def test_without_a_pool_the_library_keeps_them_and_an_unsampled_trace_leaves_none() -> None:
    registry = CollectorRegistry()
    seconds = TracedHistogram("daybook_alone_seconds", "Of a test.", ["task"], buckets=(0.1, 1.0), registry=registry)
    with span(0xC1):
        seconds.observe(0.05, "t")
    with span(0xC2, sampled=False):
        seconds.observe(0.06, "t")
    seconds.observe(0.5, "t")
    exposed = generate_latest(registry).decode()
    assert exemplars(exposed) == {("daybook_alone_seconds_bucket", "0.1"): f"{0xC1:032x}"}
    assert 'daybook_alone_seconds_count{task="t"} 3.0' in exposed


def test_keeping_one_costs_microseconds(tmp_path: Path) -> None:
    file = ExemplarFile(tmp_path)
    context = SpanContext(0xD1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    took: list[float] = []
    for _ in range(500):
        began_s = time.perf_counter()
        file.keep(BUCKET, 0.05, context)
        took.append(time.perf_counter() - began_s)
    file.close()
    assert sorted(took)[250] < 0.0005


def record(at_s: float) -> Record:
    return Record(at_s, 0.05, b"\1" * 16, b"\2" * 8)
