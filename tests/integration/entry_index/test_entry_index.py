import asyncio
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from entry_index import EntryIndex, SearchFilters, Terms
from support.entries import MONDAY, direction, indexed_entry


async def test_a_search_finds_the_nearest_entries_best_first(index):
    near, nearer, far = (
        indexed_entry(vectors=(direction(0, lean=0.6),)),
        indexed_entry(vectors=(direction(0, lean=0.1),)),
        indexed_entry(vectors=(direction(4),)),
    )
    assert await index.upsert_many([near, nearer, far]) == (True, True, True)
    hits = await index.search("anna", direction(0), limit=2)
    assert [hit.entry_id for hit in hits] == [nearer.entry_id, near.entry_id]
    assert hits[0].score == pytest.approx(0.995, abs=1e-3)


async def test_an_entry_of_many_chunks_is_one_hit_with_the_offsets_of_its_best_chunk(index):
    entry = indexed_entry(vectors=(direction(2), direction(0), direction(1)), revision=7)
    await index.upsert(entry)
    (hit,) = await index.search("anna", direction(0), limit=10)
    assert (hit.entry_id, hit.revision, hit.chunk, hit.start_char, hit.end_char) == (entry.entry_id, 7, 1, 100, 190)


async def test_two_journals_never_see_each_other(index):
    mine, theirs = indexed_entry(journal="anna"), indexed_entry(journal="bruno")
    await index.upsert_many([mine, theirs])
    assert [hit.entry_id for hit in await index.search("anna", direction(0), limit=10)] == [mine.entry_id]
    assert await index.entry_revisions("bruno") == {theirs.entry_id: 1}
    await index.erase_entry("anna", theirs.entry_id)
    assert await index.count("bruno") == 1
    await index.erase_journal("anna")
    assert (await index.count("anna"), await index.count("bruno")) == (0, 1)


async def test_another_journal_cannot_overwrite_or_erase_an_entry_by_its_id(index):
    mine = indexed_entry(journal="anna")
    await index.upsert(mine)
    await index.upsert(indexed_entry(journal="bruno", entry_id=mine.entry_id, revision=2))
    assert await index.entry_revisions("anna") == {mine.entry_id: 1}
    assert await index.count("bruno") == 0


async def test_a_journal_must_be_named(index):
    with pytest.raises(ValueError, match="journal"):
        await index.search("", direction(0), limit=10)


async def test_a_revision_replaces_all_chunks_of_the_one_before(index):
    entry = indexed_entry(vectors=(direction(0), direction(1), direction(2)))
    await index.upsert(entry)
    assert await index.upsert(indexed_entry(entry_id=entry.entry_id, revision=2, vectors=(direction(5),)))
    assert await index.count("anna") == 1
    (hit,) = await index.search("anna", direction(5), limit=10)
    assert (hit.revision, hit.score) == (2, pytest.approx(1))


async def test_a_late_older_revision_changes_nothing(index):
    entry = indexed_entry(revision=2, vectors=(direction(5),))
    await index.upsert(entry)
    late = indexed_entry(entry_id=entry.entry_id, revision=1, vectors=(direction(0), direction(1)))
    assert await index.upsert(late) is False
    assert await index.count("anna") == 1
    assert await index.entry_revisions("anna") == {entry.entry_id: 2}


async def test_the_same_revision_again_changes_nothing(index):
    entry = indexed_entry(vectors=(direction(0), direction(1)))
    assert await index.upsert(entry)
    assert await index.upsert(entry)
    assert await index.count("anna") == 2


async def test_a_batch_with_two_revisions_of_an_entry_keeps_the_newer(index):
    newer = indexed_entry(revision=3)
    older = indexed_entry(entry_id=newer.entry_id, revision=2, vectors=(direction(0), direction(1)))
    assert await index.upsert_many([older, newer]) == (False, True)
    assert await index.entry_revisions("anna") == {newer.entry_id: 3}


async def test_writers_at_once_leave_only_the_newest_revision(config, index):
    entry_id = indexed_entry().entry_id
    revisions = [
        indexed_entry(
            entry_id=entry_id, revision=revision, vectors=tuple(direction(i) for i in range(1 + revision % 4))
        )
        for revision in range(1, 13)
    ]

    async def write(entry):
        async with EntryIndex(config) as own:
            await own.upsert(entry)

    async with asyncio.TaskGroup() as group:
        for entry in reversed(revisions):
            group.create_task(write(entry))
    assert await index.entry_revisions("anna") == {entry_id: 12}
    assert await index.count("anna") == len(revisions[-1].chunks)


async def test_more_chunks_than_one_request_takes_are_all_indexed(index):
    entry = indexed_entry(vectors=tuple(direction(i, lean=i / 200) for i in range(150)))
    await index.upsert(entry)
    assert await index.count("anna") == 150


async def test_terms_may_be_written_beside_the_vectors(index):
    entry = indexed_entry()
    with_terms = replace(entry.chunks[0], terms=Terms(indices=(7, 9), values=(1.5, 0.5)))
    assert await index.upsert(replace(entry, chunks=(with_terms,)))
    assert await index.count("anna") == 1


async def test_no_entries_are_no_work(index):
    assert await index.upsert_many([]) == ()


async def test_filters_narrow_by_time_across_zones_and_by_all_tags(index):
    tokyo = timezone(timedelta(hours=9))
    monday = indexed_entry(written_at=MONDAY, tags=("work", "run"))
    tuesday = indexed_entry(written_at=(MONDAY + timedelta(days=1)).astimezone(tokyo), tags=("work",))
    await index.upsert_many([monday, tuesday])

    async def found(**filters):
        hits = await index.search("anna", direction(0), limit=10, filters=SearchFilters(**filters))
        return {hit.entry_id for hit in hits}

    assert await found(written_from=MONDAY + timedelta(hours=1)) == {tuesday.entry_id}
    assert await found(written_to=MONDAY + timedelta(days=1)) == {monday.entry_id}
    assert await found(written_from=MONDAY, written_to=MONDAY + timedelta(days=2)) == {
        monday.entry_id,
        tuesday.entry_id,
    }
    assert await found(tags=("work",)) == {monday.entry_id, tuesday.entry_id}
    assert await found(tags=("work", "run")) == {monday.entry_id}
    assert await found(tags=("swim",)) == set()


async def test_a_score_threshold_leaves_out_what_is_not_near(index):
    near, far = indexed_entry(vectors=(direction(0, lean=0.1),)), indexed_entry(vectors=(direction(0, lean=1.2),))
    await index.upsert_many([near, far])
    hits = await index.search("anna", direction(0), limit=10, score_threshold=0.8)
    assert [hit.entry_id for hit in hits] == [near.entry_id]


async def test_erasing_an_entry_takes_all_its_chunks(index):
    entry = indexed_entry(vectors=(direction(0), direction(1)))
    other = indexed_entry()
    await index.upsert_many([entry, other])
    await index.erase_entry("anna", entry.entry_id)
    assert await index.entry_revisions("anna") == {other.entry_id: 1}


async def test_entry_revisions_reach_beyond_one_page(index):
    entries = [indexed_entry(revision=number + 1) for number in range(230)]
    await index.upsert_many(entries)
    assert await index.entry_revisions("anna") == {entry.entry_id: entry.revision for entry in entries}
