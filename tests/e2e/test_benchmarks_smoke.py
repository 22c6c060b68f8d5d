"""The benchmarks run and report; how fast they are is never asserted."""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.stack import INSIGHTS, Stack
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


async def test_bench_pipeline_reports_a_stack_beside_its_limit(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the stack that runs anyway."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    pipeline = importlib.import_module("pipeline")
    outcome = await pipeline.measure_on(stack, "embedded", stack.config.models, 3)
    (row,) = (line for line in pipeline.table([outcome]) if line.startswith("| embedded"))
    assert row.split("|")[2].strip() == "3"
    assert 0 < outcome.p50_s <= outcome.p95_s


@pytest.mark.timeout(120)
def test_bench_broker_reports_jetstream_beside_the_installed_brokers() -> None:
    report = run(
        "benchmarks/broker.py", "--rounds", "1", "--tasks", "100", "--idle", "1", "--only", "jetstream", "redis"
    )
    rows = {line.split("|")[1].strip(): line.split("|")[2].strip() for line in report.splitlines() if line[:1] == "|"}
    assert float(rows["no-op tasks/s"].split()[0].replace(",", "")) > 0


def test_bench_embed_reports_the_model_alone_and_the_pipeline(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over the stack that runs anyway: its worker takes up to 32 entries a task, and there are never more than 3."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    embed, embed_report, embed_texts = map(importlib.import_module, ("embed", "embed_report", "embed_texts"))
    source, texts = embed_texts.journal_texts(None, 3)
    figures = embed.measure(stack, texts, [3], rounds=1, alone=1, present=3)
    rows = [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("| 3 |")]
    assert rows == ["3", "3"]
    assert figures.runs[3][0].entries == 3
    bare = figures.bare
    for by_size in (
        bare.all_s,
        bare.good_s,
        bare.bad_s,
        bare.behind_s,
        bare.cancelled_s,
        figures.runs,
        figures.memory,
    ):  # the page argues with these sizes
        by_size.update(dict.fromkeys((1, 8, 32, 64), by_size[3]))
    assert "`ENRICHMENT_EMBED_BATCH` is 32" in embed_report.page(source, figures)


def test_bench_ask_reports_what_is_answered_and_what_is_not(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    ask = importlib.import_module("ask")
    options = argparse.Namespace(entries=2, limit=1, orders=0, search_only=True, show=False)
    with ask.Journal(stack) as journal:
        report = ask.measure(journal, options)
    rows = [line.split("|")[1].strip() for line in report.splitlines() if line.startswith(("| tuned", "| held"))]
    assert len(rows) == 4


@pytest.mark.timeout(120)
def test_bench_search_finds_names_by_words_and_reports_every_way_of_searching() -> None:
    report = run("benchmarks/search.py", "--sizes", "100")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in report.splitlines() if line.startswith("| 100 ")
    ]
    names = {row[1]: float(row[4]) for row in rows}
    assert len(names) == 5
    assert names["dense"] < 0.5
    assert min(names["hybrid"], names["lexical"]) > 0.8


async def test_bench_live_times_the_first_words_by_every_way(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the stack that runs anyway, against the scripted model server."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    live = importlib.import_module("live")
    before = {"INSIGHTS_OLLAMA_URL": f"http://127.0.0.1:{stack.ports['models']}", "INSIGHTS_REFLECTION_CHECKED": "true"}
    with live.scripted_ollama() as scripted:
        try:
            figures = await live.measure(stack, "scripted", scripted, 1)
        finally:
            stack.restart(INSIGHTS, settings=before)
    assert [len(delays) for delays in figures.delays_ms.values()] == [1, 1, 1]
    assert all(delay > 0 for delays in figures.delays_ms.values() for delay in delays)
    assert live.table([figures]).count("| scripted |") == 3


@pytest.mark.timeout(120)
def test_bench_capacity_reports_bytes_an_entry_and_the_hot_routes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    report = importlib.import_module("capacity").bench(entries=64, journals=3, rounds=1)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in report.splitlines() if line.startswith("| ")]
    sizes = {row[1]: int(row[3].replace(",", "")) for row in rows if len(row) == 4 and row[3][:1].isdigit()}
    assert min(sizes["**together**"], sizes["on disk"], *(sizes[what] for what in sizes if "events" in what)) > 0
    assert len([row for row in rows if len(row) == 5 and row[1] == "one of many"]) == 10
    assert "1,000,000 entries in 10,000 journals" in report
