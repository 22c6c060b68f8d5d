"""The commands that look into the index itself: `gateway switch-index | prune`. Each may run again."""

from argparse import Namespace
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog

from entry_index import EntryIndex, EntryIndexError, IndexConfig
from gateway.command_failures import CommandFailed
from gateway.db.store import Store
from gateway.recovery import Teller
from gateway.service.prune_index import prune_index
from gateway.service.switch_index import IndexIncomplete, NothingGathered, switch_index
from gateway.settings import Settings

#: A scroll over all points reads a hundred of them from disk.
_INDEX_TIMEOUT_S = 30.0

log = structlog.get_logger()


async def run_switch_index(settings: Settings, options: Namespace) -> None:
    async with _store_and_index(settings) as (store, index):
        embedded = await switch_index(store, index, options.model or settings.embedding_model)
        log.info("index.switched", passages=embedded.passages, entries_failed=embedded.entries_failed)


async def run_prune(settings: Settings, _options: Namespace) -> None:
    async with _store_and_index(settings) as (store, index):
        teller, found = Teller(), None
        async for found in prune_index(store, index):
            teller.tell("prune.seen", revisions=found.seen)
        if found is None:
            log.info("prune.done", unknown=0, newer=0)
        else:
            log.info("prune.done", unknown=found.unknown, newer=found.newer)


@asynccontextmanager
async def _store_and_index(settings: Settings) -> AsyncGenerator[tuple[Store, EntryIndex]]:
    """Raises CommandFailed with what the index, or who looks after it, says of a failure inside the block."""
    async with Store(settings.database_url.get_secret_value()) as store, EntryIndex(_index_config(settings)) as index:
        try:
            yield store, index
        except (NothingGathered, IndexIncomplete, EntryIndexError) as refusal:
            raise CommandFailed(str(refusal)) from refusal


def _index_config(settings: Settings) -> IndexConfig:
    key = settings.qdrant_api_key
    return IndexConfig(settings.qdrant_url, _INDEX_TIMEOUT_S, api_key=key.get_secret_value() if key else None)
