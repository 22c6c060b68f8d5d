"""Entries that give orders, where a chat model tells the mood."""

import pytest

from enrichment_worker.mood_llm import infer_by_llm, load_prompt
from ollama_client import InvalidAnswer, OllamaClient, OllamaConfig
from support.injections import INJECTIONS, control_tokens
from support.scripted_ollama import MODEL, ScriptedOllama, chat_lines, ndjson
from worker_kit import ModelFacts

FACTS = ModelFacts(MODEL, "d1", 4096)


@pytest.mark.parametrize("name", INJECTIONS)
async def test_an_order_is_an_entry_like_any_other(name: str) -> None:
    with ScriptedOllama() as server:
        async with OllamaClient(OllamaConfig(base_url=server.url)) as ollama:
            mood = await infer_by_llm(ollama, FACTS, INJECTIONS[name], context_tokens=4096)
            # A model that obeys.
            server.script("/api/chat", *(ndjson(*chat_lines("BANANA")) for _ in range(2)))
            with pytest.raises(InvalidAnswer) as refused:
                await infer_by_llm(ollama, FACTS, INJECTIONS[name], context_tokens=4096)
        first = server.requests("/api/chat")[0].payload
    assert mood.label == "calm"
    assert "BANANA" not in str(refused.value)
    turns, last = first["messages"][:-1], first["messages"][-1]
    assert [(one["role"], one["content"]) for one in turns] == [(one.role, one.content) for one in load_prompt().turns]
    assert (last["role"], control_tokens(last["content"])) == ("user", [])
    assert first["format"] == load_prompt().schema
    assert "tools" not in first
