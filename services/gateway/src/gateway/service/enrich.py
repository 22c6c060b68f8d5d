"""Enrichments: recording what workers made, and asking for it again."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from contracts.api import RecordEnrichment, RecordReply
from contracts.enrichments import EnrichmentKind
from contracts.entries import EntryView
from contracts.events import (
    DomainEvent,
    EnrichmentFailed,
    EnrichmentFailure,
    EnrichmentOrder,
    EnrichmentRef,
    EnrichmentRequested,
    EntryEnriched,
)
from gateway.db import enrichments, entries, journals, outbox, reports
from gateway.db.store import Connection, Store
from gateway.domain.entries import KINDS, Entry
from gateway.domain.errors import JournalNotFound
from gateway.domain.principals import Principal
from gateway.metrics import count_recorded
from gateway.service.care import Care, default_care, mark_text, view_of_mark
from gateway.service.read_entries import missing
from gateway.service.reflect import withhold_begun
from gateway.service.request_report import renew_reports
from gateway.service.views import settings_for_care, views_of

_BATCH = 500
#: Entries whose texts are held at the same time.
_TEXTS = 20
_BEFORE_ALL = UUID(int=0)


async def record_enrichment(store: Store, principal: Principal, report: RecordEnrichment) -> RecordReply:
    """Store a worker's result or failure. A report that changes nothing is answered like the first, and told to nobody.

    A late failure does not take back a result of the same revision.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(report.journal, "enrich")
    outcome = report.result or report.reason
    assert outcome is not None, "a report without either is refused before"
    async with store.transaction() as connection:
        revision = await entries.share_revision(connection, report.journal, report.entry_id)
        if revision is None:
            return RecordReply(outcome="entry_gone")
        if revision != report.revision:
            return RecordReply(outcome="stale_revision")
        recorded = await enrichments.record(connection, report.entry_id, report.kind, revision, outcome)
        if recorded:
            await outbox.insert(connection, _event_of(report))
    if recorded:
        count_recorded(report.kind, recorded.waited_s, report.reason)
    return RecordReply(outcome="recorded")


async def reprocess_entry(
    store: Store,
    principal: Principal,
    journal: str,
    entry_id: UUID,
    kinds: Sequence[EnrichmentKind] = KINDS,
    *,
    care: Care | None = None,
) -> EntryView:
    """Have the kinds made again: the entry, with these pending, and examined anew unless care is off.

    Where it is marked only now, every report that was made of it starts over.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        EntryNotFound: there is none in this journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write")
    care = care or default_care()
    async with store.transaction() as connection:
        entry = await entries.lock(connection, journal, entry_id)
        if entry is None:
            raise await missing(connection, journal, entry_id)
        await enrichments.await_all(connection, [(entry_id, entry.revision)], kinds)
        await outbox.insert(connection, order(journal, entry_id, entry.revision, kinds))
        examined = await _examine(connection, care, entry)
        if _is_new(examined, entry):
            await renew_reports(connection, await reports.renew_made_of(connection, [entry_id]))
        (view,) = await views_of(connection, [examined], care)
    return view


async def reprocess_journal(
    store: Store,
    principal: Principal,
    journal: str,
    kinds: Sequence[EnrichmentKind] = KINDS,
    *,
    care: Care | None = None,
) -> int:
    """Have the kinds made again for every entry, in transactions of a few hundred: the number of entries.

    Each is examined anew unless care is off, as by `reprocess_entry`.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        StoreUnavailable: PostgreSQL is away; what was ordered before stays ordered.
    """
    principal.require(journal, "write")
    care = care or default_care()
    async with store.connection() as connection:
        if not await journals.exists(connection, journal):
            raise JournalNotFound(journal)
    ordered, after = 0, _BEFORE_ALL
    while True:
        async with store.transaction() as connection:
            revisions = await entries.list_revisions(connection, journal, after=after, limit=_BATCH)
            if not revisions:
                return ordered
            await enrichments.await_all(connection, revisions, kinds)
            events = [order(journal, entry_id, revision, kinds) for entry_id, revision in revisions]
            await outbox.insert(connection, *events)
            marked: list[UUID] = []
            for number in range(0, len(revisions), _TEXTS):
                some = [entry_id for entry_id, _ in revisions[number : number + _TEXTS]]
                found = (await entries.get_many(connection, journal, some)).values()
                marked += [entry.id for entry in found if _is_new(await _examine(connection, care, entry), entry)]
            # All at once, which locks them in one order: who erases an entry may be at the same reports.
            await renew_reports(connection, await reports.renew_made_of(connection, marked))
        ordered += len(revisions)
        after = revisions[-1][0]


async def _examine(connection: Connection, care: Care, entry: Entry) -> Entry:
    """The entry, locked before, with the mark that it has now. What is being written of it is withheld."""
    if not care.is_on:
        return entry
    mark = await mark_text(care, entry.body, entry.tags, entry.own_mood)
    await entries.mark(connection, entry.id, mark)
    examined = replace(entry, care=mark)
    instead = view_of_mark(care, mark, await settings_for_care(connection, [examined]))
    if instead is not None:
        await withhold_begun(connection, examined, instead.text)
    return examined


def _is_new(examined: Entry, before: Entry) -> bool:
    """Whether it was marked only now: reports that were made of it were made of its words."""
    return before.care is None and examined.care is not None


def order(journal: str, entry_id: UUID, revision: int, kinds: Sequence[EnrichmentKind]) -> EnrichmentRequested:
    return EnrichmentRequested(
        data=EnrichmentOrder(journal=journal, entry_id=entry_id, revision=revision, kinds=tuple(kinds))
    )


def _event_of(report: RecordEnrichment) -> DomainEvent:
    ref = EnrichmentRef(journal=report.journal, entry_id=report.entry_id, revision=report.revision, kind=report.kind)
    if report.reason is None:
        return EntryEnriched(data=ref)
    return EnrichmentFailed(data=EnrichmentFailure(**ref.model_dump(), reason=report.reason))
