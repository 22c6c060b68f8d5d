"""The benchmarks run and report; how fast they are is never asserted."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: str) -> str:
    result = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def test_bench_bridge_reports_every_option() -> None:
    report = run("benchmarks/bridge.py", "--runs", "20")
    assert [line.split(":")[0] for line in report.splitlines() if line.startswith(("| A", "| B", "| C"))] == [
        "| A",
        "| B",
        "| C",
        "| C, naive",
    ]


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
