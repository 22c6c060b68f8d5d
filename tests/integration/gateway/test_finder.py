"""Searching over a real Qdrant and a scripted Ollama: what is found, and what a missing server is called."""

import pytest

from contracts.search import SearchQuery
from entry_index import Chunk, EmbeddingModel, EntryIndex, IndexConfig, IndexedEntry, Lexicon, SearchFilters
from gateway.domain.errors import JournalNotFound, LexicalUnavailable, ModelUnavailable, SearchUnavailable
from gateway.service.create_entry import create_entry
from gateway.service.erase import erase_entry
from gateway.service.finder import IndexFinder
from gateway.service.search import search_entries
from ollama_client import OllamaClient, OllamaConfig
from support.backends.qdrant import new_qdrant_server
from support.gateway_store import draft
from support.scripted_ollama import EMBEDDING_MODEL, Answer, Pause, ScriptedOllama, fault

DIMENSION = 64
MODEL = EmbeddingModel(EMBEDDING_MODEL, "d1", DIMENSION)
NO_FILTERS = SearchFilters()
LEXICON = Lexicon(b"a key of the tests")


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory):
    with new_qdrant_server(tmp_path_factory.mktemp("finder-qdrant")) as server:
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
    return IndexFinder(OllamaConfig(base_url=ollama.url), index, model=f"{EMBEDDING_MODEL}:latest", timeout_s=5)


async def _index_entry(ollama, index, entry, lexicon=None):
    async with OllamaClient(OllamaConfig(base_url=ollama.url)) as client:
        vectors = (await client.embed(EMBEDDING_MODEL, [entry.body])).vectors
    terms = lexicon.passage_terms(entry.journal, entry.body) if lexicon else None
    chunk = Chunk(0, 0, len(entry.body), tuple(vectors[0]), terms)
    await index.ensure(MODEL, lexicon=lexicon.mark if lexicon else "")
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
    finder = IndexFinder(OllamaConfig(base_url=ollama.url), index, model="other", timeout_s=5)
    with pytest.raises(SearchUnavailable, match=r"vectors of all-minilm.*embedded by other"):
        await finder.find("anna", SearchQuery(query="bees"), NO_FILTERS, limit=10)


async def test_a_model_that_is_not_installed_is_told_with_its_remedy(ollama, index, finder):
    await index.ensure(MODEL)
    ollama.script("/api/embed", fault(404, f'model "{EMBEDDING_MODEL}" not found, try pulling it first'))
    with pytest.raises(ModelUnavailable, match="ollama pull"):
        await finder.find("anna", SearchQuery(query="bees"), NO_FILTERS, limit=10)


async def test_a_slow_model_server_is_given_up(ollama, index):
    await index.ensure(MODEL)
    ollama.script("/api/embed", Answer([Pause(30)]))
    finder = IndexFinder(OllamaConfig(base_url=ollama.url), index, model=EMBEDDING_MODEL, timeout_s=0.5)
    with pytest.raises(ModelUnavailable):
        await finder.find("anna", SearchQuery(query="bees"), NO_FILTERS, limit=10)


async def test_a_missing_model_server_and_a_missing_index_are_told_apart(ollama, index, finder):
    await index.ensure(MODEL)
    await finder.ping_index()
    await finder.ping_model_server()
    ollama.go_away()
    with pytest.raises(ModelUnavailable) as away:
        await finder.find("anna", SearchQuery(query="bees"), NO_FILTERS, limit=10)
    assert away.value.retry_after_s
    async with EntryIndex(IndexConfig(url="http://127.0.0.1:1", timeout_s=2)) as nowhere:
        broken = IndexFinder(OllamaConfig(base_url=ollama.url), nowhere, model=EMBEDDING_MODEL, timeout_s=5)
        with pytest.raises(SearchUnavailable):
            await broken.find("anna", SearchQuery(query="bees"), NO_FILTERS, limit=10)


