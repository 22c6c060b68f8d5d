"""A model is the same with its tag and without: to the model server, and to an index begun by the other name."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from enrichment_worker.pipeline import _written_index
from entry_index import EmbeddingModel, EntryIndex, IndexConfig, ModelMismatch
from ollama_client import OllamaClient, OllamaConfig
from support.backends.qdrant import new_qdrant_server
from support.scripted_ollama import ScriptedOllama
from worker_kit import model_facts

BARE, TAGGED = EmbeddingModel("all-minilm", "d1", 8), EmbeddingModel("all-minilm:latest", "d1", 8)
NEXT, NEXT_TAGGED = EmbeddingModel("host:5000/nomic", "d2", 8), EmbeddingModel("host:5000/nomic:latest", "d2", 8)
STAYS: Any = SimpleNamespace(rebuild_index=False)
REBUILDS: Any = SimpleNamespace(rebuild_index=True)


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory):
    with new_qdrant_server(tmp_path_factory.mktemp("spellings-qdrant")) as server:
        yield server.url


@pytest.fixture
async def index(qdrant_url: str) -> AsyncIterator[EntryIndex]:
    async with EntryIndex(IndexConfig(qdrant_url, 10, alias=f"spelled-{uuid4().hex[:8]}")) as opened:
        yield opened


@pytest.mark.parametrize(("first", "then"), [(BARE, TAGGED), (TAGGED, BARE)])
async def test_an_index_goes_on_when_the_setting_gets_or_loses_its_tag(index, first, then):
    await _written_index(STAYS, index, first, "")
    assert await _written_index(STAYS, index, then, "mark") is index
    assert (await index.contents()).lexicon == "mark"
    assert await _written_index(REBUILDS, index, then, "mark") is index
    assert (await index.current_model(), await index.beside()) == (first, [])


async def test_other_weights_and_other_tags_are_other_models(index):
    await _written_index(STAYS, index, BARE, "")
    for other in (EmbeddingModel("all-minilm", "d3", 8), EmbeddingModel("all-minilm:v2", "d1", 8)):
        with pytest.raises(ModelMismatch):
            await _written_index(STAYS, index, other, "")


async def test_vectors_are_gathered_on_in_the_collection_that_was_begun(index):
    await _written_index(REBUILDS, index, BARE, "")
    await _written_index(REBUILDS, index, NEXT, "")
    await _written_index(REBUILDS, index, NEXT_TAGGED, "")
    assert await index.beside() == [NEXT]


async def test_a_model_of_a_registry_with_a_port_is_found():
    with ScriptedOllama(also=["host:5000/team/model:latest"]) as server:
        async with OllamaClient(OllamaConfig(base_url=server.url)) as ollama:
            assert (await model_facts(ollama, "host:5000/team/model")).digest
