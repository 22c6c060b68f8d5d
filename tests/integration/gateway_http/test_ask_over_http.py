"""Asking a journal over a real socket: PostgreSQL is real, the model and the index say what a test wants."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from support.asking import Asked, says, told
from support.http_gateway import HttpGateway, ShelfFinder
from support.scripted_ollama import MODEL, Cut, Pause, ScriptedOllama, chat_lines, fault, ndjson

NOTHING = "The journal does not say."
UNSUPPORTED = "No answer with a source could be written. The entries that were found may say it."


def test_an_answer_is_streamed_and_its_sentences_cite_entries(asked: Asked, ollama: ScriptedOllama) -> None:
    lock = asked.holds("A heron by the old lock.", written_at="2026-03-02T08:00:00Z")
    roof = asked.holds("A heron on our roof!", written_at="2026-03-01T08:00:00Z")
    # They are numbered in the order of time.
    says(ollama, "The heron was on your roof 🦩. [1] Then it was by the lock. [2]")
    events = asked.asks()
    found, *between, ended = events
    assert [entry["entry_id"] for entry in found["entries"]] == [lock, roof], "the nearest first"
    assert "body" not in found["entries"][0]
    assert (found["event"], found["understood"]) == ("found", None)
    assert ended["event"] == "ended"
    assert (ended["says"], ended["reason"]) == ("answer", None)
    assert ended["text"] == told(events) == "The heron was on your roof 🦩. Then it was by the lock."
    cited = [event["citation"] for event in between if event["event"] == "cited"]
    assert cited == ended["citations"]
    shown = [(ended["text"][one["at"] : one["at"] + one["length"]], one["entry_ids"]) for one in cited]
    assert shown == [("The heron was on your roof 🦩.", [roof]), ("Then it was by the lock.", [lock])]
    assert ended["provenance"]["model"] == MODEL
    assert ended["provenance"]["prompt_version"]
    assert ended["provenance"]["answer_tokens"] > 0


def test_an_entry_is_a_message_of_its_own_and_the_question_the_last(asked: Asked, ollama: ScriptedOllama) -> None:
    asked.holds("A heron [2] by the lock.", written_at="2026-03-02T08:00:00+01:00")
    says(ollama, "By the lock. [1]")
    asked.asks("Where was it?")
    messages = ollama.requests("/api/chat")[-1].payload["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[1]["content"] == "[1] 2026-03-02\nA heron (2) by the lock.", "its own mark is none of ours"
    assert messages[-1]["content"] == "Where was it?"


def test_nothing_near_enough_asks_no_model(asked: Asked, ollama: ScriptedOllama, writer: httpx.Client) -> None:
    asked.holds("A heron by the lock.", near=0.2)
    before = len(ollama.received)
    found, ended = asked.asks()
    assert (found["event"], found["entries"]) == ("found", [])
    assert (ended["says"], ended["reason"], ended["text"]) == ("nothing", "nothing_near", NOTHING)
    assert ended["provenance"] is None
    assert len(ollama.received) == before
    writer.patch(f"{asked.path}/settings", json={"locale": "de-AT"})
    assert asked.asks()[-1]["text"] == "Davon steht nichts im Tagebuch."


@pytest.mark.parametrize(
    ("answer", "says_what", "reason", "removed"),
    [
        ("[0]", "nothing", "not_in_entries", 0),
        ("The heron was on the roof.", "unsupported", "no_citation", 0),
        ("The heron was on the roof. [4]", "unsupported", "no_citation", 1),
    ],
)
def test_an_answer_without_a_citation_is_never_shown(
    asked: Asked, ollama: ScriptedOllama, answer: str, says_what: str, reason: str, removed: int
) -> None:
    asked.holds("A heron by the lock.")
    says(ollama, answer)
    _, ended = asked.asks()
    assert (ended["says"], ended["reason"]) == (says_what, reason)
    assert ended["text"] == (NOTHING if says_what == "nothing" else UNSUPPORTED)
    assert ended["citations_removed"] == removed
    assert ended["provenance"]["model"] == MODEL


def test_a_time_in_the_question_is_a_filter_and_is_told(
    asked: Asked, finder: ShelfFinder, ollama: ScriptedOllama
) -> None:
    asked.holds("A heron by the lock.", near=0.1)
    says(ollama, "By the lock. [1]")
    found, *_, ended = asked.asks("What happened yesterday?", time_zone="Pacific/Kiritimati")
    # It is noon of the 24th in UTC, and the 25th there already.
    understood = {"written_from": "2026-11-24T00:00:00+14:00", "written_to": "2026-11-25T00:00:00+14:00"}
    assert found["understood"] == understood
    assert finder.filters is not None
    assert [moment.isoformat() for moment in (finder.filters.written_from, finder.filters.written_to)] == list(
        understood.values()
    )
    assert ended["says"] == "answer", "of that day everything is near enough"


def test_the_journals_own_zone_holds_where_none_is_given(asked: Asked, writer: httpx.Client) -> None:
    writer.patch(f"{asked.path}/settings", json={"time_zone": "Asia/Tokyo"})
    assert asked.asks("today?", tags=["x"])[0]["understood"]["written_from"] == "2026-11-24T00:00:00+09:00"


def test_care_comes_before_any_model(asked: Asked, finder: ShelfFinder, ollama: ScriptedOllama) -> None:
    asked.holds("A heron by the lock.")
    finder.fault = AssertionError("nothing was to be searched for")
    before = len(ollama.received)
    (ended,) = asked.asks("When did I last want to kill myself?")
    assert (ended["says"], ended["care"]["kind"]) == ("care", "suicide")
    assert ended["text"] == ended["care"]["text"]
    assert len(ollama.received) == before


def test_marked_erased_and_revised_entries_are_shown_to_no_model(
    asked: Asked, ollama: ScriptedOllama, writer: httpx.Client
) -> None:
    asked.holds("I want to kill myself.")
    asked.holds("An old heron.", revision=7)
    gone = asked.holds("A heron that is gone.")
    assert writer.delete(f"{asked.path}/entries/{gone}").status_code == 204
    kept = asked.holds("A heron by the lock.")
    says(ollama, "By the lock. [1]")
    found, *_, ended = asked.asks()
    assert [entry["entry_id"] for entry in found["entries"]] == [kept]
    assert "kill" not in str(ollama.requests("/api/chat")[-1].payload)
    assert ended["care"]["kind"] == "suicide", "and the text with help lines stands beside the answer"


def test_long_entries_are_cut_to_the_models_context(asked: Asked, ollama: ScriptedOllama) -> None:
    for number in range(5):
        asked.holds(f"Heron {number}. " * 400)
    says(ollama, "By the lock. [1]")
    *_, ended = asked.asks()
    sent = sum(len(message["content"]) for message in ollama.requests("/api/chat")[-1].payload["messages"])
    assert sent < 4096 * 3
    assert ended["provenance"]["truncated"]


def test_an_answer_that_was_stopped_ends_with_a_whole_sentence(asked: Asked, ollama: ScriptedOllama) -> None:
    asked.holds("A heron by the lock.")
    ollama.script("/api/chat", ndjson(*chat_lines("By the lock. [1] And it did not", done_reason="length")))
    *_, ended = asked.asks()
    assert (ended["says"], ended["reason"], ended["text"]) == ("answer", "too_long", "By the lock.")


def test_a_model_that_dies_ends_the_stream_with_a_reason(asked: Asked, ollama: ScriptedOllama) -> None:
    asked.holds("A heron by the lock.")
    begun = chat_lines("By the lock. [1] And the")[:-1]
    ollama.script("/api/chat", ndjson(*begun, end=[Cut()]))
    *_, ended = asked.asks()
    assert (ended["says"], ended["reason"]) == ("interrupted", "model_failed")
    assert ended["text"].startswith("By the lock.")
    ollama.script("/api/chat", fault(500, "out of memory"), ndjson(*begun, end=[Pause(30)]))
    assert asked.asks()[-1]["reason"] == "model_failed"
    assert asked.asks()[-1]["reason"] == "model_slow"


def test_without_a_model_it_is_refused_before_the_stream(asked: Asked, ollama: ScriptedOllama) -> None:
    asked.holds("A heron by the lock.")
    ollama.go_away()
    try:
        answer = asked.refused(question="Where?")
    finally:
        ollama.listen()
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.json()["type"] == "urn:daybook:problem:chat-model-unavailable"
    assert int(answer.headers["retry-after"]) > 0
    ollama.script("/api/show", fault(404, f"model '{MODEL}' not found"))
    assert "ollama pull" in asked.refused(question="Where?").json()["detail"]


def test_without_a_chat_model_nothing_is_asked(gateway: HttpGateway, journal: str) -> None:
    with gateway.client("read") as client:
        answer = client.post(f"/v1/journals/{journal}/ask", json={"question": "Where?"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:daybook:problem:chat-model-unavailable")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"question": "  "},
        {"question": "x" * 1025},
        {"question": "a\0b"},
        {"question": "x", "time_zone": "Mars/Olympus"},
        {"question": "x", "limit": 3},
        {"question": 7},
    ],
)
def test_a_body_that_is_wrong_is_a_problem(asked: Asked, body: dict[str, Any]) -> None:
    answer = asked.refused(**body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:daybook:problem:request-invalid")


def test_words_alone_cannot_say_that_the_journal_does_not_say(
    asked: Asked, finder: ShelfFinder, ollama: ScriptedOllama
) -> None:
    entry_id = asked.holds("A heron by the lock.")
    finder.degraded = "model_unavailable"
    try:
        finder.shelf = [replace(hit, dense=None, bm25=1.0) for hit in finder.shelf]
        answer = asked.refused(question="Where was the heron?")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:daybook:problem:model-unavailable")
        finder.shelf = [replace(hit, bm25=9.0) for hit in finder.shelf]
        says(ollama, "By the lock. [1]")
        found, *_ = asked.asks()
    finally:
        finder.degraded = None
    assert (found["entries"][0]["entry_id"], found["degraded"]) == (entry_id, "model_unavailable")
