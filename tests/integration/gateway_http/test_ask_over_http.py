"""Asking a journal over a real socket: PostgreSQL is real, the model and the index say what a test wants."""

import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from httpx_sse import connect_sse

from entry_index import EntryHit
from gateway.ask.writing import ChatModel
from ollama_client import OllamaConfig
from support.http_gateway import HttpGateway, ShelfFinder
from support.scripted_ollama import MODEL, Answer, Cut, Pause, ScriptedOllama, chat_lines, fault, ndjson

DEADLINE_S = 20.0
NOTHING = "The journal does not say."
UNSUPPORTED = "No answer with a source could be written. The entries that were found may say it."


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    with ScriptedOllama(context_tokens=4096) as server:
        yield server


@pytest.fixture(scope="module")
def asking(http_database: str, ollama: ScriptedOllama) -> Iterator[HttpGateway]:
    config = OllamaConfig(base_url=ollama.url, total_timeout_s=2.0, first_token_timeout_s=2.0)
    with HttpGateway(http_database, chat=ChatModel(config, MODEL, 4096)) as server:
        yield server


@pytest.fixture
def finder(asking: HttpGateway) -> Iterator[ShelfFinder]:
    finder = asking.finder
    finder.shelf, finder.fault = [], None
    yield finder
    finder.shelf, finder.fault = [], None


@pytest.fixture
def reader(asking: HttpGateway) -> Iterator[httpx.Client]:
    with asking.client("read") as client:
        yield client


class Asked:
    """A journal with entries that are found, and what is asked of it."""

    def __init__(self, writer: httpx.Client, finder: ShelfFinder, reader: httpx.Client, journal: str) -> None:
        self._writer, self._finder, self._reader = writer, finder, reader
        self.path = f"/v1/journals/{journal}"

    def holds(self, body: str, *, near: float = 0.6, revision: int = 1, **fields: Any) -> str:
        entry = self._writer.post(f"{self.path}/entries", json={"body": body, **fields}).json()
        hit = EntryHit(UUID(entry["id"]), revision, near, 0, 0, len(body), dense=near)
        self._finder.shelf = [*self._finder.shelf, hit]
        return entry["id"]

    def asks(self, question: str = "Where was the heron?", **fields: Any) -> list[dict[str, Any]]:
        with connect_sse(self._reader, "POST", f"{self.path}/ask", json={"question": question, **fields}) as source:
            source.response.raise_for_status()
            return [event.json() for event in source.iter_sse() if event.data]

    def refused(self, **body: Any) -> httpx.Response:
        return self._reader.post(f"{self.path}/ask", json=body)


@pytest.fixture
def asked(writer: httpx.Client, finder: ShelfFinder, reader: httpx.Client, journal: str) -> Asked:
    return Asked(writer, finder, reader, journal)


def says(ollama: ScriptedOllama, text: str) -> None:
    ollama.script("/api/chat", ndjson(*chat_lines(text)))


def told(events: list[dict[str, Any]]) -> str:
    return "".join(event["text"] for event in events if event["event"] == "written")


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


def test_only_who_may_read_the_journal_may_ask(asking: HttpGateway, asked: Asked) -> None:
    for scopes, journals, status in (((), ("*",), 401), (("write",), ("*",), 403), (("read",), ("other",), 404)):
        with asking.client(*scopes, journals=journals) as client:
            assert client.post(f"{asked.path}/ask", json={"question": "x"}).status_code == status
    with asking.client("read") as client:
        assert client.post(f"/v1/journals/none-{uuid4().hex}/ask", json={"question": "x"}).status_code == 404


