"""Every call and every fault of the client, against a scripted server on a real socket."""

import asyncio
import json
import os
import time
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import BaseModel, Field

from ollama_client import (
    BadRequest,
    BetweenTokensTimeout,
    ContextOverflow,
    FirstTokenTimeout,
    InvalidAnswer,
    Message,
    ModelNotFound,
    OllamaClient,
    OllamaConfig,
    OllamaError,
    Overloaded,
    ProtocolViolation,
    PullFailed,
    RemoteAddressRefused,
    ServerFault,
    StreamCut,
    TotalTimeout,
    Unreachable,
    UnsendableRequest,
)
from support.scripted_ollama import (
    MODEL,
    QUEUE_FULL,
    Answer,
    Cut,
    Pause,
    ScriptedOllama,
    chat_lines,
    document,
    fault,
    ndjson,
)

HELLO = [Message.user("Hello")]


class Mood(BaseModel):
    label: str
    valence: int = Field(ge=-100, le=100)


@pytest.fixture
def server() -> Iterator[ScriptedOllama]:
    with ScriptedOllama() as running:
        yield running


@pytest.fixture
async def ollama(server: ScriptedOllama) -> AsyncIterator[OllamaClient]:
    config = OllamaConfig(
        base_url=server.url, first_token_timeout_s=0.5, between_tokens_timeout_s=0.3, total_timeout_s=2.0
    )
    async with OllamaClient(config) as client:
        yield client


async def test_embed_gives_a_vector_an_input_in_order(ollama: OllamaClient) -> None:
    both = await ollama.embed("all-minilm", ["the sea", "a cat"])
    alone = await ollama.embed("all-minilm", ["a cat"])
    assert both.vectors[1] == alone.vectors[0]
    assert len(both.vectors[0]) == 384
    assert both.prompt_eval_count == 4
    assert both.total_duration_ns == 2_000_000
    assert both.load_duration_ns == 0


async def test_embed_refuses_what_would_be_cut(ollama: OllamaClient) -> None:
    with pytest.raises(ContextOverflow, match="context length"):
        await ollama.embed("all-minilm", ["fits", "word " * 600])


async def test_embed_notices_a_missing_vector(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.script("/api/embed", document({"model": "m", "embeddings": []}))
    with pytest.raises(ProtocolViolation, match="0 vectors for 1"):
        await ollama.embed("all-minilm", ["x"])


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


async def test_models_can_be_listed_shown_and_versioned(ollama: OllamaClient) -> None:
    assert [model.name for model in await ollama.list_models()] == [MODEL, "all-minilm:latest"]
    assert (await ollama.running_models())[0].name == MODEL
    shown = await ollama.show_model("all-minilm")
    assert (shown.context_tokens, shown.embedding_dimension) == (512, 384)
    assert await ollama.version() == "0.33.0-scripted"


async def test_pull_reports_progress_to_success(server: ScriptedOllama, ollama: OllamaClient) -> None:
    step = {"status": "pulling abc", "digest": "abc", "total": 10, "completed": 5}
    server.script("/api/pull", ndjson({"status": "pulling manifest"}, step, {"status": "success"}))
    async with ollama.pull_model("llama3.2") as progress:
        steps = [step async for step in progress]
    assert [step.status for step in steps] == ["pulling manifest", "pulling abc", "success"]
    assert steps[1].completed == 5


@pytest.mark.parametrize("last", [{"error": "pull model manifest: file does not exist"}, {"status": "verifying"}])
async def test_a_failed_pull_says_so(server: ScriptedOllama, ollama: OllamaClient, last: dict[str, str]) -> None:
    server.script("/api/pull", ndjson({"status": "pulling manifest"}, last))
    with pytest.raises(PullFailed, match="llama9"):
        async with ollama.pull_model("llama9") as progress:
            async for _ in progress:
                pass


async def test_structured_validates_and_hands_the_schema_over(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.script("/api/chat", ndjson(*chat_lines('{"label": "calm", "valence": 20}')))
    answer = await ollama.structured(MODEL, HELLO, Mood)
    assert answer.value == Mood(label="calm", valence=20)
    assert not answer.repaired
    assert server.requests("/api/chat")[0].payload["format"] == Mood.model_json_schema()


async def test_structured_repairs_once_and_adds_the_turns_up(server: ScriptedOllama, ollama: OllamaClient) -> None:
    server.script(
        "/api/chat",
        ndjson(*chat_lines('{"label": "calm", "valence": 2018}')),
        ndjson(*chat_lines('{"label": "calm", "valence": 20}')),
    )
    answer = await ollama.structured(MODEL, HELLO, Mood)
    assert answer.repaired
    assert answer.prompt_tokens == 22
    repair = server.requests("/api/chat")[1].payload["messages"]
    assert [message["role"] for message in repair] == ["user", "assistant", "user"]
    assert "valence" in repair[-1]["content"]
    assert "2018" not in repair[-1]["content"]


async def test_structured_gives_up_after_one_repair(server: ScriptedOllama, ollama: OllamaClient) -> None:
    cut = ndjson(*chat_lines('{"label": "ca', done_reason="length"))
    server.script("/api/chat", ndjson(*chat_lines("secret words")), cut)
    with pytest.raises(InvalidAnswer, match="cut off") as caught:
        await ollama.structured(MODEL, HELLO, Mood)
    assert "secret" not in str(caught.value)
    assert len(server.requests("/api/chat")) == 2


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


@pytest.mark.parametrize("host", ["8.8.8.8", "[2001:4860:4860::8888]", "0.0.0.0", "[2001::1]", "[::ffff:8.8.8.8]"])
async def test_a_public_address_is_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(RemoteAddressRefused, match="allow_remote"):
        async with OllamaClient(OllamaConfig(base_url=f"http://{host}:11434")):
            pass
    async with OllamaClient(OllamaConfig(base_url=f"http://{host}:11434", allow_remote=True)):
        pass


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not resolve"):
        async with OllamaClient(OllamaConfig(base_url="http://ollama.invalid:11434")):
            pass


async def test_local_names_are_allowed(server: ScriptedOllama) -> None:
    async with OllamaClient(OllamaConfig(base_url=f"http://localhost:{server.port}")) as client:
        assert await client.version()


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "ollama:11434"},
        {"total_timeout_s": 0},
        {"max_connections": 0},
        {"base_url": "http://"},
        {"base_url": "http://a:99999"},
        {"base_url": "http://a\nb"},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        OllamaConfig(**wrong)  # type: ignore[arg-type]


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


async def test_a_client_that_was_not_opened_sends_nothing(server: ScriptedOllama) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await OllamaClient(OllamaConfig(base_url=server.url)).version()
    assert server.received == []


@pytest.mark.parametrize("host", ["a..b", "x" * 70])
async def test_a_host_that_is_no_name_is_unreachable(host: str) -> None:
    with pytest.raises(Unreachable, match="does not resolve"):
        async with OllamaClient(OllamaConfig(base_url=f"http://{host}")):
            pass


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
