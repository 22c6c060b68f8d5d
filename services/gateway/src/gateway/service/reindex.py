"""Many entries enriched again, at the pace of the workers: after a loss of the index, or for another model."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.enrichments import EnrichmentKind
from gateway.db import enrichments, entries, outbox
from gateway.db.store import Store
from gateway.service.enrich import order

_BATCH = 100
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, kw_only=True)
class Reindexing:
    #: None: of all journals.
    journals: Sequence[str] | None
    kinds: Sequence[EnrichmentKind]
    #: What was ordered at or after it is not ordered again.
    since: datetime
    #: No more enrichments of these kinds are to be pending at a time: entries that come in between wait no longer.
    in_work_max: int
    poll_s: float = 1.0


async def clock(store: Store) -> datetime:
    """The moment for `Reindexing.since` of a run that begins now.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    async with store.connection() as connection:
        return await enrichments.read_clock(connection)


async def reindex(store: Store, wanted: Reindexing) -> AsyncGenerator[int]:
    """How many entries are ordered so far, each time that some more are, and at the end.

    Their enrichments of `kinds` are pending from then on, so that the reconciler sees to those that get lost.

    Raises:
        StoreUnavailable: PostgreSQL is away; what was ordered stays ordered.
    """
    ordered, after = 0, _BEFORE_ALL
    while True:
        room = wanted.in_work_max - await _pending(store, wanted.kinds)
        if room <= 0:
            await asyncio.sleep(wanted.poll_s)
            continue
        async with store.transaction() as connection:
            found = await entries.list_unordered(
                connection, wanted.journals, wanted.kinds, since=wanted.since, after=after, limit=min(room, _BATCH)
            )
            await enrichments.await_all(
                connection, [(entry_id, revision) for _journal, entry_id, revision in found], wanted.kinds
            )
            await outbox.insert(connection, *(order(*entry, wanted.kinds) for entry in found))
        ordered += len(found)
        yield ordered
        if not found:
            return
        after = found[-1][1]


async def until_made(store: Store, kinds: Sequence[EnrichmentKind], *, poll_s: float = 1.0) -> AsyncGenerator[int]:
    """How many enrichments of `kinds` are pending, again and again until none is.

    Raises:
        StoreUnavailable: PostgreSQL is away.
    """
    while pending := await _pending(store, kinds):
        yield pending
        await asyncio.sleep(poll_s)


async def _pending(store: Store, kinds: Sequence[EnrichmentKind]) -> int:
    async with store.connection() as connection:
        return await enrichments.count_pending(connection, kinds)