def test_one_question_of_a_key_at_a_time_and_two_of_all(
    asking: HttpGateway, asked: Asked, ollama: ScriptedOllama
) -> None:
    asked.holds("A heron by the lock.")
    slow = ndjson(*chat_lines("By the lock. [1] And")[:-1], end=[Pause(1.5), Cut()])
    ollama.script("/api/chat", slow, slow)
    clients = [asking.client("read") for _ in range(3)]
    path, body = f"{asked.path}/ask", {"question": "Where?"}
    with connect_sse(clients[0], "POST", path, json=body) as first, connect_sse(clients[1], "POST", path, json=body):
        same, third = (client.post(path, json=body) for client in (clients[0], clients[2]))
        assert (same.status_code, same.json()["type"]) == (429, "urn:daybook:problem:ask-in-progress")
        assert (third.status_code, third.json()["type"]) == (503, "urn:daybook:problem:ask-busy")
        assert all(int(answer.headers["retry-after"]) > 0 for answer in (same, third))
        list(first.iter_sse())
    says(ollama, "By the lock. [1]")
    with connect_sse(clients[0], "POST", path, json=body) as again:
        assert list(again.iter_sse())[-1].event == "ended"
    for client in clients:
        client.close()


def test_who_leaves_stops_the_model_and_gives_the_place_back(asked: Asked, ollama: ScriptedOllama) -> None:
    asked.holds("A heron by the lock.")
    ollama.script("/api/chat", ndjson(*chat_lines("By the lock. [1] And")[:-1], end=[Pause(30)]))
    with connect_sse(asked._reader, "POST", f"{asked.path}/ask", json={"question": "Where?"}) as source:
        events = source.iter_sse()
        assert [next(events).event for _ in range(2)] == ["found", "written"]
    call = ollama.requests("/api/chat")[-1]
    assert call.abandoned.wait(DEADLINE_S), "the connection to the model was to be closed"
    end_s = time.monotonic() + DEADLINE_S
    while asked.refused(question="I want to know where?").status_code == 429:
        assert time.monotonic() < end_s
        time.sleep(0.05)


def test_who_reads_nothing_is_dropped(asking: HttpGateway, asked: Asked, ollama: ScriptedOllama) -> None:
    asked.holds("A heron by the lock.")
    piece = {"model": MODEL, "message": {"role": "assistant", "content": "heron " * 20_000 + "[1]"}, "done": False}
    ollama.script("/api/chat", ndjson(*[piece] * 60, end=[Pause(30)]))
    body = b'{"question": "Where?"}'
    with socket.create_connection(("127.0.0.1", asking.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = f"POST {asked.path}/ask HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {asking.new_key('read')}\r\n"
        deaf.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        end_s = time.monotonic() + DEADLINE_S
        while not (calls := ollama.requests("/api/chat")) or calls[-1].payload["messages"][-1]["content"] != "Where?":
            assert time.monotonic() < end_s
            time.sleep(0.02)
        assert calls[-1].abandoned.wait(DEADLINE_S)


def test_a_quiet_stream_says_that_it_waits(
    asked: Asked, ollama: ScriptedOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.http.ask.WAITING_S", 0.1)
    asked.holds("A heron by the lock.")
    lines = [json.dumps(line).encode() + b"\n" for line in chat_lines("By the lock. [1]")]
    ollama.script("/api/chat", Answer([Pause(0.5), *lines], content_type="application/x-ndjson"))
    answer = asked.refused(question="Where?")
    assert ": waiting\n\n" in answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_what_care_answers_leaves_the_line_of_what_nothing_is_near_to(
    asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    asked.asks("Where was the heron?")
    asked.asks("When did I last want to kill myself?")
    printed = [line for line in capsys.readouterr().out.splitlines() if "ask.answered" in line]
    lines = [dict(re.findall(r"(\w+)=(\S+)", line)) for line in printed]
    assert [line.keys() for line in lines] == [lines[0].keys()] * 2
    for own in ("correlation_id", "duration_ms"):
        assert all(line.pop(own) for line in lines)
    assert lines[0] == lines[1]


def test_no_word_of_question_entry_or_answer_is_logged(
    asked: Asked, ollama: ScriptedOllama, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    asked.holds("A kingfisher by the lock.")
    says(ollama, "By the weir. [1]")
    with caplog.at_level(logging.DEBUG):
        asked.asks("Where is Zbigniew?")
    printed = capsys.readouterr()
    lines = f"{caplog.text}{printed.out}{printed.err}"
    assert "ask.answered" in lines
    assert not any(word in lines for word in ("Zbigniew", "kingfisher", "weir"))


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
