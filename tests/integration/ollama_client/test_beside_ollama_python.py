"""What docs/ollama_client/beside-ollama-python.md says of both clients, tried on both against the same scripted server.

A test that fails because the official client has changed means that the page is to be changed.
"""

import json

import httpx
import ollama as official
import pytest
from pydantic import BaseModel

from ollama_client import (
    ContextOverflow,
    Message,
    ModelNotFound,
    OllamaClient,
    OllamaConfig,
    Overloaded,
    ProtocolViolation,
    PullFailed,
    ServerFault,
    StreamCut,
    TotalTimeout,
    Unreachable,
)
from support.scripted_ollama import MODEL, Answer, Pause, ScriptedOllama, chat_lines, document, fault, ndjson

HELLO = [Message.user("Hello")]
THEIR_HELLO = [{"role": "user", "content": "Hello"}]
DRIP = [b" ", *[Pause(0.1), b" "] * 8]


async def test_errors_ours_say_whether_to_try_again_theirs_have_a_status(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    busy, missing = fault(503, "busy"), fault(404, f"model '{MODEL}' not found")
    server.script("/api/chat", busy, missing, busy, missing)
    with pytest.raises(Overloaded) as overloaded:
        await ollama.chat(MODEL, HELLO)
    with pytest.raises(ModelNotFound) as not_found:
        await ollama.chat(MODEL, HELLO)
    assert (overloaded.value.retryable, not_found.value.retryable) == (True, False)
    for status in (503, 404):
        with pytest.raises(official.ResponseError) as answered:
            await theirs.chat(MODEL, THEIR_HELLO)
        assert answered.value.status_code == status
        assert not hasattr(answered.value, "retryable")


async def test_nobody_listening_is_one_error_of_ours_and_two_of_theirs(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    server.go_away()
    with pytest.raises(Unreachable):
        await ollama.chat(MODEL, HELLO)
    with pytest.raises(Unreachable):
        async with ollama.chat_stream(MODEL, HELLO):
            pass
    with pytest.raises(ConnectionError):
        await theirs.chat(MODEL, THEIR_HELLO)
    with pytest.raises(httpx.ConnectError):
        async for _ in await theirs.chat(MODEL, THEIR_HELLO, stream=True):
            pass


async def test_limits_of_time_hold_by_default_in_ours_and_not_in_theirs(theirs: official.AsyncClient) -> None:
    assert theirs._client.timeout == httpx.Timeout(None)
    assert all(
        getattr(OllamaConfig(), f"{phase}_timeout_s") > 0
        for phase in ("connect", "first_token", "between_tokens", "total")
    )


async def test_a_server_that_drips_outlasts_a_timeout_of_theirs(server: ScriptedOllama) -> None:
    dripping = Answer([*DRIP, json.dumps({"embeddings": [[1.0]]}).encode()])
    server.script("/api/embed", dripping, dripping)
    async with official.AsyncClient(host=server.url, timeout=0.4) as theirs:
        assert (await theirs.embed("all-minilm", "x")).embeddings == [[1.0]]
    async with OllamaClient(OllamaConfig(base_url=server.url, total_timeout_s=0.4)) as ours:
        with pytest.raises(TotalTimeout):
            await ours.embed("all-minilm", ["x"])


async def test_a_timeout_of_theirs_is_an_error_of_httpx(server: ScriptedOllama) -> None:
    server.script("/api/chat", Answer([Pause(2)], status=None))
    async with official.AsyncClient(host=server.url, timeout=0.2) as theirs:
        with pytest.raises(httpx.ReadTimeout):
            await theirs.chat(MODEL, THEIR_HELLO)


async def test_an_answer_without_an_end_is_an_error_of_ours_alone(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    cut = ndjson(*chat_lines("I am not")[:2])
    server.script("/api/chat", cut, cut)
    with pytest.raises(StreamCut):
        await ollama.chat(MODEL, HELLO)
    parts = [part async for part in await theirs.chat(MODEL, THEIR_HELLO, stream=True)]
    assert [part.done for part in parts] == [False, False]


async def test_an_error_in_mid_answer_has_no_status_in_theirs(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    broken = ndjson(chat_lines("I am")[0], {"error": "model runner died"})
    server.script("/api/chat", broken, broken)
    with pytest.raises(ServerFault) as ours:
        await ollama.chat(MODEL, HELLO)
    assert ours.value.retryable
    with pytest.raises(official.ResponseError) as answered:
        async for _ in await theirs.chat(MODEL, THEIR_HELLO, stream=True):
            pass
    assert answered.value.status_code == -1


async def test_what_is_no_answer_of_ollama_is_a_json_error_in_theirs(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    page = Answer([b"<html>Welcome to the hotel</html>"])
    server.script("/api/embed", page, page)
    with pytest.raises(ProtocolViolation):
        await ollama.embed("all-minilm", ["x"])
    with pytest.raises(json.JSONDecodeError):
        await theirs.embed("all-minilm", "x")


async def test_ours_asks_the_server_not_to_cut(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    long = "word " * 600
    with pytest.raises(ContextOverflow):
        await ollama.embed("all-minilm", [long])
    assert len((await theirs.embed("all-minilm", long)).embeddings) == 1
    await ollama.chat(MODEL, HELLO)
    async for _ in await theirs.chat(MODEL, THEIR_HELLO, stream=True):
        pass
    ours_sent, theirs_sent = (request.payload for request in server.requests("/api/chat"))
    assert (ours_sent["truncate"], ours_sent["shift"]) == (False, False)
    assert not {"truncate", "shift"} & set(theirs_sent)


async def test_ours_counts_the_vectors(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    none = document({"model": "m", "embeddings": []})
    server.script("/api/embed", none, none)
    with pytest.raises(ProtocolViolation, match="0 vectors for 1"):
        await ollama.embed("all-minilm", ["x"])
    assert (await theirs.embed("all-minilm", ["x"])).embeddings == []


class Mood(BaseModel):
    valence: int


async def test_ours_validates_and_repairs_theirs_hands_over_the_text(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    bad, good = '{"valence": "high"}', '{"valence": 20}'
    server.script("/api/chat", *[ndjson(*chat_lines(text)) for text in (bad, good)])
    answer = await ollama.structured(MODEL, HELLO, Mood)
    assert (answer.value, answer.repaired) == (Mood(valence=20), True)
    server.script("/api/chat", document(chat_lines(bad)[0] | {"message": {"role": "assistant", "content": bad}}))
    text = (await theirs.chat(MODEL, THEIR_HELLO, format=Mood.model_json_schema())).message.content
    assert text == bad


async def test_a_pull_that_ends_early_is_an_error_of_ours_alone(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    half = ndjson({"status": "pulling manifest"}, {"status": "verifying sha256 digest"})
    server.script("/api/pull", half, half)
    with pytest.raises(PullFailed):
        async with ollama.pull_model("llama9") as progress:
            async for _ in progress:
                pass
    steps = [step.status async for step in await theirs.pull("llama9", stream=True)]
    assert steps[-1] == "verifying sha256 digest"


async def test_what_the_server_leaves_out_is_zero_in_ours_and_none_in_theirs(
    server: ScriptedOllama, ollama: OllamaClient, theirs: official.AsyncClient
) -> None:
    assert (await ollama.embed("all-minilm", ["x"])).load_duration_ns == 0
    assert (await theirs.embed("all-minilm", "x")).load_duration is None


def test_theirs_has_what_ours_has_not() -> None:
    calls = ["create", "create_blob", "copy", "delete", "push", "web_search", "web_fetch", "embeddings"]
    assert all(hasattr(official.AsyncClient, call) and not hasattr(OllamaClient, call) for call in calls)
    assert hasattr(official, "Client")
    assert callable(official.chat)
    assert set(official.Message.model_fields) - set(Message.model_fields) >= {"images", "tool_calls"}
