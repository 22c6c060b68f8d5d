"""The NATS API: the same use cases as over HTTP, by request and reply.

These are core NATS subscriptions: there is nothing to acknowledge, the reply is the acknowledgement. No subscriber here
reads JetStream; one that does must say its `ack_policy`, since the default discards a message whose handler raised.
"""

from collections.abc import Callable
from functools import partial
from typing import Annotated

from faststream import Header
from faststream.nats import NatsBroker

from contracts import subjects
from contracts.api import (
    IDEMPOTENCY_KEY_HEADER,
    CreateEntry,
    FindSimilar,
    GetEntry,
    RecordEnrichment,
    RecordReply,
    Search,
)
from contracts.entries import EntryView
from contracts.events import EVENT_TYPES
from contracts.search import SearchAnswer
from gateway.context import Context
from gateway.messaging.evidence import add_evidence
from gateway.messaging.headers import Authorization
from gateway.messaging.moods import add_moods
from gateway.messaging.nats_link import CONNECT_OPTIONS, log_error
from gateway.messaging.reflections import add_reflections
from gateway.messaging.replies import TypedReplies, decode
from gateway.messaging.reports import add_reports
from gateway.service import create_entry as creating
from gateway.service import enrich, keys, read_entries, search

IdempotencyKey = Annotated[str | None, Header(IDEMPOTENCY_KEY_HEADER, default=None)]


def create_broker(url: str, context: Callable[[], Context], *, workers: int = 16, grace_s: float = 20.0) -> NatsBroker:
    """The broker with every subject of the API, not started. `context` is asked for at each request."""

    async def authenticate(authorization: str | None) -> object:
        return await keys.authenticate(context().store, authorization)

    broker = NatsBroker(
        url,
        name="daybook-gateway-api",
        middlewares=[partial(TypedReplies, authenticate=authenticate)],
        decoder=decode,
        graceful_timeout=grace_s,
        # It would log each message's arrival and end: `TypedReplies` writes one line instead.
        logger=None,
        error_cb=log_error,
        **CONNECT_OPTIONS,
    )
    _add_entries(broker, context, workers)
    _add_search(broker, context, workers)
    _add_enrichments(broker, context, workers)
    add_reflections(broker, context, workers)
    add_reports(broker, context, workers)
    add_evidence(broker, context, workers)
    add_moods(broker, context, workers)
    # The relay publishes these, from the outbox. They are declared here to be in the AsyncAPI document.
    for event in EVENT_TYPES:
        name = event.model_fields["type"].default
        broker.publisher(subjects.event_subject(name), schema=event, title=name)
    return broker


def _add_entries(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(subjects.ENTRIES_CREATE, subjects.API_QUEUE_GROUP, max_workers=workers, title="entries.create")
    async def create_entry(
        request: CreateEntry, authorization: Authorization, idempotency_key: IdempotencyKey
    ) -> EntryView:
        """Create an entry. Scope `write`."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        created = await creating.create_entry(
            opened.store,
            principal,
            request.journal,
            request.entry,
            idempotency_key=idempotency_key,
            care=opened.care,
        )
        return created.entry

    @broker.subscriber(subjects.ENTRIES_GET, subjects.API_QUEUE_GROUP, max_workers=workers, title="entries.get")
    async def get_entry(request: GetEntry, authorization: Authorization) -> EntryView:
        """The entry as it is now. Scope `read` or `enrich`. With `for_model`, `care` is what is recognised now."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        return await read_entries.get_entry(
            opened.store,
            principal,
            request.journal,
            request.entry_id,
            care=opened.care,
            for_model=request.for_model,
        )


def _add_search(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(subjects.SEARCH, subjects.API_QUEUE_GROUP, max_workers=workers, title="search")
    async def search_entries(request: Search, authorization: Authorization) -> SearchAnswer:
        """The entries of a journal that fit best, by meaning and by words. Scope `read`."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        return await search.search_entries(opened.store, opened.finder, principal, request.journal, request.search)

    @broker.subscriber(subjects.ENTRIES_SIMILAR, subjects.API_QUEUE_GROUP, max_workers=workers, title="entries.similar")
    async def find_similar(request: FindSimilar, authorization: Authorization) -> SearchAnswer:
        """The other entries of a journal that are nearest in meaning to one of them. Scope `read`."""
        opened = context()
        principal = await keys.authenticate(opened.store, authorization)
        return await search.similar_entries(
            opened.store, opened.finder, principal, request.journal, request.entry_id, limit=request.limit
        )


def _add_enrichments(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(
        subjects.ENRICHMENTS_RECORD, subjects.API_QUEUE_GROUP, max_workers=workers, title="enrichments.record"
    )
    async def record_enrichment(request: RecordEnrichment, authorization: Authorization) -> RecordReply:
        """Store what a worker made of an entry, or why it could not. Scope `enrich`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await enrich.record_enrichment(store, principal, request)
