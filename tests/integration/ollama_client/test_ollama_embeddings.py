"""`embed`: vectors in order, and nothing cut."""

import pytest

from ollama_client import ContextOverflow, OllamaClient, ProtocolViolation
from support.scripted_ollama import ScriptedOllama, document


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
