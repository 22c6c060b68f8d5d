"""Vectors and words together, on the real engine."""

from dataclasses import replace

import pytest

from entry_index import EntryIndex, Lexicon, SearchFilters
from support.entries import direction, indexed_entry

LEXICON = Lexicon(b"the key of these tests")


def worded(*texts, journal="anna", lean=0.0, vectors=None, **fields):
    """An entry with a chunk for each text."""
    entry = indexed_entry(journal=journal, vectors=vectors or tuple(direction(0, lean=lean) for _ in texts), **fields)
    chunks = tuple(
        replace(chunk, terms=LEXICON.passage_terms(journal, text))
        for chunk, text in zip(entry.chunks, texts, strict=True)
    )
    return replace(entry, chunks=chunks)


def asked(text, journal="anna"):
    return LEXICON.query_terms(journal, text)


def ids(hits):
    return [hit.entry_id for hit in hits]


async def test_a_rare_word_finds_its_entry_where_the_vector_does_not(index):
    crowd = [worded("we walked by the river", lean=number / 100) for number in range(60)]
    wanted = worded("we met Zbigniew by the river", vectors=(direction(4),))
    await index.upsert_many([*crowd, wanted])
    assert wanted.entry_id not in ids(await index.search("anna", direction(0), limit=10))
    (hit,) = await index.search("anna", None, terms=asked("Zbigniew"), limit=10)
    assert (hit.entry_id, hit.dense, hit.bm25) == (wanted.entry_id, None, hit.score)
    first, *_ = await index.search("anna", direction(0), terms=asked("zbigniew"), limit=10)
    assert (first.entry_id, first.dense) == (wanted.entry_id, None)


async def test_another_way_to_say_it_is_found_by_the_vector(index):
    near = worded("the baby walked", vectors=(direction(2),))
    far = worded("tax letters", vectors=(direction(5),))
    await index.upsert_many([near, far])
    hits = await index.search("anna", direction(2), terms=asked("infant steps"), limit=10)
    assert ids(hits) == [near.entry_id, far.entry_id]
    assert hits[0].bm25 is None


async def test_rarity_is_counted_in_the_own_journal(index):
    await index.upsert_many([worded("bees"), worded("bees honey"), worded("honey honey"), worded("wax bees")])

    async def score(word):
        hits = await index.search("anna", None, terms=asked(word), limit=1)
        return hits[0].score

    before = await score("wax")
    await index.upsert_many([worded(f"wax {number}", journal="bruno") for number in range(40)])
    assert await score("wax") == pytest.approx(before)
    assert await score("wax") > await score("bees")


async def test_no_kind_of_search_sees_another_journal(index):
    own, foreign = worded("secret bees"), worded("secret bees", journal="bruno")
    await index.upsert_many([own, foreign])
    for vector in (direction(0), None):
        for terms in (asked("bees"), None):
            hits = await index.search("anna", vector, terms=terms, limit=10)
            assert ids(hits) == ([own.entry_id] if vector or terms else [])
    # Whoever asks with the numbers of the other journal finds nothing in his own.
    assert await index.search("anna", None, terms=asked("bees", "bruno"), limit=10) == []
    assert await index.similar("anna", own.entry_id, 1, limit=10) == []
    assert await index.similar("anna", foreign.entry_id, 1, limit=10) is None
    assert await index.search("anna", direction(0), limit=9, filters=SearchFilters(entry_ids=(foreign.entry_id,))) == []


async def test_what_is_erased_is_found_by_neither(index):
    entry = worded("bees")
    await index.upsert(entry)
    await index.erase_entry("anna", entry.entry_id)
    assert await index.search("anna", direction(0), terms=asked("bees"), limit=10) == []
    assert await index.search("anna", None, terms=asked("bees"), limit=10) == []


async def test_words_of_a_revision_replace_those_before(index):
    entry = worded("bees")
    await index.upsert(entry)
    await index.upsert(worded("wasps", entry_id=entry.entry_id, revision=2))
    assert await index.search("anna", None, terms=asked("bees"), limit=10) == []
    assert ids(await index.search("anna", None, terms=asked("wasps"), limit=10)) == [entry.entry_id]


async def test_filters_hold_for_both_halves(index):
    tagged, other = worded("bees", tags=("garden",)), worded("bees")
    await index.upsert_many([tagged, other])
    for filters in (SearchFilters(tags=("garden",)), SearchFilters(entry_ids=(tagged.entry_id,))):
        for vector, terms in ((direction(0), asked("bees")), (None, asked("bees")), (direction(0), None)):
            hits = await index.search("anna", vector, terms=terms, limit=10, filters=filters)
            assert ids(hits) == [tagged.entry_id]
    assert await index.search("anna", direction(0), limit=10, filters=SearchFilters(entry_ids=())) == []


async def test_entries_of_many_chunks_do_not_take_the_places_of_others(index):
    long = worded(*(["bees"] * 120))
    short = [worded("bees", lean=0.3) for _ in range(8)]
    await index.upsert_many([long, *short])
    for vector, terms in ((direction(0), None), (None, asked("bees")), (direction(0), asked("bees"))):
        hits = await index.search("anna", vector, terms=terms, limit=9)
        assert set(ids(hits)) == {long.entry_id, *(entry.entry_id for entry in short)}


async def test_entries_similar_to_one_are_near_to_any_of_its_passages_and_not_itself(index):
    entry = worded("a", "b", vectors=(direction(0), direction(3)))
    by_first, by_second, far = (worded("x", vectors=(direction(axis, lean=0.2),)) for axis in (0, 3, 6))
    await index.upsert_many([entry, by_first, by_second, far])
    hits = await index.similar("anna", entry.entry_id, 1, limit=2)
    assert set(ids(hits)) == {by_first.entry_id, by_second.entry_id}
    assert hits[0].dense == hits[0].score == pytest.approx(0.98, abs=0.01)
    assert await index.similar("anna", entry.entry_id, 2, limit=2) is None


async def test_the_index_says_by_which_lexicon_it_is_written(config, model):
    async with EntryIndex(config) as index:
        assert await index.contents() is None
        await index.ensure(model, lexicon=LEXICON.mark)
        contents = await index.contents()
        assert (contents.model, contents.lexicon) == (model, LEXICON.mark)
        await index.ensure(model, lexicon="")
        contents = await index.contents()
        assert (contents.model, contents.lexicon) == (model, "")
