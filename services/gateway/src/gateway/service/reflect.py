"""Reflections: asking for one, and what workers begin and report."""

from uuid import UUID

from contracts.api import BeginReflection, BeginReply, RecordReflection, ReflectionReply
from contracts.events import (
    DomainEvent,
    ReflectionCompleted,
    ReflectionFailed,
    ReflectionFailure,
    ReflectionOrder,
    ReflectionRef,
    ReflectionRequested,
)
from contracts.reflections import ReflectionView
from gateway.db import entries, journals, outbox, reflections
from gateway.db.store import Connection, Store
from gateway.domain.entries import Entry
from gateway.domain.principals import Principal
from gateway.domain.reflections import Reflection
from gateway.metrics import count_recorded
from gateway.service.care import Care, care_instead_of_reflection, default_care
from gateway.service.read_entries import missing
from gateway.service.read_reflections import reflection_view
from gateway.service.views import view_of


async def request_reflection(
    store: Store, principal: Principal, journal: str, entry_id: UUID, *, care: Care | None = None
) -> ReflectionView:
    """A new version, pending; or the one that is pending already; or one that is withheld (docs/care.md).

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        EntryNotFound: there is none in this journal.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write")
    async with store.transaction() as connection:
        entry = await entries.lock(connection, journal, entry_id)
        if entry is None:
            raise await missing(connection, journal, entry_id)
        reflection = await order_reflection(connection, entry, interactive=True, care=care)
    return reflection_view(journal, reflection)


async def order_reflection(
    connection: Connection, entry: Entry, *, interactive: bool, care: Care | None = None
) -> Reflection:
    """In the caller's transaction, which holds the entry's lock or has just made the entry."""
    settings = await journals.get_settings(connection, entry.journal)
    instead = await care_instead_of_reflection(care or default_care(), entry, settings)
    notice = None if instead is None else instead.text
    reflection = await reflections.insert(connection, entry.id, entry.revision, interactive=interactive, notice=notice)
    if reflection is None:
        pending = await reflections.get_pending(connection, entry.id)
        assert pending is not None, "only a pending one keeps a new one out, and the entry is locked"
        return await _hasten(connection, entry.journal, pending) if interactive else pending
    if notice is None:
        await outbox.insert(connection, order_of(entry.journal, reflection))
    return reflection


async def begin_reflection(
    store: Store, principal: Principal, request: BeginReflection, *, care: Care | None = None
) -> BeginReply:
    """The entry as it is now, which is what the reflection will speak of; or why there is nothing to write.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(request.journal, "enrich")
    async with store.transaction() as connection:
        entry = await entries.lock(connection, request.journal, request.entry_id)
        if entry is None:
            return BeginReply(outcome="entry_gone")
        if await reflections.begin(connection, entry.id, request.version, entry.revision) is None:
            return BeginReply(outcome="settled")
        settings = await journals.get_settings(connection, request.journal)
        assert settings is not None, "an entry has a journal"
        # The entry may have been replaced since it was asked for.
        instead = await care_instead_of_reflection(care or default_care(), entry, settings)
        if instead is not None:
            await _withhold(connection, entry, request.version, instead.text)
            return BeginReply(outcome="settled")
    return BeginReply(outcome="begin", entry=view_of(entry, ()), related_entries=settings.related_entries)


async def withhold_begun(connection: Connection, entry: Entry, notice: str) -> None:
    """What a worker is writing of a revision that is marked is settled before it comes. Lock the entry before."""
    pending = await reflections.get_pending(connection, entry.id)
    if pending is not None and pending.is_begun and pending.revision == entry.revision:
        await _withhold(connection, entry, pending.version, notice)


async def record_reflection(store: Store, principal: Principal, report: RecordReflection) -> ReflectionReply:
    """Store what a worker wrote, or why it could not. A report that changes nothing is told to nobody.

    A reflection of an older revision is kept, and says so: the entry has moved on since, its reader's words have not.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(report.journal, "enrich")
    outcome = report.result or report.reason
    assert outcome is not None, "a report without either is refused before"
    async with store.transaction() as connection:
        if await entries.share_revision(connection, report.journal, report.entry_id) is None:
            return ReflectionReply(outcome="entry_gone")
        waited_s = await reflections.record(connection, report.entry_id, report.version, report.revision, outcome)
        if waited_s is None:
            return ReflectionReply(outcome="settled")
        await outbox.insert(connection, _event_of(report))
    count_recorded("reflection", waited_s, report.reason)
    return ReflectionReply(outcome="recorded")


async def _withhold(connection: Connection, entry: Entry, version: int, notice: str) -> None:
    await reflections.withhold(connection, entry.id, version, notice)
    ref = ReflectionRef(journal=entry.journal, entry_id=entry.id, revision=entry.revision, version=version)
    await outbox.insert(connection, ReflectionCompleted(data=ref))


async def _hasten(connection: Connection, journal: str, pending: Reflection) -> Reflection:
    """Ordered once more, ahead of what nobody waits for. Of the two tasks the later one finds it settled."""
    hastened = await reflections.hasten(connection, pending.entry_id, pending.version)
    # What a worker has in hand waits behind nothing: a second one would write it at the same time.
    if hastened is not None and not hastened.is_begun:
        await outbox.insert(connection, order_of(journal, hastened))
    return hastened or pending


def order_of(journal: str, reflection: Reflection) -> ReflectionRequested:
    return ReflectionRequested(
        data=ReflectionOrder(
            journal=journal,
            entry_id=reflection.entry_id,
            revision=reflection.revision,
            version=reflection.version,
            interactive=reflection.interactive,
        )
    )


def _event_of(report: RecordReflection) -> DomainEvent:
    ref = ReflectionRef(
        journal=report.journal, entry_id=report.entry_id, revision=report.revision, version=report.version
    )
    if report.reason is None:
        return ReflectionCompleted(data=ref)
    return ReflectionFailed(data=ReflectionFailure(**ref.model_dump(), reason=report.reason))
