"""The benchmark is a program that people run: it must keep running."""

import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "ingest.py"


def test_the_ingest_benchmark_runs_against_a_real_gateway_process() -> None:
    run = subprocess.run(
        [sys.executable, str(BENCHMARK), "--smoke"], capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "round 1 POST" in run.stdout
    assert "round 1 INSERT" in run.stdout