@pytest.fixture
def hybrid(ollama, index):
    config = OllamaConfig(base_url=ollama.url)
    return IndexFinder(config, index, model=EMBEDDING_MODEL, timeout_s=5, lexicon=LEXICON)


@pytest.fixture
async def two_entries(store, owner, ollama, index):
    bodies = ["Zbigniew called at noon.", "Rain on the window."]
    made = [(await create_entry(store, owner.principal, "anna", draft(body))).entry for body in bodies]
    for entry in made:
        await _index_entry(ollama, index, entry, LEXICON)
    return made


async def test_a_hybrid_search_says_what_its_scores_are_made_of(store, owner, hybrid, two_entries):
    query = SearchQuery(query="zbigniew")
    answer = await search_entries(store, hybrid, owner.principal, "anna", query)
    assert (answer.mode, answer.degraded) == ("hybrid", None)
    first, second = answer.hits
    assert first.entry_id == two_entries[0].id
    assert first.score > second.score >= 0
    assert first.scores.lexical > 0
    assert second.scores.lexical is None
    assert first.scores.dense is not None

    lexical = await search_entries(store, hybrid, owner.principal, "anna", query.model_copy(update={"mode": "lexical"}))
    assert [(hit.entry_id, hit.score) for hit in lexical.hits] == [(two_entries[0].id, 1.0)]
    dense = await search_entries(store, hybrid, owner.principal, "anna", query.model_copy(update={"mode": "dense"}))
    assert dense.mode == "dense"
    assert all(hit.score == pytest.approx(hit.scores.dense) for hit in dense.hits)


async def test_without_a_model_server_words_are_searched_for_and_the_answer_says_so(
    store, owner, hybrid, two_entries, ollama
):
    ollama.go_away()
    answer = await search_entries(store, hybrid, owner.principal, "anna", SearchQuery(query="Zbigniew"))
    assert (answer.mode, answer.degraded) == ("lexical", "model_unavailable")
    assert [hit.entry_id for hit in answer.hits] == [two_entries[0].id]
    with pytest.raises(ModelUnavailable):
        await search_entries(store, hybrid, owner.principal, "anna", SearchQuery(query="Zbigniew", mode="dense"))


async def test_a_slow_model_server_does_not_hold_up_the_words(ollama, index, two_entries):
    ollama.script("/api/embed", Answer([Pause(30)]))
    config = OllamaConfig(base_url=ollama.url)
    finder = IndexFinder(config, index, model=EMBEDDING_MODEL, timeout_s=0.6, lexicon=LEXICON)
    found = await finder.find("anna", SearchQuery(query="Zbigniew"), NO_FILTERS, limit=10)
    assert (found.mode, found.degraded) == ("lexical", "model_unavailable")


async def test_words_under_another_key_are_not_compared(store, owner, ollama, index, two_entries):
    config = OllamaConfig(base_url=ollama.url)
    for lexicon in (None, Lexicon(b"a key of somebody else")):
        finder = IndexFinder(config, index, model=EMBEDDING_MODEL, timeout_s=5, lexicon=lexicon)
        answer = await search_entries(store, finder, owner.principal, "anna", SearchQuery(query="Zbigniew"))
        assert (answer.mode, answer.degraded) == ("dense", "lexical_unavailable")
        assert len(answer.hits) == 2
        with pytest.raises(LexicalUnavailable):
            await finder.find("anna", SearchQuery(query="Zbigniew", mode="lexical"), NO_FILTERS, limit=10)


async def test_the_lexicon_is_filled_unless_the_workers_write_by_another(ollama, index, hybrid):
    assert await hybrid.lexicon_to_fill() is None  # There is no index yet, and nothing in it to be indexed again.
    await index.ensure(MODEL, lexicon=LEXICON.mark)
    assert await hybrid.lexicon_to_fill() == LEXICON.mark
    await index.ensure(MODEL, lexicon="")
    assert await hybrid.lexicon_to_fill() is None
