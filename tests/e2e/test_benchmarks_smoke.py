"""The benchmarks run and report; how fast they are is never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.unmeasured import unmeasured

ROOT = Path(__file__).parents[2]


def run(*command: str) -> str:
    result = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


@pytest.mark.timeout(200)
def test_bench_bridge_reports_every_option_bare_in_celery_and_beside_inference() -> None:
    report = run("benchmarks/bridge.py", "--runs", "10", "--tasks", "10", "--rounds", "1", "--repeats", "1")
    rows = [line.split("|")[1].strip() for line in report.splitlines() if line.startswith("| ")]
    assert sum(row.startswith("C, naive") for row in rows) == 3
    assert sum(row.startswith("A: ") for row in rows) == 2
    assert "embedding, one entry" in rows


@pytest.mark.slow
@pytest.mark.timeout(260)
def test_bench_pipeline_reports_both_stacks_beside_their_limit() -> None:
    report = run("benchmarks/pipeline.py", "--smoke")
    rows = [line for line in report.splitlines() if line.startswith(("| (a)", "| (b)"))]
    assert len(rows) == 2
    assert all(row.split("|")[2].strip() == "6" for row in rows)


@pytest.mark.timeout(120)
def test_bench_broker_reports_jetstream_beside_the_installed_brokers() -> None:
    report = run(
        "benchmarks/broker.py", "--rounds", "1", "--tasks", "100", "--idle", "1", "--only", "jetstream", "redis"
    )
    rows = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in report.splitlines() if line[:1] == "|"}
    assert float(rows["no-op tasks/s"].split()[0].replace(",", "")) > 0
