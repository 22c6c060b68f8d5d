"""The span of a model's call ends with its answer, or when the stream is left, and says nothing of what was said."""

import pytest
from opentelemetry.trace import StatusCode

from ollama_client import InvalidAnswer, Message, ModelNotFound, StreamCut, _tracing
from support.scripted_ollama import MODEL, Cut, chat_lines, fault, ndjson
from support.traces import recorded

SECRET = [Message.user("a marzipan zeppelin")]


@pytest.fixture
def spans(monkeypatch):
    with recorded(monkeypatch, _tracing) as ended:
        yield ended


async def test_a_streamed_answer_ends_its_span_with_its_last_chunk(ollama, server, spans):
    server.script("/api/chat", ndjson(*chat_lines("One two three.")))
    async with ollama.chat_stream(MODEL, SECRET) as chunks:
        async for chunk in chunks:
            assert bool(spans) == chunk.done, "it ends when all is said, not when the reader is done with it"
    (span,) = spans
    assert span.attributes["gen_ai.usage.output_tokens"] == 3
    assert span.status.status_code is StatusCode.UNSET


async def test_a_stream_that_is_left_ends_its_span_without_a_fault(ollama, server, spans):
    server.script("/api/chat", ndjson(*chat_lines("One two three.")))
    async with ollama.chat_stream(MODEL, SECRET) as chunks:
        await anext(chunks)
        assert not spans
    (span,) = spans
    assert "gen_ai.usage.output_tokens" not in span.attributes
    assert "gen_ai.response.time_to_first_chunk" in span.attributes
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fault(404, "model 'x' not found"), ModelNotFound),
        (ndjson(*chat_lines("One two three.")[:1], end=[Cut()]), StreamCut),
    ],
)
async def test_a_failed_call_is_told_by_the_errors_type(ollama, server, spans, answer, error):
    server.script("/api/chat", answer)
    with pytest.raises(error):
        await ollama.chat(MODEL, SECRET)
    (span,) = spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert span.attributes["error.type"] == error.__name__
    assert not span.events


async def test_text_embeddings_and_repairs_have_a_span_each_and_no_words(ollama, server, spans):
    await ollama.generate(MODEL, "a marzipan zeppelin")
    await ollama.embed("all-minilm", ["a marzipan zeppelin"])
    server.script("/api/chat", *[ndjson(*chat_lines("no zeppelin"))] * 2)
    with pytest.raises(InvalidAnswer):
        await ollama.structured(MODEL, SECRET, Message)
    assert [span.name for span in spans] == [
        f"text_completion {MODEL}",
        "embeddings all-minilm",
        f"chat {MODEL}",
        f"chat {MODEL}",
    ]
    assert not any("zeppelin" in span.to_json() for span in spans)
