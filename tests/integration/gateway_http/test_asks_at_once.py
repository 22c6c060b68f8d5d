"""Who may ask, how many at once, what becomes of those who leave, and what the log says of it."""

import json
import logging
import re
import socket
import time
from uuid import uuid4

import pytest
from httpx_sse import connect_sse

from support.asking import Asked, says
from support.http_gateway import HttpGateway
from support.scripted_ollama import MODEL, Answer, Cut, Pause, ScriptedOllama, chat_lines, ndjson

DEADLINE_S = 20.0


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
    with connect_sse(asked.reader, "POST", f"{asked.path}/ask", json={"question": "Where?"}) as source:
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
