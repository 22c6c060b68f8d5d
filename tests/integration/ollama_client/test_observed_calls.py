"""An observer hears of each call of a model once, however the call ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import BaseModel

from ollama_client import Call, Message, ModelNotFound, OllamaClient, OllamaConfig, StreamCut
from support.scripted_ollama import MODEL, Cut, Pause, ScriptedOllama, chat_lines, fault, ndjson

HELLO = [Message.user("Hello")]


class Mood(BaseModel):
    label: str


@pytest.fixture
def server() -> Iterator[ScriptedOllama]:
    with ScriptedOllama() as running:
        yield running


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
async def ollama(server: ScriptedOllama, calls: list[Call]) -> AsyncIterator[OllamaClient]:
    async with OllamaClient(OllamaConfig(base_url=server.url, on_call=calls.append)) as client:
        yield client


def only(calls: list[Call]) -> Call:
    (call,) = calls
    return call


async def test_each_operation_is_told_with_its_model_time_and_tokens(
    server: ScriptedOllama, ollama: OllamaClient, calls: list[Call]
) -> None:
    server.latency_s = 0.05
    await ollama.embed("all-minilm", ["two words"])
    await ollama.chat(MODEL, HELLO)
    await ollama.generate(MODEL, "Hello")
    assert [(call.operation, call.model) for call in calls] == [
        ("embed", "all-minilm"),
        ("chat", MODEL),
        ("generate", MODEL),
    ]
    assert [(call.prompt_tokens, call.answer_tokens) for call in calls] == [(2, 0), (11, 3), (0, 1)]
    assert all(call.whole and call.error is None and 0.05 <= call.duration_s < 5 for call in calls)


async def test_what_asks_no_model_is_not_told(ollama: OllamaClient, calls: list[Call]) -> None:
    await ollama.version()
    await ollama.list_models()
    await ollama.show_model(MODEL)
    assert calls == []


async def test_a_refused_call_is_told_with_its_error(
    server: ScriptedOllama, ollama: OllamaClient, calls: list[Call]
) -> None:
    server.script("/api/embed", fault(404, f'model "{MODEL}" not found'))
    with pytest.raises(ModelNotFound) as raised:
        await ollama.embed(MODEL, ["x"])
    assert (only(calls).whole, only(calls).error) == (False, raised.value)


async def test_a_stream_that_breaks_is_told_once(
    server: ScriptedOllama, ollama: OllamaClient, calls: list[Call]
) -> None:
    server.script("/api/chat", ndjson(chat_lines("one two")[0], end=[Cut()]))
    with pytest.raises(StreamCut):
        await ollama.chat(MODEL, HELLO)
    assert (only(calls).operation, only(calls).whole, type(only(calls).error)) == ("chat", False, StreamCut)


async def test_a_stream_that_is_left_early_is_told_as_not_whole(
    server: ScriptedOllama, ollama: OllamaClient, calls: list[Call]
) -> None:
    server.script("/api/chat", ndjson(*chat_lines("one two")[:1], end=[Pause(30)]))
    async with ollama.chat_stream(MODEL, HELLO) as chunks:
        await anext(chunks)
        assert calls == [], "it goes on"
    assert (only(calls).whole, only(calls).error, only(calls).answer_tokens) == (False, None, 0)


async def test_a_cancelled_call_is_told_as_cancelled(
    server: ScriptedOllama, ollama: OllamaClient, calls: list[Call]
) -> None:
    server.latency_s = 30
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ollama.embed(MODEL, ["x"])
    assert (only(calls).whole, type(only(calls).error)) == (False, asyncio.CancelledError)


async def test_what_is_done_with_a_whole_answer_is_not_the_models_time(ollama: OllamaClient, calls: list[Call]) -> None:
    async with ollama.chat_stream(MODEL, HELLO) as chunks:
        async for _ in chunks:
            pass
        await asyncio.sleep(0.5)
    assert only(calls).whole
    assert only(calls).duration_s < 0.5


async def test_a_repaired_answer_is_two_calls(server: ScriptedOllama, ollama: OllamaClient, calls: list[Call]) -> None:
    server.script("/api/chat", ndjson(*chat_lines("no json")), ndjson(*chat_lines('{"label": "calm"}')))
    assert (await ollama.structured(MODEL, HELLO, Mood)).repaired
    assert [call.operation for call in calls] == ["chat", "chat"]


async def test_clients_that_differ_in_their_observer_share_connections(server: ScriptedOllama) -> None:
    heard: list[list[Call]] = [[], []]
    for hearing in heard:
        async with OllamaClient(OllamaConfig(base_url=server.url, on_call=hearing.append)) as client:
            await client.embed(MODEL, ["x"])
    assert [len(hearing) for hearing in heard] == [1, 1]
    assert server.connections == 1
