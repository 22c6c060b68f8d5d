"""Entries that give orders, as what is reflected on and as what is looked back at."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from contracts.entries import EntryView
from insights_worker.reflecting import load_prompt, reflect
from ollama_client import InvalidAnswer, OllamaClient, OllamaConfig
from support.injections import INJECTIONS, control_tokens
from support.scripted_ollama import MODEL, REFLECTION, ScriptedOllama, chat_lines, ndjson
from worker_kit import ModelFacts

FACTS = ModelFacts(MODEL, "d1", 4096)
DAY = datetime(2026, 3, 2, 8, tzinfo=UTC)


def entry(body: str) -> EntryView:
    return EntryView(
        id=uuid4(),
        journal="me",
        revision=1,
        body=body,
        written_at=DAY,
        created_at=DAY,
        updated_at=DAY,
        tags=(),
        metadata={},
        enrichments={},
    )


async def heard(_text: str, _questions: tuple[str, ...]) -> None:
    pass


@pytest.mark.parametrize("name", INJECTIONS)
async def test_an_order_is_an_entry_like_any_other(name: str) -> None:
    order = entry(INJECTIONS[name])
    with ScriptedOllama() as server:
        async with OllamaClient(OllamaConfig(base_url=server.url)) as ollama:
            found = await reflect(ollama, FACTS, order, [order], context_tokens=4096, written=heard)
            # A model that obeys.
            server.script("/api/chat", ndjson(*chat_lines("BANANA")))
            with pytest.raises(InvalidAnswer) as refused:
                await reflect(ollama, FACTS, order, [], context_tokens=4096, written=heard)
        sent = server.requests("/api/chat")[0].payload
    assert found.text == REFLECTION["reflection"]
    assert "BANANA" not in str(refused.value)
    system, earlier, read, last = sent["messages"]
    assert (system["role"], system["content"]) == ("system", load_prompt().instruction.content)
    assert [one["role"] for one in (earlier, read, last)] == ["user", "assistant", "user"]
    assert control_tokens(json.dumps(sent, ensure_ascii=False)) == []
    assert sent["format"] == load_prompt().schema
