"""Searching a journal by meaning: the index finds, PostgreSQL has the words."""

from typing import Protocol

from contracts.search import SearchAnswer, SearchHit, SearchQuery
from entry_index import EntryHit
from gateway.db import entries, journals
from gateway.db.store import Store
from gateway.domain.errors import JournalNotFound
from gateway.domain.principals import Principal
from gateway.service.snippets import snippet


class Finder(Protocol):
    """What searching needs of a model and an index."""

    @property
    def model(self) -> str: ...

    async def find(self, journal: str, search: SearchQuery) -> list[EntryHit]:
        """The best entries of `journal` first.

        Raises:
            ModelUnavailable: the query could not be embedded.
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
        ModelUnavailable, SearchUnavailable: see `Finder.find`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "read")
    async with store.connection() as connection:
        if not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
    # No connection is held while the model thinks.
    hits = await finder.find(journal, search)
    async with store.connection() as connection:
        found = await entries.get_many(connection, journal, [hit.entry_id for hit in hits])
    shown = [
        SearchHit(
            entry_id=entry.id,
            revision=entry.revision,
            written_at=entry.written_at,
            tags=entry.tags,
            score=max(-1.0, min(1.0, hit.score)),
            snippet=snippet(entry.body, hit.start_char, hit.end_char),
        )
        for hit in hits
        if (entry := found.get(hit.entry_id)) is not None and entry.revision == hit.revision
    ]
    return SearchAnswer(hits=tuple(shown), model=finder.model)
