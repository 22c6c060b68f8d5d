"""The evidence of ADR 0001 from a running worker: its metrics, its reports to the gateway, and what both say."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import promql_parser as promql
import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from gateway.domain.decision import INFERENCE_S, OVERHEAD_SHARE, RATE, TASKS_MIN
from ollama_client import OllamaClient, OllamaConfig
from support.enrichment import Daybook, Worker, until
from support.promql import walk
from support.scripted_ollama import EMBEDDING_MODEL, ScriptedOllama
from worker_kit import (
    EvidenceReporter,
    EvidenceReporterConfig,
    GatewayConfig,
    gather_evidence,
    note_call,
    run_async,
)

RULES = Path(__file__).parents[3] / "deploy" / "grafana" / "rules"
EMBED, MOOD = "enrichment.embed", "enrichment.infer_mood"
OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@pytest.fixture(scope="module")
def known_before(daybook: Daybook) -> dict[str, tuple[int, int]]:
    return tasks(daybook)


@pytest.fixture(scope="module")
def worker(daybook: Daybook, known_before: dict[str, tuple[int, int]]) -> Iterator[Worker]:
    running = daybook.worker(ENRICHMENT_EVIDENCE_EVERY_S="2", ENRICHMENT_EMBED_BATCH="1")
    yield running
    running.stop()


def decision(daybook: Daybook, **query: object) -> dict[str, Any]:
    answer = daybook.http.get("/v1/admin/decision", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def kinds(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {kind["task"]: kind for kind in view["kinds"]}


def tasks(daybook: Daybook) -> dict[str, tuple[int, int]]:
    """Tasks, and those that asked a model, of each kind as the gateway knows them."""
    return {task: (kind["tasks"], kind["tasks_with_inference"]) for task, kind in kinds(decision(daybook)).items()}


def counted(worker: Worker, task: str) -> tuple[float, float, float]:
    metrics = worker.metrics()
    return tuple(
        metrics.get(f'daybook_{name}_seconds_count{{task="{task}"}}', 0.0)
        for name in ("worker_task", "inference", "bridge_overhead")
    )


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((RULES / "decision.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_task_is_counted_and_the_gateway_knows_of_it(daybook: Daybook, worker: Worker) -> None:
    before, counted_before = tasks(daybook), {task: counted(worker, task) for task in (EMBED, MOOD)}
    journal = daybook.new_journal()
    for number in range(6):
        daybook.settled(journal, daybook.post(journal, f"Counted evening number {number}."))
    for task in (EMBED, MOOD):
        grown = [now - was for now, was in zip(counted(worker, task), counted_before[task], strict=True)]
        assert grown == [6, 6, 6], task

    def known() -> bool:
        now = tasks(daybook)
        return all(
            [a - b for a, b in zip(now.get(task, (0, 0)), before.get(task, (0, 0)), strict=True)] == [6, 6]
            for task in (EMBED, MOOD)
        )

    until(known, why=lambda: str((before, tasks(daybook), worker.log()[-2000:])))


def test_a_model_that_takes_its_time_meets_no_reason_to_reconsider(
    daybook: Daybook, worker: Worker, ollama: ScriptedOllama
) -> None:
    journal = daybook.new_journal()
    seen: list[dict[str, Any]] = []

    def judged() -> bool:
        """By the tasks of the last seconds alone: other tests' models are fast."""
        for entry in [daybook.post(journal, f"Weighed evening {number}.") for number in range(4)]:
            daybook.settled(journal, entry)
        seen[:] = [kinds(decision(daybook, window="8s", min_tasks=4)).get(EMBED, {})]
        return {one["state"] for one in seen[0].get("triggers", {}).values()} == {"not_met"}

    ollama.latency_s = 1.0
    try:
        until(judged, why=lambda: str(seen))
    finally:
        ollama.latency_s = 0.0
    assert INFERENCE_S < seen[0]["inference_mean_s"] <= seen[0]["task_mean_s"]
    assert 0 < seen[0]["bridge_mean_s"] < 0.01 * seen[0]["task_mean_s"]


