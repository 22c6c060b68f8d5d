"""Every way a call can fail, as the error that says what to do."""

import socket
import traceback

import pytest

from ollama_client import (
    BadRequest,
    BetweenTokensTimeout,
    ConnectTimeout,
    ContextOverflow,
    FirstTokenTimeout,
    Message,
    ModelNotFound,
    OllamaClient,
    OllamaConfig,
    OllamaError,
    Overloaded,
    ProtocolViolation,
    ServerFault,
    StreamCut,
    TotalTimeout,
    Unreachable,
    UnsendableRequest,
)
from support.scripted_ollama import MODEL, QUEUE_FULL, Answer, Cut, Pause, ScriptedOllama, chat_lines, fault, ndjson

HELLO = [Message.user("Hello")]


NESTED = '{"error":{"code":400,"message":"too long","type":"exceed_context_size_error"}}'


@pytest.mark.parametrize(
    ("answer", "error", "retryable", "words"),
    [
        (fault(503, QUEUE_FULL), Overloaded, True, "maximum pending"),
        (fault(404, 'model "x" not found, try pulling it first'), ModelNotFound, False, f"ollama pull {MODEL}"),
        (fault(400, NESTED), ContextOverflow, False, "exceed_context_size"),
        (fault(400, "invalid input type"), BadRequest, False, "invalid input"),
        (fault(500, 'option "seed" must be of type integer'), BadRequest, False, "seed"),
        (fault(500, "llama runner process has terminated"), ServerFault, True, "terminated"),
        (Answer([b'{"error": {"code": 7}}'], status=500), ServerFault, True, "code"),
        (Answer([b"<html>Bad gateway</html>"], status=502), ServerFault, True, "Bad gateway"),
        (Answer([b"[]"], status=418), BadRequest, False, "418"),
        (Answer([b"<html>It works!</html>\n"]), ProtocolViolation, True, "Ollama's protocol"),
        (Answer([], status=404), BadRequest, False, "404"),
        (ndjson(*chat_lines("a b c")[:2]), StreamCut, True, "after 2 chunks"),
        (ndjson(*chat_lines("a b c")[:2], end=[Pause(0.05), Cut()]), StreamCut, True, "2 chunks"),
        (ndjson(chat_lines("a b")[0], {"error": "model runner died"}), ServerFault, True, "runner died"),
        (ndjson(chat_lines("a b")[0], end=[b'{"error" bro', b"ken}\n"]), ProtocolViolation, True, "protocol"),
        (Answer([Cut()], status=None), Unreachable, True, "connection lost"),
        (Answer([b"SSH-2.0-OpenSSH\r\n"], status=None), Unreachable, True, "connection lost"),
        (Answer([Pause(1.0)], status=None), FirstTokenTimeout, True, "0.5 s"),
        (ndjson(end=[Pause(1.0)]), FirstTokenTimeout, True, "0.5 s"),
        (ndjson(chat_lines("a b")[0], end=[Pause(1.0)]), BetweenTokensTimeout, True, "0.3 s"),
        (Answer([b" ", *[Pause(0.1), b" "] * 40]), TotalTimeout, True, "2 s"),
    ],
)
async def test_a_fault_becomes_the_error_that_tells(
    server: ScriptedOllama,
    ollama: OllamaClient,
    answer: Answer,
    error: type[OllamaError],
    retryable: bool,
    words: str,
) -> None:
    server.script("/api/chat", answer)
    with pytest.raises(OllamaError) as caught:
        await ollama.chat(MODEL, HELLO)
    assert type(caught.value) is error
    assert caught.value.retryable is retryable
    assert words in str(caught.value)


async def test_nobody_listening_is_unreachable(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.go_away()
    with pytest.raises(Unreachable, match="ollama serve"):
        await ollama.version()


@pytest.mark.parametrize("inputs", [["secret \ud800"], [float("nan")], [object()]])
async def test_what_is_no_json_is_not_sent(ollama: OllamaClient, inputs: list[str]) -> None:
    with pytest.raises(UnsendableRequest) as caught:
        await ollama.embed("all-minilm", inputs)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


async def test_no_word_of_an_answer_reaches_a_traceback(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.script("/api/chat", Answer([b'{"model": 1, "message": "secret"}\n']))
    with pytest.raises(ProtocolViolation) as caught:
        await ollama.chat(MODEL, HELLO)
    assert "secret" not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_accepts_nobody_is_a_connect_timeout() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # its queue is full: it answers no more greetings
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        try:
            async with OllamaClient(OllamaConfig(base_url=url, connect_timeout_s=0.2)) as client:
                with pytest.raises(ConnectTimeout, match=r"connecting took longer than 0.2 s") as caught:
                    await client.version()
            assert caught.value.retryable
        finally:
            for one in waiting:
                one.close()
