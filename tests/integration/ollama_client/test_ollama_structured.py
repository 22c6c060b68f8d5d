"""`structured`: a schema, validation, one repair."""

import pytest
from pydantic import BaseModel, Field

from ollama_client import InvalidAnswer, Message, OllamaClient
from support.scripted_ollama import MODEL, ScriptedOllama, chat_lines, ndjson

HELLO = [Message.user("Hello")]


class Mood(BaseModel):
    label: str
    valence: int = Field(ge=-100, le=100)


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
    assert (caught.value.prompt_tokens, caught.value.total_duration_ns) == (22, 10_000_000), "what both turns took"
    assert len(server.requests("/api/chat")) == 2
