"""Searching a journal: the index finds, PostgreSQL has the words, and decides what is still true."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from contracts.search import SearchAnswer, SearchHit, SearchQuery, SignalScores, Span
from entry_index import EntryHit, SearchFilters, query_words
from gateway.db import enrichments, entries, journals
from gateway.db.entries import MoodFilter
from gateway.db.store import Connection, Store
from gateway.domain.entries import Entry
from gateway.domain.errors import EntryNotIndexed, JournalNotFound
from gateway.domain.principals import Principal
from gateway.service.excerpts import excerpt
from gateway.service.finder import Found
from gateway.service.read_entries import missing
from gateway.service.recency import recency_factor

#: The index is asked for no more.
HITS_MAX = 100
#: Asked for beyond the limit, so that what the index does not know yet to be erased or revised leaves no gap.
_SPARE_HITS = 10


class Finder(Protocol):
    """What searching needs of a model and an index."""

    @property
    def model(self) -> str: ...

    async def find(self, journal: str, search: SearchQuery, filters: SearchFilters, *, limit: int) -> Found:
        """The best entries of `journal` first.

        Raises:
            ModelUnavailable: the query could not be embedded.
            LexicalUnavailable: words cannot be searched for.
            SearchUnavailable: the index did not answer.
        """
        ...

    async def similar(
        self, journal: str, entry_id: UUID, revision: int, filters: SearchFilters, *, limit: int
    ) -> list[EntryHit] | None:
        """The other entries, the nearest first; None where this revision is not indexed.

        Raises:
            SearchUnavailable: the index did not answer.
        """
        ...


async def search_entries(
    store: Store, finder: Finder, principal: Principal, journal: str, search: SearchQuery
) -> SearchAnswer:
    """Hits with the passage that matched, best first.

    Entries that were erased or revised since they were indexed are left out.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        ModelUnavailable, LexicalUnavailable, SearchUnavailable: see `Finder.find`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        filters = await _filters(connection, journal, search)
        # Before the index is asked: what is indexed in between is counted and found, rather than neither.
        pending = await enrichments.count_unindexed(connection, journal)
    if filters.entry_ids == ():
        return SearchAnswer(hits=(), model=finder.model, mode=search.mode, pending=pending)
    # Recency may bring any of the candidates to the front.
    asked = HITS_MAX if search.recency else min(HITS_MAX, search.limit + _SPARE_HITS)
    # No connection is held while the model thinks.
    found = await finder.find(journal, search, filters, limit=asked)
    pairs = await _current(store, journal, found.hits)
    if len(pairs) < search.limit and len(found.hits) == asked < HITS_MAX:
        # The index is far behind: after an erasure of much, for some seconds.
        found = await finder.find(journal, search, filters, limit=HITS_MAX)
        pairs = await _current(store, journal, found.hits)
    hits = _hits(pairs, search, set(query_words(search.query)))
    return SearchAnswer(
        hits=tuple(hits[: search.limit]),
        model=finder.model,
        mode=found.mode,
        degraded=found.degraded,
        pending=pending,
    )


async def similar_entries(
    store: Store, finder: Finder, principal: Principal, journal: str, entry_id: UUID, *, limit: int
) -> SearchAnswer:
    """The other entries of the journal that are nearest in meaning, each by its nearest passage.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        EntryNotFound: there is none in this journal.
        EntryNotIndexed: it is there, but nothing of its present revision is in the index.
        SearchUnavailable: see `Finder.similar`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        entry = await entries.get(connection, journal, entry_id)
        if entry is None:
            raise await missing(connection, journal, entry_id)
        pending = await enrichments.count_unindexed(connection, journal)
    asked = min(HITS_MAX, limit + _SPARE_HITS)
    found = await finder.similar(journal, entry_id, entry.revision, SearchFilters(), limit=asked)
    if found is None:
        raise EntryNotIndexed(entry_id, entry.revision)
    pairs = await _current(store, journal, found)
    hits = tuple(_hit(hit, other, hit.score, ()) for hit, other in pairs[:limit])
    return SearchAnswer(hits=hits, model=finder.model, mode="dense", pending=pending)


async def _filters(connection: Connection, journal: str, search: SearchQuery) -> SearchFilters:
    """Moods are known to PostgreSQL alone, and change without the entry: there they are looked up, for each search."""
    filters = SearchFilters(search.written_from, search.written_to, search.tags)
    if not await journals.exists(connection, journal):
        raise JournalNotFound(journal)
    if not search.moods and search.valence_from is None and search.valence_to is None:
        return filters
    chosen = MoodFilter(
        written_from=search.written_from,
        written_to=search.written_to,
        tags=search.tags,
        labels=search.moods,
        valence_from=search.valence_from,
        valence_to=search.valence_to,
    )
    return replace(filters, entry_ids=tuple(await entries.find_by_mood(connection, journal, chosen)))


async def _current(store: Store, journal: str, hits: Sequence[EntryHit]) -> list[tuple[EntryHit, Entry]]:
    """The hits whose entry still is what was indexed, each with it."""
    if not hits:
        return []
    async with store.connection() as connection:
        known = await entries.get_many(connection, journal, [hit.entry_id for hit in hits])
    return [
        (hit, entry)
        for hit in hits
        if (entry := known.get(hit.entry_id)) is not None and entry.revision == hit.revision
    ]


def _hits(pairs: Sequence[tuple[EntryHit, Entry]], search: SearchQuery, wanted: Collection[str]) -> list[SearchHit]:
    if search.recency is None:
        return [_hit(hit, entry, hit.score, wanted) for hit, entry in pairs[: search.limit]]
    now = datetime.now(UTC)
    boosted: list[tuple[float, float, EntryHit, Entry]] = []
    for hit, entry in pairs:
        factor = recency_factor(search.recency, entry.written_at, now)
        # Multiplied, a score below zero would rise with age.
        boosted.append((max(0.0, hit.score) * factor, factor, hit, entry))
    boosted.sort(key=lambda one: one[0], reverse=True)
    return [_hit(hit, entry, score, wanted, recency=factor) for score, factor, hit, entry in boosted[: search.limit]]


def _hit(
    hit: EntryHit, entry: Entry, score: float, wanted: Collection[str], *, recency: float | None = None
) -> SearchHit:
    shown = excerpt(entry.body, hit.start_char, hit.end_char, wanted)
    return SearchHit(
        entry_id=entry.id,
        revision=entry.revision,
        written_at=entry.written_at,
        tags=entry.tags,
        score=max(-1.0, min(1.0, score)),
        scores=SignalScores(dense=hit.dense, lexical=hit.bm25, recency=recency),
        snippet=shown.text,
        passage=Span(start=shown.start, end=shown.end),
        highlights=shown.highlights,
    )
