"""Searches turn to another model's vectors when every entry has its own, and not before."""

import uuid

import pytest

from contracts.api import RecordEnrichment
from entry_index import EmbeddingModel, EntryIndex, IndexConfig, RebuildIncomplete
from gateway.db.enrichments import Embedded
from gateway.service.create_entry import create_entry
from gateway.service.enrich import record_enrichment
from gateway.service.switch_index import IndexIncomplete, NothingGathered, switch_index
from support.backends.qdrant import new_qdrant_server
from support.entries import DIMENSION, direction, indexed_entry
from support.gateway_store import draft

OLD = EmbeddingModel("all-minilm", "d1", DIMENSION)
NEW = EmbeddingModel("nomic-embed-text:v1.5", "d2", DIMENSION)
NEW_WEIGHTS = EmbeddingModel("all-minilm", "d3", DIMENSION)


@pytest.fixture(scope="module")
def qdrant_url(tmp_path_factory):
    with new_qdrant_server(tmp_path_factory.mktemp("switch-qdrant")) as server:
        yield server.url


@pytest.fixture
async def index(qdrant_url):
    async with EntryIndex(IndexConfig(qdrant_url, 10, alias=f"switch-{uuid.uuid4().hex[:8]}")) as opened:
        yield opened


class Desk:
    """Entries that are embedded as a worker does it."""

    def __init__(self, store, owner, index):
        self.store, self.principal, self.index = store, owner.principal, index
        self.entries = []

    async def write(self, number):
        self.entries += [(await create_entry(self.store, self.principal, "anna", draft())).entry for _ in range(number)]

    async def embed(self, entry, model):
        written = await self.index.ensure_beside(model)
        await written.upsert(indexed_entry(journal="anna", entry_id=entry.id, vectors=(direction(1), direction(2))))
        await self.note(entry, model)

    async def note(self, entry, model):
        provenance = {"model": model.name, "model_digest": model.digest}
        result = {"kind": "embedding", "dimension": DIMENSION, "chunks": 2, "provenance": provenance}
        fields = {"journal": "anna", "entry_id": entry.id, "revision": 1, "kind": "embedding", "result": result}
        await record_enrichment(self.store, self.principal, RecordEnrichment.model_validate(fields))


@pytest.fixture
def desk(store, owner, index):
    return Desk(store, owner, index)


@pytest.mark.parametrize("new", [NEW, NEW_WEIGHTS])
async def test_searches_turn_when_the_last_entry_has_its_new_vectors(desk, store, index, new):
    await desk.write(3)
    for entry in desk.entries:
        await desk.embed(entry, OLD)
    with pytest.raises(NothingGathered, match="ENRICHMENT_REBUILD_INDEX=true"):
        await switch_index(store, index, new.name)
    for left, entry in zip((2, 1), desk.entries, strict=False):
        await desk.embed(entry, new)
        with pytest.raises(IndexIncomplete, match=f"{left} entries are not embedded by {new.name} yet"):
            await switch_index(store, index, new.name)
        assert await index.current_model() == OLD
    await desk.embed(desk.entries[-1], new)
    assert await switch_index(store, index, new.name) == Embedded(passages=6, entries_left=0, entries_failed=0)
    assert await index.current_model() == new
    assert await index.count("anna") == 6
    assert await index.beside() == []


async def test_vectors_count_under_either_spelling_of_the_models_name(desk, store, index):
    await desk.write(2)
    for entry in desk.entries:
        await desk.embed(entry, OLD)
        await desk.embed(entry, NEW_WEIGHTS)
    await desk.note(desk.entries[0], EmbeddingModel("all-minilm:latest", "d3", DIMENSION))
    await switch_index(store, index, "all-minilm:latest")
    assert await index.current_model() == NEW_WEIGHTS


async def test_an_entry_that_waits_for_its_embedding_keeps_the_old_model(desk, store, index):
    await desk.write(2)
    await desk.embed(desk.entries[0], OLD)
    await desk.embed(desk.entries[0], NEW)
    with pytest.raises(IndexIncomplete, match="1 entries"):
        await switch_index(store, index, NEW.name)


async def test_vectors_that_are_missing_are_noticed(desk, store, index):
    await desk.write(1)
    await desk.embed(desk.entries[0], OLD)
    await desk.embed(desk.entries[0], NEW)
    await index.erase_entry("anna", desk.entries[0].id)
    with pytest.raises(RebuildIncomplete):
        await switch_index(store, index, NEW.name)
    assert await index.current_model() == OLD


async def test_vectors_of_some_other_model_are_named(desk, store, index):
    await desk.write(1)
    await desk.embed(desk.entries[0], OLD)
    await desk.embed(desk.entries[0], NEW)
    with pytest.raises(NothingGathered, match=r"there are some of nomic-embed-text:v1\.5"):
        await switch_index(store, index, "bge-m3")
