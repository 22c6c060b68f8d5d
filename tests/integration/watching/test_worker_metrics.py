"""What workers and the clock tell Prometheus."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.enrichment import until
from support.scripted_ollama import EMBEDDING_MODEL, MODEL
from support.watched_stack import WatchedStack, samples, value

#: Whoever comes first waits for the stack.
pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parents[3]
MOOD = "enrichment.infer_mood"


def test_calls_of_models_are_timed_and_their_tokens_counted(watched: WatchedStack) -> None:
    calls = "daybook_worker_model_call_seconds_count"
    assert value(watched, "enrichment-worker", calls, model=MODEL, operation="chat", outcome="whole") >= 3
    assert value(watched, "enrichment-worker", calls, model=EMBEDDING_MODEL, operation="embed", outcome="whole") >= 3
    assert value(watched, "enrichment-worker", calls, operation="chat", outcome="ServerFault") == 1
    assert value(watched, "insights-worker", calls, model=MODEL, operation="chat", outcome="whole") >= 1
    tokens = "daybook_worker_model_tokens_total"
    assert value(watched, "enrichment-worker", tokens, operation="embed", direction="prompt") > 0
    assert value(watched, "enrichment-worker", tokens, operation="chat", direction="answer") > 0


def test_calls_of_the_index_are_timed_by_what_was_called(watched: WatchedStack) -> None:
    calls = "daybook_worker_index_call_seconds_count"
    assert value(watched, "enrichment-worker", calls, operation="upsert", outcome="ok") >= 3
    (slow,) = samples(watched.targets["enrichment-worker"], calls, operation="upsert")
    assert set(slow.labels) == {"operation", "outcome"}


def test_what_failed_is_counted_by_its_reason(watched: WatchedStack) -> None:
    retries, given_up = "daybook_worker_retries_total", "daybook_worker_given_up_total"
    assert value(watched, "enrichment-worker", retries, task=MOOD, reason="model_unreachable") == 1
    assert value(watched, "enrichment-worker", given_up, task=MOOD, reason="model_missing") == 1
    assert value(watched, "enrichment-worker", "daybook_worker_task_fates_total", task=MOOD, fate="retried") == 1
    (never,) = samples(watched.targets["enrichment-worker"], given_up, task=MOOD, reason="index_refused")
    assert never.value == 0


def test_every_worker_tells_of_all_task_queues(watched: WatchedStack) -> None:
    names = {"enrichment.embed", "enrichment.mood", "enrichment.erase", "insights.reflection", "insights.report"}
    for service in ("enrichment-worker", "insights-worker"):
        assert value(watched, service, "kombu_jetstream_up") == 1
        waiting = samples(watched.targets[service], "kombu_jetstream_queue_messages", state="waiting")
        assert names <= {sample.labels["queue"] for sample in waiting}
        ages = samples(watched.targets[service], "kombu_jetstream_queue_oldest_message_age_seconds", state="waiting")
        assert names <= {sample.labels["queue"] for sample in ages}


def test_every_process_says_what_it_is(watched: WatchedStack) -> None:
    for service in ("enrichment-worker", "insights-worker", "insights-beat"):
        (build,) = samples(watched.targets[service], "daybook_build_info")
        assert build.labels["component"] == service
        assert re.fullmatch(r"\d+\.\d+\.\d+", build.labels["version"])
        assert value(watched, service, "process_start_time_seconds") > 1.7e9
    assert value(watched, "enrichment-worker", "daybook_worker_concurrency") == 2


def test_the_gate_is_seen_to_close_and_to_open(watched: WatchedStack) -> None:
    def gate() -> float:
        return value(watched, "enrichment-worker", "daybook_worker_model_gate_open")

    assert gate() == 1
    watched.ollama.go_away()
    try:
        until(lambda: gate() == 0)
    finally:
        watched.ollama.listen()
    until(lambda: gate() == 1)


def test_the_clock_says_when_it_ticked_and_what_it_sent(watched: WatchedStack) -> None:
    assert watched.beat.probe("/healthz") == 200
    variable = "INSIGHTS_BEAT_METRICS_PORT"
    # As compose.yaml has it asked.
    check = [sys.executable, "-I", "-S", str(ROOT / "deploy/docker/healthcheck.py"), variable, "9103"]
    assert subprocess.run(check, env={variable: str(watched.beat.port)}, check=False).returncode == 0
    ticked = value(watched, "insights-beat", "daybook_beat_last_tick_timestamp_seconds")
    until(lambda: value(watched, "insights-beat", "daybook_beat_last_tick_timestamp_seconds") > ticked)
    until(lambda: value(watched, "insights-beat", "daybook_beat_orders_total", outcome="sent") >= 1)


def test_no_two_workers_share_a_folder_of_counts(watched: WatchedStack) -> None:
    """An operator named one for both: each has made its own in it."""
    folders = [path for path in watched.counts.iterdir() if path.is_dir()]
    assert len(folders) == len(list(watched.counts.iterdir())) == 2
    assert all(list(folder.glob("counter_*.db")) for folder in folders)
    only_insights = value(
        watched, "enrichment-worker", "daybook_worker_task_seconds_count", task="insights.write_reflection"
    )
    assert only_insights == 0
