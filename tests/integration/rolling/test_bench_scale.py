"""`make bench-scale` measures and reports; how fast anything is, is never asserted."""

import importlib
from pathlib import Path

import pytest

from support.enrichment import Daybook

ROOT = Path(__file__).parents[3]


@pytest.mark.timeout(300)
def test_bench_scale_counts_every_entry_and_reports_each_number_of_workers_and_gateways(
    daybook: Daybook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    bursts, report = importlib.import_module("scale_bursts"), importlib.import_module("scale_report")
    monkeypatch.setattr(bursts, "CONNECTIONS", 4)
    (taken,) = bursts.measure_gateways(daybook, (1, 2), 0.2, 1)
    assert [one.gateways for one in taken] == [1, 2]
    # What nobody has enriched yet is not for the workers of others.
    daybook.http.delete("/v1/journals/bench").raise_for_status()
    ((burst,),) = bursts.measure_workers(daybook, (1,), 4, 1)
    assert (burst.workers, burst.entries, len(burst.waits_s)) == (1, 4, 4)
    assert all(0 < wait_s <= burst.seconds for wait_s in burst.waits_s)
    page = report.page({1.0: [[burst]]}, [taken], "0.1")
    rows = [line.split("|")[1:4] for line in page.splitlines() if line.startswith(("| 1 |", "| 2 |"))]
    assert [int(row[0]) for row in rows] == [1, 1, 2]
    assert all(float(cell) > 0 for row in rows for cell in row[1:])
