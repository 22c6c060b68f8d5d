"""Searching a journal: the index finds, PostgreSQL has the words."""

from typing import Protocol

from contracts.search import SearchAnswer, SearchHit, SearchQuery, SignalScores
from entry_index import SearchFilters
from gateway.db import entries, journals
from gateway.db.store import Store
from gateway.domain.errors import JournalNotFound
from gateway.domain.principals import Principal
from gateway.service.finder import Found
from gateway.service.snippets import snippet

#: The index is asked for no more.
HITS_MAX = 100
#: Asked for beyond the limit, so that what the index does not know yet to be erased or revised leaves no gap.
_SPARE_HITS = 20


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
        if not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
    # No connection is held while the model thinks.
    filters = SearchFilters(search.written_from, search.written_to, search.tags)
    found = await finder.find(journal, search, filters, limit=min(HITS_MAX, search.limit + _SPARE_HITS))
    async with store.connection() as connection:
        known = await entries.get_many(connection, journal, [hit.entry_id for hit in found.hits])
    shown = [
        SearchHit(
            entry_id=entry.id,
            revision=entry.revision,
            written_at=entry.written_at,
            tags=entry.tags,
            score=max(-1.0, min(1.0, hit.score)),
            scores=SignalScores(dense=hit.dense, lexical=hit.bm25),
            snippet=snippet(entry.body, hit.start_char, hit.end_char),
        )
        for hit in found.hits
        if (entry := known.get(hit.entry_id)) is not None and entry.revision == hit.revision
    ]
    return SearchAnswer(hits=tuple(shown[: search.limit]), model=finder.model, mode=found.mode, degraded=found.degraded)
