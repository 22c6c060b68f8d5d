"""Searching over a real Qdrant and a scripted Ollama: what is found, and what a missing server is called."""

import pytest

from contracts.search import SearchQuery
from devstack.qdrant.server import QdrantServer
from entry_index import Chunk, EmbeddingModel, EntryIndex, IndexConfig, IndexedEntry
from gateway.domain.errors import JournalNotFound, ModelUnavailable, SearchUnavailable
from gateway.service.create_entry import create_entry
from gateway.service.erase import erase_entry
from gateway.service.finder import OllamaFinder
from gateway.service.search import search_entries
from ollama_client import OllamaClient, OllamaConfig
from support.gateway_store import draft
from support.scripted_ollama import EMBEDDING_MODEL, Answer, Pause, ScriptedOllama, fault

DIMENSION = 64
MODEL = EmbeddingModel(EMBEDDING_MODEL, "d1", DIMENSION)


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory):
    with QdrantServer(tmp_path_factory.mktemp("finder-qdrant")) as server:
        yield server.url


@pytest.fixture
def ollama():
    with ScriptedOllama(dimension=DIMENSION) as server:
        yield server


@pytest.fixture
async def index(qdrant_url, request):
    alias = f"finder-{abs(hash(request.node.name))}"
    async with EntryIndex(IndexConfig(url=qdrant_url, timeout_s=10, alias=alias)) as opened:
        yield opened


@pytest.fixture
def finder(ollama, index):
    return OllamaFinder(OllamaConfig(base_url=ollama.url), index, model=f"{EMBEDDING_MODEL}:latest", timeout_s=5)


async def _index_entry(ollama, index, entry):
    async with OllamaClient(OllamaConfig(base_url=ollama.url)) as client:
        vectors = (await client.embed(EMBEDDING_MODEL, [entry.body])).vectors
    chunk = Chunk(0, 0, len(entry.body), tuple(vectors[0]))
    await index.ensure(MODEL)
    await index.upsert(IndexedEntry(entry.journal, entry.id, entry.revision, entry.written_at, entry.tags, (chunk,)))


async def test_the_nearest_entry_comes_first_and_erased_ones_not_at_all(store, owner, ollama, index, finder):
    bodies = ["bees in the garden", "rain on the window", "garden gate and garden bees"]
    made = [(await create_entry(store, owner.principal, "anna", draft(body))).entry for body in bodies]
    for entry in made:
        await _index_entry(ollama, index, entry)
    query = SearchQuery(query="bees in the garden")
    answer = await search_entries(store, finder, owner.principal, "anna", query)
    assert (answer.hits[0].entry_id, answer.hits[0].snippet) == (made[0].id, bodies[0])
    assert answer.hits[0].score == pytest.approx(1.0, abs=1e-3)
    # The index has not heard of the erasure yet.
    await erase_entry(store, owner.principal, "anna", made[0].id)
    answer = await search_entries(store, finder, owner.principal, "anna", query)
    assert made[0].id not in {hit.entry_id for hit in answer.hits}


async def test_an_index_that_was_never_filled_finds_nothing(store, owner, finder, ollama):
    answer = await search_entries(store, finder, owner.principal, "anna", SearchQuery(query="bees"))
    assert answer.hits == ()
    assert ollama.requests("/api/embed") == []
    with pytest.raises(JournalNotFound):
        await search_entries(store, finder, owner.principal, "nobody", SearchQuery(query="bees"))


async def test_vectors_of_another_model_are_not_compared(ollama, index):
    await index.ensure(MODEL)
    finder = OllamaFinder(OllamaConfig(base_url=ollama.url), index, model="other", timeout_s=5)
    with pytest.raises(SearchUnavailable, match=r"vectors of all-minilm.*embedded by other"):
        await finder.find("anna", SearchQuery(query="bees"))


async def test_a_model_that_is_not_installed_is_told_with_its_remedy(ollama, index, finder):
    await index.ensure(MODEL)
    ollama.script("/api/embed", fault(404, f'model "{EMBEDDING_MODEL}" not found, try pulling it first'))
    with pytest.raises(ModelUnavailable, match="ollama pull"):
        await finder.find("anna", SearchQuery(query="bees"))


async def test_a_slow_model_server_is_given_up(ollama, index):
    await index.ensure(MODEL)
    ollama.script("/api/embed", Answer([Pause(30)]))
    finder = OllamaFinder(OllamaConfig(base_url=ollama.url), index, model=EMBEDDING_MODEL, timeout_s=0.5)
    with pytest.raises(ModelUnavailable):
        await finder.find("anna", SearchQuery(query="bees"))


async def test_a_missing_model_server_and_a_missing_index_are_told_apart(ollama, index, finder):
    await index.ensure(MODEL)
    await finder.ping_index()
    await finder.ping_model_server()
    ollama.go_away()
    with pytest.raises(ModelUnavailable) as away:
        await finder.find("anna", SearchQuery(query="bees"))
    assert away.value.retry_after_s
    async with EntryIndex(IndexConfig(url="http://127.0.0.1:1", timeout_s=2)) as nowhere:
        broken = OllamaFinder(OllamaConfig(base_url=ollama.url), nowhere, model=EMBEDDING_MODEL, timeout_s=5)
        with pytest.raises(SearchUnavailable):
            await broken.find("anna", SearchQuery(query="bees"))
