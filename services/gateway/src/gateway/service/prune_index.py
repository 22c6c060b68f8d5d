"""Takes out of the index what PostgreSQL does not know: as there is after a restore of an older database."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from entry_index import EntryIndex, IndexedRevision
from gateway.db import enrichments, entries, outbox
from gateway.db.store import Store
from gateway.service.enrich import order


@dataclass(frozen=True)
class Pruned:
    #: Looked at: revisions of entries that there are points of.
    seen: int
    #: Entries that PostgreSQL does not know.
    unknown: int
    #: Entries of which a newer revision was indexed than there is; they are ordered to be indexed again.
    newer: int


async def prune_index(store: Store, index: EntryIndex) -> AsyncGenerator[Pruned]:
    """What was seen and taken out so far, a hundred points at a time.

    Safe while all services run: an entry is stored before it is indexed, and PostgreSQL is asked after the index.
    Points of older revisions stay: no search shows them, and the entry's next indexing takes them away.

    Raises:
        StoreUnavailable, EntryIndexError: one of both is away. What was taken out is out.
    """
    done = Pruned(0, 0, 0)
    if await index.current_model() is None:
        return
    async for page in index.everything():
        async with store.connection() as connection:
            known = await entries.get_revisions(connection, [each.entry_id for each in page])
        unknown = {(each.journal, each.entry_id) for each in page} - known.keys()
        for journal, entry_id in unknown:
            await index.erase_entry(journal, entry_id)
        newer = [each for each in page if each.revision > known.get((each.journal, each.entry_id), each.revision)]
        for each in newer:
            await _set_back(store, index, each)
        done = Pruned(done.seen + len(page), done.unknown + len(unknown), done.newer + len(newer))
        yield done


async def _set_back(store: Store, index: EntryIndex, found: IndexedRevision) -> None:
    """Have the entry indexed as it is; first without the newer revision, which would stand before it."""
    async with store.transaction() as connection:
        entry = await entries.lock(connection, found.journal, found.entry_id)
        if entry is None or entry.revision >= found.revision:
            return
        # With the entry locked: nobody makes a revision of the same number meanwhile, whose points would go too.
        await index.erase_newer(found.journal, found.entry_id, entry.revision)
        await enrichments.await_all(connection, [(entry.id, entry.revision)], ("embedding",))
        await outbox.insert(connection, order(entry.journal, entry.id, entry.revision, ("embedding",)))
