"""Filters hold against PostgreSQL as it is now, and leave no gaps: a real index of vectors that are all alike."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from contracts.api import RecordEnrichment
from contracts.enrichments import MoodResult, Provenance
from contracts.search import Recency, SearchQuery
from entry_index import Chunk, EmbeddingModel, EntryIndex, IndexConfig, IndexedEntry, Lexicon
from gateway.domain.errors import EntryNotFound, EntryNotIndexed
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.erase import erase_entry
from gateway.service.finder import IndexFinder
from gateway.service.put_journal import put_journal
from gateway.service.replace_entry import replace_entry
from gateway.service.search import search_entries, similar_entries
from ollama_client import OllamaConfig
from support.backends.qdrant import new_qdrant_server
from support.gateway_store import draft, report
from support.scripted_ollama import EMBEDDING_MODEL, ScriptedOllama

DIMENSION = 8
ALIKE = (1.0, *[0.0] * (DIMENSION - 1))
LEXICON = Lexicon(b"a key of the tests")


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory):
    with new_qdrant_server(tmp_path_factory.mktemp("filters-qdrant")) as server:
        yield server.url


@pytest.fixture(scope="module")
def ollama():
    with ScriptedOllama(dimension=DIMENSION) as server:
        yield server


@pytest.fixture
async def index(qdrant_url):
    config = IndexConfig(url=qdrant_url, timeout_s=10, alias=f"filters-{uuid4().hex[:8]}")
    async with EntryIndex(config) as opened:
        await opened.ensure(EmbeddingModel(EMBEDDING_MODEL, "d1", DIMENSION), lexicon=LEXICON.mark)
        yield opened


@pytest.fixture
def make(store, owner, index):
    """A stored and indexed entry, with its inferred mood."""

    async def make(body="bees", *, label="calm", valence=0.4, vector=ALIKE, **fields):
        entry = (await create_entry(store, owner.principal, "anna", draft(body, **fields))).entry
        chunk = Chunk(0, 0, len(body), vector, LEXICON.passage_terms("anna", body))
        await index.upsert(IndexedEntry("anna", entry.id, 1, entry.written_at, entry.tags, (chunk,)))
        if label:
            mood = MoodResult(
                method="llm", label=label, valence=valence, arousal=0.2, confidence=1, provenance=Provenance(model="m")
            )
            told = RecordEnrichment(journal="anna", entry_id=entry.id, revision=1, kind="mood", result=mood)
            await record_enrichment(store, owner.principal, told)
        return entry.id

    return make


@pytest.fixture
def find(store, owner, index, ollama):
    finder = IndexFinder(OllamaConfig(base_url=ollama.url), index, model=EMBEDDING_MODEL, timeout_s=20, lexicon=LEXICON)

    async def find(query="bees", **fields):
        found = {}
        for mode in ("hybrid", "dense", "lexical"):
            search = SearchQuery(query=query, mode=mode, **fields)
            answer = await search_entries(store, finder, owner.principal, "anna", search)
            found[mode] = [hit.entry_id for hit in answer.hits]
        assert set(found["hybrid"]) == set(found["dense"]) == set(found["lexical"])
        return set(found["hybrid"])

    find.finder = finder
    return find


async def test_moods_are_those_of_now_and_the_writers_own_word_counts_first(find, make):
    calm, sad = await make(), await make(label="sad", valence=-0.6)
    unsaid = await make(label=None)
    own = await make(label="sad", valence=-0.5, mood={"label": "joyful", "valence": 0.9})
    half = await make(label="sad", valence=-0.5, mood={"valence": 0.8})
    assert await find(moods=["calm"]) == {calm}
    assert await find(moods=["sad", "calm"]) == {calm, sad, half}
    assert await find(moods=["joyful"]) == {own}
    assert await find(valence_from=0.4) == {calm, own, half}
    assert await find(valence_to=-0.55) == {sad}
    assert await find(valence_from=-0.6, valence_to=0.4) == {calm, sad}
    assert await find(moods=["lonely"]) == set()
    assert await find() == {calm, sad, unsaid, own, half}


async def test_the_few_that_fit_are_found_among_many_that_do_not(find, make, store, owner):
    crowd = [await make(tags=["crowd"]) for _ in range(130)]
    wanted = [await make(label="sad", valence=-0.9, tags=["rare"]) for _ in range(10)]
    assert await find(moods=["sad"]) == set(wanted)
    assert await find(valence_to=-0.5) == set(wanted)
    assert await find(tags=["rare"]) == set(wanted)
    assert await find(tags=["crowd"], moods=["sad"]) == set()
    # Equal entries beyond the limit may come in any order.
    search = SearchQuery(query="bees", moods=("calm",), limit=50)
    answer = await search_entries(store, find.finder, owner.principal, "anna", search)
    assert len({hit.entry_id for hit in answer.hits} & set(crowd)) == 50


async def test_dates_and_moods_go_together(find, make):
    monday = datetime(2026, 3, 2, 8, tzinfo=UTC)
    first = await make(written_at=monday.isoformat())
    second = await make(written_at=(monday + timedelta(days=1)).isoformat())
    await make(written_at=(monday + timedelta(days=1)).isoformat(), label="sad")
    assert await find(written_from=monday, written_to=monday + timedelta(days=1), moods=["calm"]) == {first}
    assert await find(written_from=monday + timedelta(hours=1), moods=["calm"]) == {second}


async def test_what_the_index_does_not_know_to_be_gone_leaves_no_gap(find, make, store, owner):
    gone = [await make() for _ in range(30)]
    kept = {await make("bees and more to read") for _ in range(5)}
    for entry_id in gone[:25]:
        await erase_entry(store, owner.principal, "anna", entry_id)
    for entry_id in gone[25:]:
        await replace_entry(store, owner.principal, "anna", entry_id, draft("wasps"), expected_revision=1)
    assert await find(limit=5) == kept


async def test_recent_entries_come_first_where_it_is_asked_for(find, make, store, owner):
    now = datetime.now(UTC)
    old = await make("bees bees", written_at=(now - timedelta(days=400)).isoformat())
    new = await make("bees and the garden", written_at=(now - timedelta(days=1)).isoformat())

    async def hits(recency):
        search = SearchQuery(query="bees", mode="lexical", recency=recency)
        return (await search_entries(store, find.finder, owner.principal, "anna", search)).hits

    plain, boosted = await hits(None), await hits(Recency(half_life_days=30, weight=0.9))
    assert [hit.entry_id for hit in plain] == [old, new]
    assert [hit.entry_id for hit in boosted] == [new, old]
    assert plain[0].scores.recency is None
    assert boosted[1].scores.recency == pytest.approx(0.1, abs=0.01)
    assert boosted[1].score == pytest.approx(plain[0].score * boosted[1].scores.recency)


async def test_similar_entries_are_found_without_a_model_server_and_without_the_entry_itself(
    find, make, store, owner, ollama
):
    one, twin = await make(), await make("wasps")
    other = await make("rain", vector=(0.0, 1.0, *[0.0] * (DIMENSION - 2)))
    asked = len(ollama.requests("/api/embed"))
    answer = await similar_entries(store, find.finder, owner.principal, "anna", one, limit=10)
    assert [hit.entry_id for hit in answer.hits] == [twin, other]
    assert (answer.mode, answer.hits[0].score, answer.hits[0].snippet) == ("dense", pytest.approx(1.0), "wasps")
    assert len(ollama.requests("/api/embed")) == asked
    limited = await similar_entries(store, find.finder, owner.principal, "anna", one, limit=1)
    assert [hit.entry_id for hit in limited.hits] == [twin]


async def test_an_entry_that_is_not_indexed_yet_says_so(find, make, store, owner):
    entry_id = (await create_entry(store, owner.principal, "anna", draft("new"))).entry.id
    with pytest.raises(EntryNotIndexed) as caught:
        await similar_entries(store, find.finder, owner.principal, "anna", entry_id, limit=10)
    assert (caught.value.status, caught.value.retry_after_s) == (409, 5)
    revised = await make()
    await replace_entry(store, owner.principal, "anna", revised, draft("other"), expected_revision=1)
    with pytest.raises(EntryNotIndexed):
        await similar_entries(store, find.finder, owner.principal, "anna", revised, limit=10)
    with pytest.raises(EntryNotFound):
        await similar_entries(store, find.finder, owner.principal, "anna", uuid4(), limit=10)


async def test_an_answer_counts_entries_that_are_not_indexed_yet(find, make, store, owner):
    async def pending(journal="anna", **fields):
        search = SearchQuery(query="bees", **fields)
        return (await search_entries(store, find.finder, owner.principal, journal, search)).pending

    await put_journal(store, owner.principal, "bert")
    known = await make()
    await record_enrichment(store, owner.principal, report("anna", known))
    assert await pending() == 0
    fresh = (await create_entry(store, owner.principal, "anna", draft("bees too"))).entry.id
    failed = (await create_entry(store, owner.principal, "anna", draft("bees, alas"))).entry.id
    assert await pending() == 2
    # Where no entry has such a mood the index is not asked, and the answer says it all the same.
    assert await pending(moods=["lonely"]) == 2
    assert (await similar_entries(store, find.finder, owner.principal, "anna", known, limit=10)).pending == 2
    assert await pending("bert") == 0
    await record_enrichment(store, owner.principal, report("anna", fresh))
    await record_enrichment(store, owner.principal, report("anna", failed, reason="invalid_answer"))
    assert await pending() == 0
