"""Connections: given up with a call, capped, and left behind by nobody."""

import asyncio
import os
import time

import pytest

from ollama_client import Message, OllamaClient, OllamaConfig
from support.scripted_ollama import MODEL, Answer, Pause, ScriptedOllama, chat_lines, ndjson

HELLO = [Message.user("Hello")]


async def test_cancelling_a_call_stops_the_generation(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.script("/api/chat", Answer([Pause(30)], status=None))
    call = asyncio.create_task(ollama.chat(MODEL, HELLO))
    while not server.requests("/api/chat"):
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(server.requests("/api/chat")[0].abandoned.wait, 2)


async def test_leaving_a_stream_early_stops_the_generation(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.script("/api/chat", ndjson(chat_lines("a b")[0], end=[Pause(0.2), b"x" * 100, Pause(30)]))
    async with ollama.chat_stream(MODEL, HELLO) as chunks:
        assert (await anext(chunks)).text == "a "
    assert await asyncio.to_thread(server.requests("/api/chat")[0].abandoned.wait, 2)


async def test_twenty_calls_at_once_keep_to_the_connection_cap(server: ScriptedOllama) -> None:
    server.latency_s = 0.05
    async with OllamaClient(OllamaConfig(base_url=server.url, max_connections=5)) as client:
        answers = await asyncio.gather(*(client.embed("all-minilm", [f"text {n}"]) for n in range(20)))
    assert len(answers) == 20
    assert server.connections == 5


async def test_waiting_for_our_own_cap_is_no_slow_server(server: ScriptedOllama) -> None:
    server.latency_s = 0.2
    config = OllamaConfig(base_url=server.url, max_connections=1, first_token_timeout_s=0.3, total_timeout_s=5)
    async with OllamaClient(config) as client:
        answers = await asyncio.gather(*(client.embed("all-minilm", ["x"]) for _ in range(4)))
    assert len(answers) == 4


async def test_cancelled_calls_give_their_places_back(server: ScriptedOllama) -> None:
    server.latency_s = 0.05
    async with OllamaClient(OllamaConfig(base_url=server.url, max_connections=4)) as client:
        for _ in range(15):
            calls = [asyncio.create_task(client.embed("all-minilm", ["x"])) for _ in range(12)]
            await asyncio.sleep(0.01)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        server.latency_s = 0
        assert (await client.embed("all-minilm", ["x"])).vectors


def test_two_hundred_runs_leave_nothing_behind(server: ScriptedOllama) -> None:
    async def call() -> int:
        async with OllamaClient(OllamaConfig(base_url=server.url)) as client:
            await client.embed("all-minilm", ["hello"])
        return len(asyncio.all_tasks())

    asyncio.run(call())
    before = len(os.listdir("/proc/self/fd"))
    tasks = [asyncio.run(call()) for _ in range(200)]
    deadline_s = time.monotonic() + 5
    # The server's ends close a moment after the client's.
    while len(os.listdir("/proc/self/fd")) > before and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert len(os.listdir("/proc/self/fd")) <= before
    assert set(tasks) == {1}


def test_chats_and_texts_of_many_runs_share_one_connection(server: ScriptedOllama) -> None:
    async def call() -> None:
        async with OllamaClient(OllamaConfig(base_url=server.url)) as client:
            assert (await client.chat(MODEL, HELLO)).text
            assert (await client.generate(MODEL, "Hello")).text
            async with client.chat_stream(MODEL, HELLO) as chunks:
                assert [chunk.done async for chunk in chunks][-1]

    for _ in range(20):
        asyncio.run(call())
    assert server.connections == 1


async def test_a_server_that_does_not_end_a_whole_answer_costs_a_connection_only(
    server: ScriptedOllama, ollama: OllamaClient
) -> None:
    server.script("/api/chat", *[ndjson(*chat_lines("Good day."), end=[b"\n", Pause(30)]) for _ in range(2)])
    began_s = time.monotonic()
    for _ in range(2):
        assert (await ollama.chat(MODEL, HELLO)).text == "Good day."
    # The first limit that could have struck is that between tokens, of 0.3 s each.
    assert time.monotonic() - began_s < 0.6
    assert server.connections == 2


async def test_a_client_that_was_not_opened_sends_nothing(server: ScriptedOllama) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await OllamaClient(OllamaConfig(base_url=server.url)).version()
    assert server.received == []
