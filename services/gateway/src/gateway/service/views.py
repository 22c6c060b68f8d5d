"""Entries as the API shows them."""

from collections.abc import Sequence

from contracts.enrichments import EnrichmentView
from contracts.entries import EntryView
from gateway.db import enrichments
from gateway.db.store import Connection
from gateway.domain.entries import Enrichment, Entry


def view_of(entry: Entry, found: Sequence[Enrichment]) -> EntryView:
    return EntryView(
        id=entry.id,
        journal=entry.journal,
        revision=entry.revision,
        body=entry.body,
        written_at=entry.written_at,
        tags=entry.tags,
        metadata=entry.metadata,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        own_mood=entry.own_mood,
        enrichments={
            enrichment.kind: EnrichmentView(
                state=enrichment.state,
                revision=enrichment.revision,
                result=enrichment.result,
                reason=enrichment.reason,
                updated_at=enrichment.updated_at,
            )
            for enrichment in found
        },
    )


async def views_of(connection: Connection, entries: Sequence[Entry]) -> tuple[EntryView, ...]:
    """In the same order, each with its enrichments as they are now."""
    found = await enrichments.list_by_entry(connection, [entry.id for entry in entries])
    return tuple(view_of(entry, found[entry.id]) for entry in entries)