def test_tasks_with_next_to_no_work_meet_every_reason(daybook: Daybook, ollama: ScriptedOllama) -> None:
    """Not by Celery, which is too slow for it, but over the same bridge, client, NATS and gateway."""
    config = OllamaConfig(base_url=ollama.url, on_call=note_call)

    async def embed() -> None:
        async with OllamaClient(config) as client:
            await client.embed(EMBEDDING_MODEL, ["x"])

    def found(task: str, times: int, work: Callable[[], object]) -> dict[str, Any]:
        gateway = GatewayConfig(nats_url=daybook.nats_url, key=daybook.worker_key)
        with EvidenceReporter(EvidenceReporterConfig(gateway, every_s=3600)):
            for _ in range(times):
                with gather_evidence(task):
                    work()
        return kinds(decision(daybook))[task]["triggers"]

    def is_fast() -> dict[str, Any] | None:
        """A busy machine may be slow at times: another kind, and another try."""
        triggers = found(f"decision.fast_{next(attempts)}", TASKS_MIN, lambda: run_async(embed(), deadline_s=5))
        return triggers if triggers["inference"]["state"] == "met" else None

    attempts = count()
    triggers = until(is_fast)
    assert triggers["inference"]["says"].endswith("< 10 ms")
    assert triggers["overhead"]["state"] == "met", triggers
    assert triggers["rate"]["state"] == "not_met", triggers
    assert found("decision.many", 50_000, lambda: None)["rate"]["state"] == "met"
    view = decision(daybook)
    assert view["verdict"] == "reconsider"
    assert "decision.many: " in view["conclusion"]
    assert EMBED not in view["conclusion"] or kinds(view)[EMBED]["tasks"] >= TASKS_MIN


def test_the_exposition_is_open_metrics_where_it_is_asked_for(worker: Worker) -> None:
    answer = httpx.get(f"http://127.0.0.1:{worker.port}/metrics", headers=OPEN_METRICS, trust_env=False)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    bounds = {
        sample.labels["le"]
        for sample in families["daybook_inference_seconds"].samples
        if sample.name.endswith("_bucket")
    }
    assert "0.01" in bounds, "the reason to reconsider can be seen"


def test_every_rule_uses_what_a_worker_exposes(daybook: Daybook, worker: Worker) -> None:
    journal = daybook.new_journal()
    daybook.settled(journal, daybook.post(journal, "Something to count."))
    exposed: dict[str, set[str]] = {}
    text = httpx.get(f"http://127.0.0.1:{worker.port}/metrics", trust_env=False).text
    for name, labels in re.findall(r"^([a-z_]+)(?:\{(.*)\})? ", text, re.MULTILINE):
        exposed.setdefault(name, set()).update(re.findall(r'([a-z_]+)="', labels))
    # A recorded series has the labels that its rule sums by.
    recorded = {rule["record"]: {"task"} for rule in rules() if "record" in rule}
    for rule in rules():
        used = [part for part in walk(promql.parse(rule["expr"])) if isinstance(part, promql.VectorSelector)]
        assert used, rule
        for selector in used:
            labels = {**exposed, **recorded}.get(selector.name)
            assert labels is not None, f"nothing exposes {selector.name}"
            assert {matcher.name for matcher in selector.matchers.matchers} <= labels
        for part in walk(promql.parse(rule["expr"])):
            if isinstance(part, promql.AggregateExpr):
                assert set(part.modifier.labels) <= exposed["daybook_worker_task_seconds_count"]


def test_the_alerts_have_the_thresholds_of_the_endpoint_and_name_it() -> None:
    alerts = {rule["alert"]: rule for rule in rules() if "alert" in rule}
    numbers = {
        name: {part.val for part in walk(promql.parse(rule["expr"])) if isinstance(part, promql.NumberLiteral)}
        for name, rule in alerts.items()
    }
    assert numbers == {
        "DaybookInferenceFast": {INFERENCE_S, TASKS_MIN},
        "DaybookTaskRateHigh": {RATE},
        "DaybookBridgeOverheadHigh": {OVERHEAD_SHARE, TASKS_MIN, 0},
    }
    for rule in alerts.values():
        assert (RULES.parents[2] / rule["annotations"]["decision"]).exists()
        assert "/v1/admin/decision" in rule["annotations"]["endpoint"]


def test_a_worker_that_stops_leaves_nothing_unreported(
    daybook: Daybook, worker: Worker, known_before: dict[str, tuple[int, int]]
) -> None:
    """The last of this module: the worker is gone afterwards."""
    journal = daybook.new_journal()
    for entry in [daybook.post(journal, f"Last evening {number}.") for number in range(3)]:
        daybook.settled(journal, entry)
    whole = {task: counted(worker, task)[0] for task in (EMBED, MOOD)}
    worker.stop()
    known = tasks(daybook)
    assert {task: known[task][0] - known_before.get(task, (0, 0))[0] for task in whole} == whole
