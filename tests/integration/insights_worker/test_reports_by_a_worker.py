"""A real prefork worker behind the real gateway makes reports; only the model is scripted."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from httpx_sse import connect_sse

from support.enrichment import Daybook, Worker, kill_group, until
from support.scripted_ollama import Answer, ScriptedOllama, Until, chat_lines, fault, ndjson

#: A turn after each answer of the model.
SHORT = {"INSIGHTS_REPORT_TURN_S": "0.001"}
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture(scope="module")
def running(daybook: Daybook) -> Iterator[Worker]:
    worker = daybook.insights_worker(INSIGHTS_CONCURRENCY="2")
    yield worker
    worker.stop()


@pytest.fixture(scope="module")
def enriching(daybook: Daybook) -> Iterator[Worker]:
    # Moods without a chat: what is scripted is for reports alone.
    worker = daybook.worker(ENRICHMENT_MOOD_METHOD="prototypes")
    yield worker
    worker.stop()


def write(daybook: Daybook, journal: str, body: str, at: str) -> str:
    answer = daybook.http.post(f"/v1/journals/{journal}/entries", json={"body": body, "written_at": at})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def ask(daybook: Daybook, journal: str, **order: str) -> str:
    answer = daybook.http.post(f"/v1/journals/{journal}/insights", json=order)
    assert answer.status_code == 202, answer.text
    return answer.headers["location"]


def settled(daybook: Daybook, location: str, worker: Worker) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        found = daybook.http.get(location).json()
        return found if found["state"] not in {"pending", "running"} else None

    return until(done, why=worker.log)


def test_numbers_are_computed_from_the_stored_moods(daybook: Daybook, running: Worker) -> None:
    journal = daybook.new_journal()
    by_chat = daybook.worker()
    ids = [write(daybook, journal, f"Rain and {day} herons.", f"2026-03-{day:02}T10:00:00Z") for day in range(2, 15)]
    for entry_id in ids:
        daybook.settled(journal, entry_id)
    by_chat.stop()
    location = ask(daybook, journal, **{"from": "2026-03-02", "to": "2026-03-15"})
    found = settled(daybook, location, running)
    assert found["state"] == "done", found
    numbers = found["result"]["numbers"]
    assert (numbers["entries"], numbers["moods"], numbers["days"], numbers["days_written"]) == (13, 13, 14, 13)
    assert numbers["valence"]["mean"] == pytest.approx(0.4), "as the scripted model has it"
    assert numbers["trend"]["per_week"] == pytest.approx(0.0, abs=1e-9)
    assert numbers["longest_streak"] == {"days": 13, "first_day": "2026-03-02", "last_day": "2026-03-14"}
    assert numbers["current_streak"] is None, "the last day is empty, and over"
    listed = daybook.http.get(f"/v1/journals/{journal}/insights").json()["reports"]
    assert [(one["id"], one["state"]) for one in listed] == [(found["id"], "done")]


def test_a_report_over_nothing_says_so(daybook: Daybook, running: Worker) -> None:
    location = ask(daybook, daybook.new_journal(), **{"from": "2026-03-02", "to": "2026-03-08"})
    found = settled(daybook, location, running)
    assert (found["state"], found["result"]["numbers"]["entries"]) == ("done", 0)
    assert (found["result"]["summary_missing"], found["result"]["themes_missing"]) == ("no_entries", "too_few_entries")
    assert found["result"]["numbers"]["valence"] is None


def prompts(ollama: ScriptedOllama, words: str) -> list[dict[str, Any]]:
    """Requests for a report in which a text holds the words."""
    calls = [call.payload for call in ollama.requests("/api/chat")]
    return [call for call in calls if any(words in turn["content"] for turn in call["messages"][1:])]


def test_themes_are_entries_that_are_near_in_meaning_named_by_the_model(
    daybook: Daybook, running: Worker, enriching: Worker
) -> None:
    journal = daybook.new_journal()
    herons = [
        write(daybook, journal, f"heron lock gate water fishing {n}", f"2026-03-{n + 1:02}T10:00:00Z") for n in range(7)
    ]
    bread = [
        write(daybook, journal, f"bread oven flour dough kitchen {n}", f"2026-03-{n + 10:02}T10:00:00Z")
        for n in range(5)
    ]
    for entry_id in (*herons, *bread):
        daybook.settled(journal, entry_id)
    result = settled(daybook, ask(daybook, journal, **MARCH), running)["result"]
    assert [set(theme["entry_ids"]) for theme in result["themes"]] == [set(herons), set(bread)]
    first = result["themes"][0]
    assert (first["name"], first["named_by"], first["entries"]) == ("Rain and herons", "model", 7)
    assert set(first["representatives"]) < set(herons)
    assert first["by_day"] == {f"2026-03-{n + 1:02}": 1 for n in range(7)}
    assert first["valence"] is None, "no mood could be told"


def test_every_claim_cites_entries_and_what_cites_none_is_removed_and_counted(
    daybook: Daybook, ollama: ScriptedOllama, running: Worker
) -> None:
    journal = daybook.new_journal()
    ids = [write(daybook, journal, f"Kestrel number {n}.", f"2026-03-0{n}T10:00:00Z") for n in (1, 2, 3)]
    notes = [
        {"text": "You saw kestrels.", "cites": [1, 3, 7]},
        {"text": "You flew to the moon.", "cites": [4]},
        {"text": "You slept.", "cites": []},
    ]
    summary = [{"text": "A time of kestrels.", "cites": [1, 1, 2]}, {"text": "And of moons.", "cites": [0]}]
    suggestions = [{"text": "Look up.", "cites": [1]}]
    ollama.script(
        "/api/chat",
        ndjson(*chat_lines(json.dumps({"notes": notes}))),
        ndjson(*chat_lines(json.dumps({"summary": summary, "suggestions": suggestions}))),
    )
    result = settled(daybook, ask(daybook, journal, **MARCH), running)["result"]
    kestrels = {"text": "A time of kestrels.", "entry_ids": [ids[0], ids[2]]}
    assert result["summary"] == [kestrels]
    assert result["suggestions"] == [{"text": "Look up.", "entry_ids": [ids[0], ids[2]]}]
    assert result["removed"] == {"citations": 4, "claims": 3, "numbers": 0, "unfit": 0, "answers": 0}
    assert result["provenance"]["calls"] == 2
    assert "Kestrel" not in running.log()


def test_numbers_are_the_texts_and_never_the_models(daybook: Daybook, ollama: ScriptedOllama, running: Worker) -> None:
    journal = daybook.new_journal()
    first = write(daybook, journal, "Siskins: 12 of them at the feeder.", "2026-03-01T10:00:00Z")
    write(daybook, journal, "Siskins again.", "2026-03-02T10:00:00Z")
    notes = [
        {"text": "You counted twelve siskins on March 1.", "cites": [1]},
        {"text": "You wrote of siskins on 2 of 31 days.", "cites": [1, 2]},
        {"text": "You saw five siskins again.", "cites": [2]},
    ]
    summary = [{"text": "You saw 12 siskins.", "cites": [1]}, {"text": "Your mood rose by 15 %.", "cites": [1]}]
    suggestions = [{"text": "Look for ten minutes a day.", "cites": [1]}]
    ollama.script(
        "/api/chat",
        ndjson(*chat_lines(json.dumps({"notes": notes}))),
        ndjson(*chat_lines(json.dumps({"summary": summary, "suggestions": suggestions}))),
    )
    result = settled(daybook, ask(daybook, journal, **MARCH), running)["result"]
    assert result["summary"] == [{"text": "You saw 12 siskins.", "entry_ids": [first]}]
    assert result["suggestions"] == []
    assert result["removed"] == {"citations": 0, "claims": 0, "numbers": 4, "unfit": 0, "answers": 0}


def test_any_number_of_entries_is_read_in_turns_and_a_killed_worker_loses_one(
    daybook: Daybook, ollama: ScriptedOllama, running: Worker
) -> None:
    """With as little room as the scripted model has, a batch holds a few entries: as with many in a larger one."""
    journal = daybook.new_journal()
    bodies = [f"Curlew {n}: " + "marsh and mud and wind " * 8 for n in range(60)]
    for n, body in enumerate(bodies):
        write(daybook, journal, body, f"2026-03-{n // 2 + 1:02}T{n % 2 + 10}:00:00Z")
    running.stop()  # The others must have the report.
    victim = daybook.insights_worker(**SHORT, INSIGHTS_ACK_WAIT_S="2", INSIGHTS_CONCURRENCY="1")
    ollama.latency_s = 0.1
    try:
        location = ask(daybook, journal, **MARCH)
        seen = until(lambda: _reading(daybook, location, 20), why=victim.log)
        assert seen["progress"]["total"] == 60
        kill_group(victim)
    finally:
        ollama.latency_s = 0.0
    other = daybook.insights_worker(**SHORT, INSIGHTS_ACK_WAIT_S="2", INSIGHTS_CONCURRENCY="1")
    try:
        found = settled(daybook, location, other)
    finally:
        other.stop()
        running.start()
    result = found["result"]
    assert (found["state"], result["entries_read"], result["summary_missing"]) == ("done", 60, None)
    reads = [sum(f"Curlew {n}:" in json.dumps(call) for call in prompts(ollama, "Curlew")) for n in range(60)]
    assert min(reads) == 1, "every entry is read"
    assert sum(reads) < 60 + 15, "what was read before the worker died is not read again, but for one batch"
    for call in prompts(ollama, "Curlew"):
        assert sum(len(turn["content"]) for turn in call["messages"]) < 4000


def _reading(daybook: Daybook, location: str, done: int) -> dict[str, Any] | None:
    found = daybook.http.get(location).json()
    progress = found["progress"]
    return found if progress and progress["step"] == "reading" and progress["done"] >= done else None


def test_progress_names_the_step_that_is_at_work(daybook: Daybook, ollama: ScriptedOllama, running: Worker) -> None:
    journal = daybook.new_journal()
    for n in (1, 2, 3):
        write(daybook, journal, f"Godwit number {n}.", f"2026-03-0{n}T10:00:00Z")
    seen: list[dict[str, Any]] = []

    def done() -> bool:
        found = daybook.http.get(location).json()
        if found["progress"] and found["progress"] not in seen:
            seen.append(found["progress"])
        return found["state"] not in {"pending", "running"}

    ollama.latency_s = 0.5
    try:
        location = ask(daybook, journal, **MARCH)
        until(done, why=running.log)
    finally:
        ollama.latency_s = 0.0
    # The model is at work at either, and each is told before it is asked.
    assert {"step": "reading", "done": 0, "total": 3} in seen
    assert seen[-1] == {"step": "writing", "done": 0, "total": 1}


def test_a_model_that_fails_costs_the_summary_not_the_report(
    daybook: Daybook, ollama: ScriptedOllama, running: Worker, enriching: Worker
) -> None:
    journal = daybook.new_journal()
    for n in range(1, 10):
        body = f"plover shingle tide pools {n}" if n < 6 else f"chess rook bishop castle {n}"
        daybook.settled(journal, write(daybook, journal, body, f"2026-03-{n:02}T10:00:00Z"))
    nonsense = [ndjson(*chat_lines("I would rather not.")) for _ in range(40)]
    ollama.script("/api/chat", *nonsense)
    try:
        found = settled(daybook, ask(daybook, journal, **MARCH), running)
    finally:
        ollama.unscript("/api/chat")
    result = found["result"]
    assert (found["state"], result["summary_missing"]) == ("done", "invalid_answer")
    assert result["removed"]["answers"] > 0
    spent = result["provenance"]
    assert min(spent["prompt_tokens"], spent["answer_tokens"], spent["inference_ms"]) > 0, "in vain, but spent"
    assert [theme["named_by"] for theme in result["themes"]] == ["words", "words"]
    assert {"plover", "shingle"} & set(result["themes"][0]["name"].split(", "))
    assert result["numbers"]["entries"] == 9


def test_who_watches_is_told_that_an_attempt_failed_and_another_follows(
    daybook: Daybook, ollama: ScriptedOllama, running: Worker
) -> None:
    journal = daybook.new_journal()
    write(daybook, journal, "A month in which the model stumbled.", "2026-03-01T10:00:00Z")
    watched = threading.Event()
    ollama.script("/api/chat", Answer([Until(watched), b'{"error": "out of memory"}'], status=500))
    with connect_sse(daybook.http, "GET", f"{ask(daybook, journal, **MARCH)}/live") as source:
        watched.set()
        events = [(event.event, event.json()) for event in source.iter_sse()]
    ((_, told),) = [event for event in events if event[0] == "retrying"]
    assert (told["attempt"], told["reason"]) == (1, "model_unreachable")
    assert (events[-1][0], events[-1][1]["report"]["state"]) == ("ended", "done")


def test_a_model_that_refuses_fails_the_report_with_its_reason(
    daybook: Daybook, ollama: ScriptedOllama, running: Worker
) -> None:
    journal = daybook.new_journal()
    write(daybook, journal, "Words that the model refuses.", "2026-03-01T10:00:00Z")
    ollama.script("/api/chat", fault(400, "no"))
    found = settled(daybook, ask(daybook, journal, **MARCH), running)
    assert (found["state"], found["reason"]) == ("failed", "model_refused")


def test_what_speaks_of_suicide_is_read_by_no_model_and_no_advice_is_made_up(
    daybook: Daybook, ollama: ScriptedOllama, running: Worker
) -> None:
    journal = daybook.new_journal()
    write(daybook, journal, "I don't want to wake up tomorrow, the dunlins said.", "2026-03-01T10:00:00Z")
    write(daybook, journal, "Dunlins on the beach.", "2026-03-02T10:00:00Z")
    found = settled(daybook, ask(daybook, journal, **MARCH), running)
    assert found["care"]["kind"] == "suicide"
    result = found["result"]
    assert (result["entries_read"], result["entries_withheld"], result["suggestions"]) == (1, 1, [])
    assert result["summary"]
    assert prompts(ollama, "Dunlins on the beach")
    assert not prompts(ollama, "dunlins said")
