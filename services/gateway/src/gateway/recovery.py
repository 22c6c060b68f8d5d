"""The commands for what was lost: `gateway reindex | prune | erase-again`. Each may run again, beside all services."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from contracts.enrichments import EnrichmentKind
from entry_index import EntryIndex, IndexConfig
from gateway.db.store import Store
from gateway.domain.entries import KINDS
from gateway.messaging.event_log import JetStreamEventLog
from gateway.messaging.nats_link import NatsLink
from gateway.service.erase_again import ERASURES, erase_again
from gateway.service.prune_index import prune_index
from gateway.service.reindex import Reindexing, clock, reindex, until_made
from gateway.settings import Settings

_CONNECT_S = 5.0
#: A scroll over all points reads a hundred of them from disk.
_INDEX_TIMEOUT_S = 30.0
#: So often, and at the end, progress is told.
_TELL_EVERY_S = 5.0

log = structlog.get_logger()


class _Teller:
    """Tells progress now and then, not at each step."""

    def __init__(self) -> None:
        self._told_s = asyncio.get_running_loop().time()

    def tell(self, event: str, **numbers: object) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = now_s
            log.info(event, **numbers)


async def run_reindex(settings: Settings, options: Namespace) -> None:
    kinds: list[EnrichmentKind] = options.kinds
    async with Store(settings.database_url.get_secret_value()) as store:
        since: datetime = options.since or await clock(store)
        log.info("reindex.began", since=since.isoformat(), kinds=kinds)
        wanted = Reindexing(journals=options.journals or None, kinds=kinds, since=since, in_work_max=options.in_work)
        teller, ordered = _Teller(), 0
        async for ordered in reindex(store, wanted):
            teller.tell("reindex.ordered", entries=ordered)
        log.info("reindex.all_ordered", entries=ordered)
        if options.wait:
            async for pending in until_made(store, kinds):
                teller.tell("reindex.pending", enrichments=pending)
            log.info("reindex.done", entries=ordered)


async def run_prune(settings: Settings, _options: Namespace) -> None:
    key = settings.qdrant_api_key
    config = IndexConfig(settings.qdrant_url, _INDEX_TIMEOUT_S, api_key=key.get_secret_value() if key else None)
    async with Store(settings.database_url.get_secret_value()) as store, EntryIndex(config) as index:
        teller, found = _Teller(), None
        async for found in prune_index(store, index):
            teller.tell("prune.seen", revisions=found.seen)
        if found is None:
            log.info("prune.done", unknown=0, newer=0)
        else:
            log.info("prune.done", unknown=found.unknown, newer=found.newer)


async def run_erase_again(settings: Settings, _options: Namespace) -> None:
    async with (
        Store(settings.database_url.get_secret_value()) as store,
        _event_log(settings.nats_url.get_secret_value()) as events,
    ):
        bounds = await events.bounds()
        erased = await erase_again(store, _erasures(events, bounds.last))
        log.info("erase_again.done", entries=erased.entries, journals=erased.journals)


@asynccontextmanager
async def _event_log(url: str) -> AsyncGenerator[JetStreamEventLog]:
    connected = asyncio.Event()
    link = NatsLink(url, name="daybook-gateway-erase-again")
    link.on_connected(connected.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(link.run())
        try:
            async with asyncio.timeout(_CONNECT_S):
                await connected.wait()
            yield JetStreamEventLog(link)
        finally:
            running.cancel()


async def _erasures(events: JetStreamEventLog, through: int) -> AsyncGenerator[str]:
    if through == 0:
        return
    async for event in events.read(0, through):
        if event.type in ERASURES:
            yield event.body


def kinds_of(text: str) -> list[EnrichmentKind]:
    """Raises ValueError."""
    chosen: list[EnrichmentKind] = [kind for kind in KINDS if kind in text.split(",")]
    if len(chosen) != len(text.split(",")):
        raise ValueError(text)
    return chosen
