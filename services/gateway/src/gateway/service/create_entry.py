"""Creating an entry, once, however often the request arrives."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from contracts.entries import EntryDraft, EntryView
from contracts.events import EntryCreated, EntryRef
from contracts.identifiers import new_id
from gateway.db import enrichments, entries, idempotency, journals, outbox
from gateway.db.entries import Content
from gateway.db.idempotency import IdempotencyKey, IdempotencyRecord
from gateway.db.store import Connection, Store
from gateway.domain.entries import KINDS
from gateway.domain.errors import (
    EntryNotFound,
    IdempotencyInFlight,
    IdempotencyKeyInvalid,
    IdempotencyMismatch,
    JournalNotFound,
)
from gateway.domain.principals import Principal
from gateway.service.care import Care, default_care, mark_text
from gateway.service.reflect import order_reflection
from gateway.service.views import view_of, views_of

IDEMPOTENCY_KEY_MAX_CHARS = 255


@dataclass(frozen=True)
class Created:
    entry: EntryView
    #: The entry was there already, made by an earlier request with the same idempotency key.
    replayed: bool


async def create_entry(
    store: Store,
    principal: Principal,
    journal: str,
    draft: EntryDraft,
    *,
    idempotency_key: str | None = None,
    care: Care | None = None,
) -> Created:
    """The new entry at revision 1; or, for a repeated request, the entry that it made, as it is now.

    Raises:
        JournalNotFound, ScopeMissing: see `Principal.require`; also where nobody has made the journal.
        IdempotencyKeyInvalid: it is empty, too long, or not printable ASCII.
        IdempotencyInFlight: the first request with this key is being worked on at this moment.
        IdempotencyMismatch: the key came with another request before.
        StoreUnavailable: PostgreSQL is away.
    """
    principal.require(journal, "write")
    care = care or default_care()
    mark = await mark_text(care, draft.body, draft.tags, draft.mood)
    content = Content(draft.body, draft.written_at or datetime.now(UTC), draft.tags, draft.metadata, draft.mood, mark)
    if idempotency_key is None:
        async with store.transaction() as connection:
            return await _create(connection, journal, content, care)
    key = _idempotency_key(principal, journal, idempotency_key)
    request_hash = _hash_of(draft)
    async with store.transaction() as connection:
        if not await idempotency.try_lock(connection, key):
            raise IdempotencyInFlight
        record = await idempotency.get(connection, key)
        if record is not None:
            return await _replay(connection, journal, record, request_hash, care)
        created = await _create(connection, journal, content, care)
        await idempotency.insert(connection, key, IdempotencyRecord(request_hash, created.entry.id))
        return created


async def _create(connection: Connection, journal: str, content: Content, care: Care) -> Created:
    entry = await entries.insert(connection, new_id(), journal, content)
    if entry is None:
        raise JournalNotFound(journal)
    pending = await enrichments.await_all(connection, [(entry.id, entry.revision)], KINDS)
    event = EntryCreated(data=EntryRef(journal=journal, entry_id=entry.id, revision=entry.revision))
    await outbox.insert(connection, event)
    settings = await journals.get_settings(connection, journal)
    if settings is not None and settings.reflect == "always":
        await order_reflection(connection, entry, interactive=False, care=care)
    return Created(view_of(entry, pending, care, settings), replayed=False)


async def _replay(
    connection: Connection, journal: str, record: IdempotencyRecord, request_hash: bytes, care: Care
) -> Created:
    if record.request_hash != request_hash:
        raise IdempotencyMismatch
    entry = await entries.get(connection, journal, record.entry_id)
    if entry is None:  # Erased since the record was read: the record is gone with it by now.
        raise EntryNotFound(record.entry_id)
    (view,) = await views_of(connection, [entry], care)
    return Created(view, replayed=True)


def _idempotency_key(principal: Principal, journal: str, chosen: str) -> IdempotencyKey:
    if not 1 <= len(chosen) <= IDEMPOTENCY_KEY_MAX_CHARS or not chosen.isascii() or not chosen.isprintable():
        raise IdempotencyKeyInvalid(IDEMPOTENCY_KEY_MAX_CHARS)
    return IdempotencyKey(principal.key_id, journal, sha256(chosen.encode()).digest())


def _hash_of(draft: EntryDraft) -> bytes:
    """Equal for equal requests, whatever the order of keys and the spacing of their JSON.

    What a field that came later leaves out is not hashed: a request that was stored before it came must match still.
    """
    absent = {"mood"} if draft.mood is None else None
    return sha256(json.dumps(draft.model_dump(mode="json", exclude=absent), sort_keys=True).encode()).digest()
