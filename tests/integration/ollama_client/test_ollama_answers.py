"""`chat` and `generate`: whole and streamed, however the bytes arrive."""

import json
import time

from ollama_client import Message, OllamaClient
from support.scripted_ollama import MODEL, Answer, Pause, ScriptedOllama, chat_lines, ndjson

HELLO = [Message.user("Hello")]


async def test_chat_joins_the_stream_and_keeps_the_counts(server: ScriptedOllama, ollama: OllamaClient) -> None:
    answer = await ollama.chat(MODEL, HELLO, options={"seed": 1}, think=False)
    assert answer.message.content == "I hear you."
    assert (answer.prompt_eval_count, answer.eval_count, answer.done_reason) == (11, 3, "stop")
    sent = server.requests("/api/chat")[0].payload
    assert sent["think"] is False
    assert sent["truncate"] is False
    assert sent["options"] == {"seed": 1}
    assert "keep_alive" not in sent


async def test_chat_stream_gives_chunks_as_they_come(server: ScriptedOllama, ollama: OllamaClient) -> None:
    lines = [json.dumps(line).encode() + b"\n" for line in chat_lines("one two")]
    server.script("/api/chat", Answer([lines[0], Pause(0.2), *lines[1:]]))
    arrived: list[float] = []
    async with ollama.chat_stream(MODEL, HELLO) as chunks:
        texts = []
        async for chunk in chunks:
            arrived.append(time.monotonic())
            texts.append(chunk.text)
    assert texts == ["one ", "two", ""]
    assert arrived[1] - arrived[0] > 0.1


async def test_generate_and_its_stream_agree(ollama: OllamaClient) -> None:
    whole = await ollama.generate(MODEL, "Say hello", system="Be brief")
    async with ollama.generate_stream(MODEL, "Say hello") as chunks:
        streamed = "".join([chunk.text async for chunk in chunks])
    assert whole.response == streamed == "Hello"


async def test_lines_split_anywhere_and_unicode_arrive_whole(server: ScriptedOllama, ollama: OllamaClient) -> None:
    text = "Grüße, 日記 and 🌊"
    raw = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in chat_lines(text))
    server.script("/api/chat", Answer([raw[i : i + 7] for i in range(0, len(raw), 7)]))
    assert (await ollama.chat(MODEL, HELLO)).message.content == text


async def test_a_last_line_without_newline_counts(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.script("/api/chat", Answer([b"\n".join(json.dumps(line).encode() for line in chat_lines("ok"))]))
    assert (await ollama.chat(MODEL, HELLO)).message.content == "ok"


async def test_an_answer_of_two_megabytes_arrives_whole(server: ScriptedOllama, ollama: OllamaClient) -> None:
    text = "é" * 1_000_000
    server.script("/api/chat", ndjson(*chat_lines(text)))
    assert (await ollama.chat(MODEL, HELLO)).message.content == text


async def test_what_a_model_thinks_is_kept_apart_from_what_it_says(
    server: ScriptedOllama, ollama: OllamaClient
) -> None:
    thoughts = [
        {"model": MODEL, "message": {"role": "assistant", "content": "", "thinking": piece}, "done": False}
        for piece in ("Hm, ", "a greeting.")
    ]
    server.script("/api/chat", *[ndjson(*thoughts, *chat_lines("Good day")) for _ in range(2)])
    whole = await ollama.chat(MODEL, HELLO, think=True)
    assert (whole.thinking, whole.text) == ("Hm, a greeting.", "Good day")
    async with ollama.chat_stream(MODEL, HELLO, think=True) as chunks:
        pieces = [(chunk.thinking, chunk.text) async for chunk in chunks]
    assert pieces == [("Hm, ", ""), ("a greeting.", ""), ("", "Good "), ("", "day"), ("", "")]


async def test_what_a_model_thinks_before_a_text_is_kept_too(server: ScriptedOllama, ollama: OllamaClient) -> None:
    lines = [
        {"model": MODEL, "response": "", "thinking": "Hm.", "done": False},
        {"model": MODEL, "response": "Good day", "done": True},
    ]
    server.script("/api/generate", *[ndjson(*lines) for _ in range(2)])
    whole = await ollama.generate(MODEL, "Greet me", think=True)
    assert (whole.thinking, whole.text) == ("Hm.", "Good day")
    async with ollama.generate_stream(MODEL, "Greet me", think=True) as chunks:
        assert [chunk.thinking async for chunk in chunks] == ["Hm.", ""]


async def test_a_turn_is_sent_with_its_thinking_where_there_is_any(
    server: ScriptedOllama, ollama: OllamaClient
) -> None:
    thought = Message(role="assistant", content="Good day", thinking="Hm.")
    await ollama.chat(MODEL, [*HELLO, thought, Message.user("And you?")])
    assert server.requests("/api/chat")[0].payload["messages"] == [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day", "thinking": "Hm."},
        {"role": "user", "content": "And you?"},
    ]
