"""Moods over NATS: the timeline for clients, pages of single moods for workers."""

from collections.abc import Callable

from faststream.nats import NatsBroker

from contracts import subjects
from contracts.api import ListMoods, PageMoods
from contracts.moods import TIMELINE_MAX_BUCKETS_OVER_NATS, MoodPage, MoodTimeline
from gateway.context import Context
from gateway.messaging.headers import Authorization
from gateway.service import keys, read_moods


def add_moods(broker: NatsBroker, context: Callable[[], Context], workers: int) -> None:
    @broker.subscriber(subjects.MOODS_LIST, subjects.API_QUEUE_GROUP, max_workers=workers, title="moods.list")
    async def list_moods(request: ListMoods, authorization: Authorization) -> MoodTimeline:
        """Moods over time in buckets, at most 1,000 of them. Scope `read`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await read_moods.read_timeline(
            store, principal, request.journal, request.timeline, buckets_max=TIMELINE_MAX_BUCKETS_OVER_NATS
        )

    @broker.subscriber(subjects.MOODS_PAGE, subjects.API_QUEUE_GROUP, max_workers=workers, title="moods.page")
    async def page_moods(request: PageMoods, authorization: Authorization) -> MoodPage:
        """The moods of single entries, without text, oldest first. Scope `enrich`."""
        store = context().store
        principal = await keys.authenticate(store, authorization)
        return await read_moods.page_moods(store, principal, request.journal, request.moods)
