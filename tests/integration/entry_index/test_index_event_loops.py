import asyncio
from pathlib import Path

from entry_index import EntryIndex
from support.entries import direction, indexed_entry


def test_an_index_opens_in_one_event_loop_after_another_and_leaves_nothing_open(config, model):
    async def task():
        async with EntryIndex(config) as index:
            await index.ensure(model)
            await index.upsert(entry)
            return [hit.entry_id for hit in await index.search("anna", direction(0), limit=5)]

    entry = indexed_entry()
    assert asyncio.run(task()) == [entry.entry_id]
    before = open_descriptors()
    for _ in range(30):
        assert asyncio.run(task()) == [entry.entry_id]
    assert open_descriptors() <= before


def open_descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))
