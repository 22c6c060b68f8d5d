"""Real prefork workers that start, stop, break and are killed behind the real gateway; only the model is scripted."""

from pathlib import Path

import pytest

from support.enrichment import Daybook, kill_group, until
from support.redis_server import RedisServer
from support.scripted_ollama import ScriptedOllama, fault


def embed_calls(ollama: ScriptedOllama, word: str) -> list[int]:
    """How many of our passages each call had."""
    calls = [request.payload["input"] for request in ollama.requests("/api/embed")]
    counts = [sum(word in text for text in texts) for texts in calls if isinstance(texts, list)]
    return [count for count in counts if count]


def test_events_that_wait_are_embedded_together(daybook: Daybook, ollama: ScriptedOllama) -> None:
    journal = daybook.new_journal()
    ids = [daybook.post(journal, f"Swallows number {number} on the wire.") for number in range(24)]
    running = daybook.worker()
    for entry_id in ids:
        daybook.settled(journal, entry_id)
    calls = embed_calls(ollama, "Swallows")
    assert sum(calls) == 24
    assert len(calls) <= 4
    running.stop()


def test_a_poisonous_entry_fails_alone(daybook: Daybook, ollama: ScriptedOllama) -> None:
    journal = daybook.new_journal()
    good = [daybook.post(journal, f"Good day {number}.") for number in range(3)]
    long = daybook.post(journal, "pebble " * 700)
    # The first call holds all; then each is alone, and the first of these is refused again.
    ollama.script("/api/embed", fault(400, "cannot embed this"), fault(400, "cannot embed this"))
    running = daybook.worker(ENRICHMENT_CONCURRENCY="1")
    states = [daybook.settled(journal, entry_id)["embedding"] for entry_id in [*good, long]]
    assert sorted(state["state"] for state in states) == ["done", "done", "done", "failed"], running.log()
    assert [state["reason"] for state in states if state["state"] == "failed"] == ["model_refused"]
    running.stop()


def test_a_model_that_is_not_installed_is_told_at_once(daybook: Daybook) -> None:
    journal = daybook.new_journal()
    running = daybook.worker(ENRICHMENT_CHAT_MODEL="absent:1b")
    found = daybook.settled(journal, daybook.post(journal, "Who will read my mood?"))
    assert found["embedding"]["state"] == "done"
    assert (found["mood"]["state"], found["mood"]["reason"]) == ("failed", "model_missing")
    running.stop()


@pytest.mark.slow  # the broker waits for 30 s before it gives the task to another
def test_a_killed_workers_tasks_are_done_by_the_next(daybook: Daybook, ollama: ScriptedOllama) -> None:
    journal = daybook.new_journal()
    first = daybook.worker()
    ollama.latency_s = 2.0
    try:
        calls = len(ollama.requests("/api/embed"))
        entry_id = daybook.post(journal, "Interrupted in the middle.")
        until(lambda: len(ollama.requests("/api/embed")) > calls, why=first.log)
        kill_group(first)
    finally:
        ollama.latency_s = 0.0
    second = daybook.worker()
    found = daybook.settled(journal, entry_id, within_s=60)
    assert {one["state"] for one in found.values()} == {"done"}
    assert daybook.points(journal) == 1
    second.stop()


def test_told_to_stop_it_finishes_what_it_began(daybook: Daybook, ollama: ScriptedOllama) -> None:
    journal = daybook.new_journal()
    running = daybook.worker()
    ollama.latency_s = 1.0
    try:
        calls = len(ollama.requests("/api/embed"))
        entry_id = daybook.post(journal, "The last one before the bell.")
        until(lambda: len(ollama.requests("/api/embed")) > calls, why=running.log)
        running.stop()
    finally:
        ollama.latency_s = 0.0
    assert running.process.exit_code == 0, running.log()
    assert daybook.entry(journal, entry_id)["enrichments"]["embedding"]["state"] == "done", running.log()


@pytest.mark.skipif(not RedisServer.installed(), reason="redis-server is not installed")
def test_with_redis_as_broker_events_are_still_read_from_nats(daybook: Daybook, tmp_path: Path) -> None:
    journal = daybook.new_journal()
    with RedisServer(tmp_path) as redis:
        running = daybook.worker(ENRICHMENT_BROKER_URL=redis.url())
        found = daybook.settled(journal, daybook.post(journal, "Two buses in a small house."), within_s=15)
        assert {one["state"] for one in found.values()} == {"done"}, running.log()
        running.stop()
        assert running.process.exit_code == 0, running.log()


def test_a_worker_that_cannot_go_on_says_so_by_its_exit_code(daybook: Daybook) -> None:
    running = daybook.worker(ready=False, ENRICHMENT_BROKER_URL="nats://a:b@127.0.0.1:port")
    until(lambda: not running.process.running, why=running.log)
    assert running.process.exit_code != 0
