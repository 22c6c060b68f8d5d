"""The gateway's use cases over a database of the test's own, and what the database holds."""

from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from contracts.api import RecordEnrichment
from contracts.entries import EntryDraft
from contracts.events import DomainEvent, parse_event
from contracts.search import SearchQuery
from entry_index import EntryHit, SearchFilters
from gateway.context import Context
from gateway.db.store import Store
from gateway.domain.principals import Principal
from gateway.service.finder import Found
from gateway.service.keys import ensure_key, mint_key


@dataclass(frozen=True)
class Holder:
    """A key and whose it is."""

    key: str
    principal: Principal

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass
class FixedFinder:
    """Finds the same hits whatever the question."""

    hits: list[EntryHit] = field(default_factory=list)
    model: str = "test-model"

    async def find(self, journal: str, search: SearchQuery, filters: SearchFilters, *, limit: int) -> Found:
        return Found(self.hits[:limit], "dense")

    async def similar(
        self, journal: str, entry_id: UUID, revision: int, filters: SearchFilters, *, limit: int
    ) -> list[EntryHit] | None:
        return self.hits[:limit] or None


async def holder(store: Store, *scopes: str, journals: tuple[str, ...] = ("*",)) -> Holder:
    key = mint_key()
    return Holder(key, await ensure_key(store, key, name="test", scopes=scopes, journals=journals))


def draft(body: str = "Rain all day.", **fields: object) -> EntryDraft:
    return EntryDraft.model_validate({"body": body, **fields})


def report(
    journal: str, entry_id: UUID, revision: int = 1, *, dimension: int = 8, **fields: object
) -> RecordEnrichment:
    """Of an embedding; a failure where `reason` is given."""
    result = {"kind": "embedding", "dimension": dimension, "chunks": 1, "provenance": {"model": "m"}}
    outcome = fields if "reason" in fields else {"result": result}
    return RecordEnrichment.model_validate(
        {"journal": journal, "entry_id": entry_id, "revision": revision, "kind": "embedding", **outcome}
    )


def context_over(store: Store, finder: FixedFinder | None = None) -> Context:
    return Context(
        store=store,
        finder=finder or FixedFinder(),
        probes=(),
        version="0",
        asyncapi=lambda: b"{}",
        request_max_bytes=1024 * 1024,
    )


async def pending_events(store: Store) -> list[DomainEvent]:
    """What waits in the outbox, oldest first."""
    async with store.connection() as connection:
        rows = await connection.fetch("SELECT event FROM outbox ORDER BY position")
    return [parse_event(row["event"]) for row in rows]


async def tables_holding(url: str, words: str) -> list[str]:
    """Names of the tables in which a row has `words` in any column."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = []
        for (table,) in tables:
            if await connection.fetchval(f"SELECT count(*) FROM {table} AS r WHERE strpos(r::text, $1) > 0", words):
                found.append(table)
        return found
    finally:
        await connection.close()
