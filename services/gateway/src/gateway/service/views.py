"""Entries as the API shows them."""

from collections.abc import Sequence

from contracts.enrichments import EnrichmentResult, EnrichmentView, MoodResult
from contracts.entries import EntryView
from contracts.journals import JournalSettings
from gateway.db import enrichments, journals
from gateway.db.store import Connection
from gateway.domain.entries import Enrichment, Entry
from gateway.service.care import Care, default_care, view_of_mark


def view_of(
    entry: Entry, found: Sequence[Enrichment], care: Care | None = None, settings: JournalSettings | None = None
) -> EntryView:
    """`settings` say whose text a marked entry is shown with; for others they are not needed."""
    shown_care = view_of_mark(care or default_care(), entry.care, settings)
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
        care=shown_care,
        enrichments={
            enrichment.kind: EnrichmentView(
                state=enrichment.state,
                revision=enrichment.revision,
                result=enrichment.result if shown_care is None else _without_prose(enrichment.result),
                reason=enrichment.reason,
                updated_at=enrichment.updated_at,
            )
            for enrichment in found
        },
    )


def _without_prose(result: EnrichmentResult | None) -> EnrichmentResult | None:
    """Labels and numbers stay; a model's sentence about what somebody wrote of suicide is shown to nobody."""
    return result.model_copy(update={"rationale": ""}) if isinstance(result, MoodResult) else result


async def views_of(connection: Connection, entries: Sequence[Entry], care: Care | None = None) -> tuple[EntryView, ...]:
    """In the same order, each with its enrichments as they are now."""
    found = await enrichments.list_by_entry(connection, [entry.id for entry in entries])
    settings = await settings_for_care(connection, entries)
    return tuple(view_of(entry, found[entry.id], care, settings) for entry in entries)


async def settings_for_care(connection: Connection, entries: Sequence[Entry]) -> JournalSettings | None:
    """The settings of the one journal that `entries` are of, where any of them is marked."""
    marked = next((entry for entry in entries if entry.care is not None), None)
    return None if marked is None else await journals.get_settings(connection, marked.journal)
