"""One real prefork worker behind the real gateway; only the model is scripted."""

import time
from collections.abc import Iterator

import pytest

from contracts.subjects import EVENTS
from support.enrichment import Daybook, Worker, until
from support.scripted_ollama import ScriptedOllama, fault


@pytest.fixture(scope="module")
def worker(daybook: Daybook) -> Iterator[Worker]:
    running = daybook.worker()
    yield running
    running.stop()


def test_an_entry_becomes_an_embedding_and_a_mood_and_can_be_found(daybook: Daybook, worker: Worker) -> None:
    journal = daybook.new_journal()
    entry_id = daybook.post(journal, "Walked along the river with Mara until dusk.")
    found = daybook.settled(journal, entry_id)
    assert found["embedding"]["state"] == found["mood"]["state"] == "done", worker.log()
    assert found["embedding"]["result"]["dimension"] == 384
    assert found["embedding"]["result"]["provenance"]["model_digest"]
    mood = found["mood"]["result"]
    assert (mood["method"], mood["label"], mood["valence"]) == ("llm", "calm", 0.4)
    assert mood["provenance"]["prompt_version"]
    assert [hit["entry_id"] for hit in daybook.search(journal, "river walk with Mara")] == [entry_id]
    metrics = worker.metrics()
    for task in ("enrichment.embed", "enrichment.infer_mood"):
        for evidence in ("bridge_overhead", "inference", "worker_task"):
            assert metrics[f'daybook_{evidence}_seconds_count{{task="{task}"}}'] >= 1
    assert worker.probe("/healthz") == 200
    assert "river" not in worker.log()


def test_a_revision_replaces_and_an_erasure_leaves_nothing(daybook: Daybook, worker: Worker) -> None:
    journal = daybook.new_journal()
    entry_id = daybook.post(journal, "Beans sown in the garden. " * 120)
    daybook.settled(journal, entry_id)
    assert daybook.points(journal) > 1
    url = f"/v1/journals/{journal}/entries/{entry_id}"
    answer = daybook.http.put(url, json={"body": "Only peas today."}, headers={"If-Match": '"1"'})
    assert answer.is_success, answer.text
    daybook.settled(journal, entry_id)
    until(lambda: daybook.points(journal) == 1)
    assert daybook.http.delete(url, headers={"If-Match": '"2"'}).is_success
    until(lambda: daybook.points(journal) == 0)
    until(lambda: daybook.events_left() == 0)


def test_what_is_no_event_is_dropped_with_a_line_and_blocks_nobody(daybook: Daybook, worker: Worker) -> None:
    daybook.publish_event(f"{EVENTS}.entry.created", b'{"not": "an event"}')
    daybook.publish_event(f"{EVENTS}.entry.created", b"\xff\x00 not even JSON")
    until(lambda: len(worker.events("event.rejected")) == 2, why=worker.log)
    journal = daybook.new_journal()
    daybook.settled(journal, daybook.post(journal, "After the noise."))
    until(lambda: daybook.events_left() == 0)


def test_a_fault_that_passes_is_tried_again(daybook: Daybook, worker: Worker, ollama: ScriptedOllama) -> None:
    journal = daybook.new_journal()
    ollama.script("/api/embed", fault(503, "server busy"), fault(500, "out of memory"))
    found = daybook.settled(journal, daybook.post(journal, "Third time lucky."))
    assert found["embedding"]["state"] == "done", worker.log()
    assert len(worker.events("task.retried")) >= 2


def test_while_the_model_server_is_away_no_attempt_is_burnt(
    daybook: Daybook, worker: Worker, ollama: ScriptedOllama
) -> None:
    retried = len(worker.events("task.retried"))
    ollama.go_away()
    try:
        until(lambda: [line["state"] for line in worker.events("model_gate.turned")] == ["closed"], why=worker.log)
        journal = daybook.new_journal()
        entry_id = daybook.post(journal, "Nobody to read this yet.")
        until(lambda: daybook.events_left() == 0)
        # Several rounds of probes, in which a worker that took tasks would have tried.
        began_s = time.monotonic()
        until(lambda: time.monotonic() - began_s > 1.5)
        assert {one["state"] for one in daybook.entry(journal, entry_id)["enrichments"].values()} == {"pending"}
        assert len(worker.events("task.retried")) == retried
    finally:
        ollama.listen()
    found = daybook.settled(journal, entry_id)
    assert {one["state"] for one in found.values()} == {"done"}
    assert [line["state"] for line in worker.events("model_gate.turned")] == ["closed", "open"]
