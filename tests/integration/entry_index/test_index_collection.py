import asyncio
from dataclasses import replace

import pytest

from entry_index import EmbeddingModel, EntryIndex, IndexNotReady, IndexRefused, ModelMismatch, RebuildIncomplete
from support.entries import direction, indexed_entry

OTHER = EmbeddingModel("nomic-embed-text:v1.5", "0a109f422b47e3a3", 4)


async def test_before_ensure_there_is_no_model_and_a_search_says_that_it_may_be_tried_again(config):
    async with EntryIndex(config) as index:
        assert await index.current_model() is None
        with pytest.raises(IndexNotReady) as caught:
            await index.search("anna", direction(0), limit=1)
        assert caught.value.retryable


async def test_ensure_can_be_repeated_and_keeps_what_is_there(index, model):
    await index.upsert(indexed_entry())
    await index.ensure(model)
    assert await index.count("anna") == 1
    assert await index.current_model() == model


async def test_workers_that_ensure_at_once_all_succeed(config, model):
    async def start():
        async with EntryIndex(config) as own:
            await own.ensure(model)
            await own.upsert(indexed_entry())

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(start())
    async with EntryIndex(config) as index:
        assert await index.count("anna") == 8


@pytest.mark.parametrize("change", [{"name": "other"}, {"digest": "ffff"}, {"dimension": 16}])
async def test_another_model_is_refused_with_the_remedy(config, index, model, change):
    async with EntryIndex(config) as other:
        with pytest.raises(ModelMismatch) as caught:
            await other.ensure(replace(model, **change))
    assert "set the embedding model back to all-minilm:latest, or rebuild the index" in str(caught.value)
    assert not caught.value.retryable
    assert caught.value.indexed == model


async def test_a_vector_of_another_length_is_refused_for_good(index):
    with pytest.raises(IndexRefused) as caught:
        await index.search("anna", (1.0, 0.0, 0.0), limit=1)
    assert "expected dim: 8, got 3" in caught.value.answer
    assert not caught.value.retryable


async def test_a_rebuild_leaves_search_alone_until_it_is_complete(index, model):
    entry = indexed_entry()
    await index.upsert(entry)
    rebuilt = await index.begin_rebuild(OTHER)
    assert await index.current_model() == model
    assert len(await index.search("anna", direction(0), limit=1)) == 1
    with pytest.raises(RebuildIncomplete):
        await index.complete_rebuild(OTHER, least_chunks=1)

    await rebuilt.upsert(indexed_entry(entry_id=entry.entry_id, vectors=((1.0, 0.0, 0.0, 0.0),)))
    await index.complete_rebuild(OTHER, least_chunks=1)
    assert await index.current_model() == OTHER
    await index.ensure(OTHER)
    (hit,) = await index.search("anna", (1.0, 0.0, 0.0, 0.0), limit=1)
    assert hit.entry_id == entry.entry_id


async def test_a_rebuild_that_was_interrupted_is_taken_up_again(index):
    first = await index.begin_rebuild(OTHER)
    await first.upsert(indexed_entry(vectors=((1.0, 0.0, 0.0, 0.0),)))
    second = await index.begin_rebuild(OTHER)
    assert await second.count("anna") == 1


async def test_a_completed_rebuild_can_be_completed_again(index):
    await index.begin_rebuild(OTHER)
    await index.complete_rebuild(OTHER, least_chunks=0)
    await index.complete_rebuild(OTHER, least_chunks=0)
    assert await index.current_model() == OTHER


async def test_another_models_vectors_are_gathered_beside_those_that_are_searched(index, model):
    assert await index.ensure_beside(model, lexicon="1-x") is index
    entry = indexed_entry()
    await index.upsert(entry)
    assert await index.beside() == []
    gathered = await index.ensure_beside(OTHER, lexicon="1-y")
    await gathered.upsert(indexed_entry(entry_id=entry.entry_id, vectors=((1.0, 0.0, 0.0, 0.0),)))
    assert await index.beside() == [OTHER]
    assert await index.current_model() == model
    assert [hit.entry_id for hit in await index.search("anna", direction(0), limit=9)] == [entry.entry_id]
    await index.complete_rebuild(OTHER, least_chunks=1)
    contents = await index.contents()
    assert (contents.model, contents.lexicon) == (OTHER, "1-y")
    assert await index.beside() == []


@pytest.mark.parametrize("whole_journal", [False, True])
async def test_what_is_erased_is_erased_where_another_models_vectors_are_gathered_too(index, model, whole_journal):
    gathered = await index.begin_rebuild(OTHER)
    entry, kept = indexed_entry(), indexed_entry(journal="ben")
    for each in (entry, kept):
        await index.upsert(each)
        await gathered.upsert(
            replace(indexed_entry(vectors=((1.0, 0.0, 0.0, 0.0),)), journal=each.journal, entry_id=each.entry_id)
        )
    if whole_journal:
        await index.erase_journal("anna")
    else:
        await index.erase_entry("anna", entry.entry_id)
    assert [await each.count("anna") for each in (index, gathered)] == [0, 0]
    assert [await each.count("ben") for each in (index, gathered)] == [1, 1]
